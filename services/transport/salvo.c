/* SPDX-License-Identifier: MIT */
#include "salvo.h"

#include <errno.h>

struct shot {
	uint32_t size, bytes, n;
	uint8_t first; /* its first datagram */
	bool open;
};

static bool same_way(const struct edge_way *a, const struct edge_way *b)
{
	return a->listener == b->listener && a->ttl == b->ttl && sip_hop_same(&a->to, &b->to) && sip_hop_same(&a->from, &b->from);
}

static bool fits(const struct shot *shot, uint32_t size)
{
	return shot->open && size && size <= shot->size && shot->bytes + size <= SALVO_BYTES;
}

/* Two places that meet in one slot only keep each other from being found. */
static uint32_t slot_of(const struct edge_way *way)
{
	return (uint32_t)(way->to.port ^ way->to.port >> 8 ^ way->to.ip[3] ^ way->to.ip[15]) % WIRE_BURST;
}

void salvo_plan(struct salvo *out, const struct edge_way *const way[], const uint32_t size[], uint32_t n, bool alone)
{
	struct shot shot[WIRE_BURST];
	uint8_t latest[WIRE_BURST] = { 0 }, of[WIRE_BURST], at[WIRE_BURST];

	_Static_assert(WIRE_BURST < UINT8_MAX, "numbers of datagrams are bytes");
	out->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *const slot = &latest[slot_of(way[i])]; /* number of its last send, from 1 */
		struct shot *s = *slot ? &shot[*slot - 1] : 0;

		if (!s || !fits(s, size[i]) || !same_way(way[s->first], way[i])) {
			s = &shot[out->n++];
			*s = (struct shot){ .size = size[i], .first = (uint8_t)i, .open = !alone && size[i] <= SALVO_SIZE };
			*slot = (uint8_t)out->n;
		}
		s->n++;
		s->bytes += size[i];
		s->open = s->open && size[i] == s->size;
		of[i] = (uint8_t)(s - shot);
	}
	out->begin[0] = 0;
	for (uint32_t k = 0; k < out->n; k++) {
		at[k] = out->begin[k];
		out->begin[k + 1] = (uint8_t)(out->begin[k] + shot[k].n);
	}
	for (uint32_t i = 0; i < n; i++)
		out->order[at[of[i]]++] = (uint8_t)i;
}

bool salvo_is_refused(int error)
{
	return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE;
}
