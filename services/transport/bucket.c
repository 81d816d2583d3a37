/* SPDX-License-Identifier: MIT */
/* bucket: tokens are counted in thousandths, so a millisecond is worth per_second of them. */
#include "bucket.h"

#include <stdlib.h>

enum { PLACES = 4096, TOKEN = 1000 };

struct place {
	uint64_t source;
	rt_ms at;       /* when tokens was true */
	uint64_t tokens;
};

struct bucket {
	uint64_t rate, full;
	struct place place[PLACES];
};

struct bucket *bucket_new(uint32_t per_second, uint32_t burst)
{
	struct bucket *self = calloc(1, sizeof(*self));

	if (self) {
		self->rate = per_second;
		self->full = (uint64_t)burst * TOKEN;
	}
	return self;
}

void bucket_destroy(struct bucket **self_p)
{
	free(*self_p);
	*self_p = 0;
}

bool bucket_take(struct bucket *self, uint64_t source, rt_ms now)
{
	struct place *p = &self->place[source * 0x9e3779b97f4a7c15u >> 52];

	if (p->source != source || p->at == 0) {
		*p = (struct place){ source, now, self->full };
	} else if (now > p->at) {
		p->tokens += (now - p->at) * self->rate;
		p->tokens = p->tokens < self->full ? p->tokens : self->full;
		p->at = now;
	}
	if (p->tokens < TOKEN)
		return false;
	p->tokens -= TOKEN;
	return true;
}
