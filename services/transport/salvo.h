/* SPDX-License-Identifier: MIT */
/*
 * salvo: which datagrams of a burst leave in one send (UDP_SEGMENT): those to one place that are of one size, the last may be shorter.
 * Peers and trunks get many at once; to send one costs 3 us alone and 1 us so. To one place they leave in their order. Pure.
 *
 *   queue   | A 700 | B 500 | A 700 | A 450 | B 900 |      sends   A 700 700 450,  B 500,  B 900
 */
#ifndef SALVO_H
#define SALVO_H

#include "edge.h"

enum {
	SALVO_SIZE = 1200,   /* bytes: a larger one may not fit the way's MTU, and leaves alone */
	SALVO_BYTES = 60000, /* of one send */
};

struct salvo {
	uint32_t n;                         /* sends */
	uint8_t begin[WIRE_BURST + 1];      /* send k is order[begin[k]] to order[begin[k + 1] - 1] */
	uint8_t order[WIRE_BURST];          /* numbers of datagrams */
};

/*
 *   way, size   of each datagram
 *   n           how many, at most WIRE_BURST
 *   alone       the kernel does not take segments: a send each
 */
void salvo_plan(struct salvo *out, const struct edge_way *const way[], const uint32_t size[], uint32_t n, bool alone);

/* Did a send fail because the kernel, the interface or the way's MTU does not take segments? */
bool salvo_is_refused(int error);

#endif
