/* SPDX-License-Identifier: MIT */
/* upgrade: the HTTP request that opens a WebSocket, RFC 6455 4.2 and RFC 7118 4. Pure. */
#ifndef UPGRADE_H
#define UPGRADE_H

#include "rt/cursor.h"
#include "svc/config.h"

enum { UPGRADE_HEAD_MAX = 8192 }; /* bytes of the request */

/*
 * Answer the request in `in`.
 *   origins  accepted values of Origin; empty: any
 *   out      the HTTP response
 *   used     bytes of the request
 * returns 0 (101: frames follow), RT_MORE, RT_DENIED (refused: send `out` and close)
 */
RT_MUSTUSE
int upgrade_answer(struct slice in, const struct svc_words *origins, struct rt_cursor *out, uint32_t *used);

#endif
