/* SPDX-License-Identifier: MIT */
/* key: of the bus between hosts (server.bus_key): 32 secret bytes, written as 64 hex digits; `peal keys new` makes one. */
#ifndef SVC_KEY_H
#define SVC_KEY_H

#include "rt/err.h"
#include "rt/slice.h"

enum { SVC_KEY_BYTES = 32, SVC_KEY_MARK = 17, SVC_KEY_WHY = 200 };

/* Read a key: the digits themselves, or the path of a file that holds them (blanks and lines that begin with # are passed over).
 * 0, or RT_CONFIG with a sentence in `why`. */
RT_MUSTUSE
int svc_key_read(uint8_t out[SVC_KEY_BYTES], struct slice given, char why[SVC_KEY_WHY]);

/* Sixteen digits by which a person tells two keys apart; they give nothing of the key away. */
void svc_key_mark(char out[SVC_KEY_MARK], const uint8_t key[SVC_KEY_BYTES]);

#endif
