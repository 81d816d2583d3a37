/* SPDX-License-Identifier: MIT */
/* keep: blocks, cut from the front, given back together. */
#include "keep.h"

enum { SLACK = 768 }; /* bytes for the usual one target of a request */

struct proxy_keep_block {
	struct proxy_keep_block *next;
	size_t size, used; /* of data */
	_Alignas(16) char data[];
};

static void *cut(struct proxy_keep *k, size_t n)
{
	struct proxy_keep_block *b = k->newest;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!b || b->size - b->used < n) {
		b = rt_blocks_take(k->blocks, sizeof(*b) + n + SLACK);
		if (!b)
			return 0;
		*b = (struct proxy_keep_block){ .next = k->newest, .size = n + SLACK };
		k->newest = b;
	}
	p = b->data + b->used;
	b->used += n;
	return p;
}

void *proxy_keep_take(struct proxy_keep *k, size_t n)
{
	void *const p = cut(k, n);

	return p ? memset(p, 0, n) : 0;
}

struct slice proxy_keep_text(struct proxy_keep *k, struct slice s)
{
	char *const p = slice_present(s) ? cut(k, s.n + 1) : 0;

	if (!p)
		return SLICE_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

int proxy_keep_msg(struct proxy_keep *k, const struct sip_msg *m, struct sip_msg *out)
{
	const size_t index_n = SIP_INDEX_BYTES(m->index->nfield);
	char *const p = cut(k, index_n + m->text.n);

	if (!p)
		return RT_NOMEM;
	memcpy(p, m->index, index_n);
	memcpy(p + index_n, m->text.p, m->text.n);
	*out = (struct sip_msg){ slice_of(p + index_n, m->text.n), (const struct sip_index *)(const void *)p };
	return 0;
}

void proxy_keep_drop(struct proxy_keep *k)
{
	while (k->newest) {
		struct proxy_keep_block *const b = k->newest;

		k->newest = b->next;
		rt_blocks_give(k->blocks, b, sizeof(*b) + b->size);
	}
}
