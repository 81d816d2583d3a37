/* SPDX-License-Identifier: MIT */
/* hash: SipHash-2-4 for keys a stranger may choose, and the rendezvous mix. */
#ifndef RT_HASH_H
#define RT_HASH_H

#include "rt/slice.h"

struct rt_key {
	uint64_t k0, k1;
};

uint64_t rt_hash(struct rt_key key, const void *p, size_t n);
uint64_t rt_hash_nocase(struct rt_key key, struct slice s); /* ASCII case folded */
uint64_t rt_mix(uint64_t a, uint64_t b);                    /* good avalanche of two words */

/* CRC-16/XMODEM, the one Redis Cluster uses. */
uint16_t rt_crc16(struct slice s);

#endif
