/* SPDX-License-Identifier: MIT */
/* sockets: the socket files of a folder whose process was killed. */
#ifndef SOCKETS_H
#define SOCKETS_H

/* Remove every socket file of the folder that nobody listens on. */
void sockets_sweep(const char *folder);

#endif
