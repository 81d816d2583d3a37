/* SPDX-License-Identifier: MIT */
/* bind: the sockets of one listening address. */
#ifndef BIND_H
#define BIND_H

#include "edge.h"

/* Open and watch them; port 0 becomes the one the kernel chose. 0, RT_CONFIG or RT_DOWN after logging why */
RT_MUSTUSE
int bind_listener(struct edge *edge, int number);
void bind_close(struct edge_listener *l);

#endif
