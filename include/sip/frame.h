/* SPDX-License-Identifier: MIT */
/* frame: one message after another, cut off a stream. */
#ifndef SIP_FRAME_H
#define SIP_FRAME_H

#include "rt/err.h"
#include "rt/slice.h"

struct sip_frame {       /* where the scan of one connection stands; zero it for a new connection */
	uint32_t scanned; /* bytes of `in` already searched for the end of the head */
	uint32_t head_n;  /* bytes of the head once found, else 0 */
	uint32_t body_n;  /* Content-Length once the head was found */
};

/*
 * Cut one message off the front of a stream.
 *
 *   f     the scan's state; carried from call to call while RT_MORE, reset by the cut
 *   in    bytes received so far on one connection; borrowed
 *   out   the message: start line through body, without leading CRLF; present and empty when only
 *         keep-alive was consumed (then *ping is the number of CRLFCRLF pings seen)
 *   used  bytes to drop from the front of `in`, keep-alive CRLFs included
 *   ping  CRLFCRLF pairs met before the message: each wants a CRLF pong, RFC 5626 4.4.1
 *
 * returns 0, RT_MORE (keep the bytes, read again), RT_BAD (no usable Content-Length, two that differ, or a bare LF in the
 *         head: the stream cannot be resynchronised, answer 400 if you can and close it), RT_BIG (f->head_n is 0: over
 *         SIP_HEAD_MAX, answer 513; else over SIP_BODY_MAX, answer 413; close). On RT_BAD and RT_BIG out is the head, or
 *         what there is of it: sip_msg_parse finds what an answer needs.
 * memory  allocates nothing; O(new bytes)
 * source  RFC 3261 7.5, 18.3, 20.14
 */
RT_MUSTUSE
int sip_frame_cut(struct sip_frame *f, struct slice in, struct slice *out, uint32_t *used, uint32_t *ping);

#endif
