/* SPDX-License-Identifier: MIT */
/* nonces: the highest count seen here of each of the latest nonces: what is left of replay protection while Redis is away. */
#ifndef NONCES_H
#define NONCES_H

#include "loc/store.h"

struct nonces;

struct nonce_use {
	uint64_t hash;
	uint32_t count;
	rt_ms until; /* when the nonce is stale anyway */
};

struct nonces *nonces_new(uint32_t entries); /* NULL: no memory */
void nonces_destroy(struct nonces **self_p);

struct nonce_use nonces_use(const struct nonces *self, struct slice nonce, uint32_t count, rt_ms until); /* self may be NULL */

/* Is this count higher than all that were seen of its nonce? Then it is the highest now. */
bool nonces_take(struct nonces *self, const struct nonce_use *use, rt_ms now);

#endif
