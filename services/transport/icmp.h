/* SPDX-License-Identifier: MIT */
/* icmp: errors that come back for datagrams we sent, 18.4. */
#ifndef ICMP_H
#define ICMP_H

#include "edge.h"

/* Empty the error queue of a socket. A quoted request of ours names its transaction in its first line after the start
 * line, so no record of what was sent is needed. */
void icmp_read(struct edge *edge, int fd);

#endif
