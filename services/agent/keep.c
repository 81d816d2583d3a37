/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include <stdlib.h>

struct agent_kept {
	struct sip_index index; /* only its fields in use; the text follows them */
};

static size_t index_bytes(const struct sip_msg *m)
{
	return SIP_INDEX_BYTES(m->index->nfield);
}

struct agent_kept *agent_keep(const struct sip_msg *m)
{
	const size_t n = index_bytes(m);
	char *const block = malloc(n + sizeof(uint32_t) + m->text.n);

	if (!block)
		return 0;
	memcpy(block, m->index, n);
	memcpy(block + n, &m->text.n, sizeof(uint32_t));
	memcpy(block + n + sizeof(uint32_t), m->text.p, m->text.n);
	return (struct agent_kept *)(void *)block;
}

struct sip_msg agent_kept_msg(const struct agent_kept *k)
{
	struct sip_msg m = { .index = &k->index };
	const char *const text = (const char *)k + index_bytes(&m);

	memcpy(&m.text.n, text, sizeof(uint32_t));
	m.text.p = text + sizeof(uint32_t);
	return m;
}

void agent_keep_swap(struct agent_kept **at, struct agent_kept *k)
{
	free(*at);
	*at = k;
}
