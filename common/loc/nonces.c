/* SPDX-License-Identifier: MIT */
/* nonces: four places a set; the one whose nonce ends first makes way. */
#include "nonces.h"

#include <stdlib.h>

#include "rt/clock.h"
#include "rt/hash.h"

enum { WAYS = 4 };

struct nonces {
	struct rt_key key;
	uint32_t sets;
	struct nonce_use seen[];
};

struct nonces *nonces_new(uint32_t entries)
{
	const uint32_t sets = entries / WAYS ? entries / WAYS : 1;
	struct nonces *self = calloc(1, sizeof(*self) + (size_t)sets * WAYS * sizeof(self->seen[0]));

	if (!self)
		return 0;
	self->sets = sets;
	rt_random(&self->key, sizeof(self->key));
	return self;
}

void nonces_destroy(struct nonces **self_p)
{
	free(*self_p);
	*self_p = 0;
}

struct nonce_use nonces_use(const struct nonces *self, struct slice nonce, uint32_t count, rt_ms until)
{
	return (struct nonce_use){ self ? rt_hash(self->key, nonce.p, nonce.n) : 0, count, until };
}

bool nonces_take(struct nonces *self, const struct nonce_use *use, rt_ms now)
{
	struct nonce_use *set = &self->seen[use->hash % self->sets * WAYS], *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash == use->hash && set[i].until > now) {
			if (use->count <= set[i].count)
				return false;
			place = &set[i];
			break;
		}
		if (set[i].until < place->until)
			place = &set[i];
	}
	*place = *use;
	return true;
}
