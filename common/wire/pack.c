/* SPDX-License-Identifier: MIT */
/*
 * pack: the writer copies head, index and text of each parcel behind the last; the walker believes nothing it reads.
 */
#include "wire/pack.h"

#include <stdlib.h>

enum {
	MAGIC = 0x5045414c, /* 'PEAL' */
	ROOM_FIRST = 4096,
	ROOM_KEPT = 2 * WIRE_PACK_BYTES, /* a buffer that one huge message grew is let go again */
	TEXT_MAX = SIP_HEAD_MAX + SIP_BODY_MAX,
};

void wire_pack_init(struct wire_pack *self)
{
	*self = (struct wire_pack){ 0 };
}

void wire_pack_clear(struct wire_pack *self)
{
	free(self->p);
	wire_pack_init(self);
}

void wire_pack_reset(struct wire_pack *self)
{
	if (self->size > ROOM_KEPT)
		wire_pack_clear(self);
	self->n = 0;
	self->count = 0;
}

int wire_pack_room(struct wire_pack *self, uint32_t more)
{
	const uint64_t need = (uint64_t)self->n + more;
	uint64_t size = self->size ? self->size : ROOM_FIRST;
	char *p;

	if (need <= self->size)
		return 0;
	while (size < need)
		size *= 2;
	if (size > INT32_MAX)
		return RT_NOMEM;
	p = realloc(self->p, size);
	if (!p)
		return RT_NOMEM;
	self->p = p;
	self->size = (uint32_t)size;
	return 0;
}

void wire_pack_seal(struct wire_pack *self, uint8_t version)
{
	const struct wire_pack_head head = {
		.magic = MAGIC,
		.version = version,
		.count = self->count,
		.size = self->n,
	};

	memcpy(self->p, &head, sizeof(head));
}

int wire_pack_add(struct wire_pack *self, const struct wire_head *head, const struct sip_msg *msg)
{
	const struct sip_index *index = msg ? msg->index : 0;
	const uint32_t start = self->n ? self->n : sizeof(struct wire_pack_head);
	const uint32_t index_n = index ? (uint32_t)SIP_INDEX_BYTES(index->nfield) : 0;
	const uint32_t text_n = msg ? msg->text.n : 0;
	const uint32_t name_n = msg ? head->name_n : 0;
	const uint32_t used = (uint32_t)sizeof(*head) + index_n + text_n + name_n;
	const uint32_t size = (used + 7) & ~7u;
	struct wire_head h = *head;
	char *p;

	if (text_n > TEXT_MAX || self->count == UINT16_MAX || wire_pack_room(self, start - self->n + size))
		return RT_NOMEM;
	h.size = size;
	h.index_n = index_n;
	h.text_n = text_n;
	h.name_n = (uint8_t)name_n;
	p = self->p + start;
	memcpy(p, &h, sizeof(h));
	if (index_n)
		memcpy(p + sizeof(h), index, index_n);
	if (text_n + name_n)
		memcpy(p + sizeof(h) + index_n, msg->text.p, text_n + name_n);
	memset(p + used, 0, size - used);
	self->n = start + size;
	self->count++;
	wire_pack_seal(self, WIRE_VERSION);
	return 0;
}

bool wire_pack_full(const struct wire_pack *self)
{
	return self->count >= WIRE_PACK_PARCELS || self->n >= WIRE_PACK_BYTES;
}

bool wire_pack_head_read(struct wire_pack_head *out, const void *p, size_t n)
{
	if ((uintptr_t)p % 8 || n < sizeof(*out))
		return false;
	memcpy(out, p, sizeof(*out));
	return out->magic == MAGIC && out->size == n;
}

int wire_walk_open(struct wire_walk *w, const void *p, size_t n)
{
	struct wire_pack_head head;

	if (!wire_pack_head_read(&head, p, n) || head.version != WIRE_VERSION)
		return RT_BAD;
	*w = (struct wire_walk){ p, head.size, sizeof(head), head.count };
	return 0;
}

static bool hop_is_sane(const struct sip_hop *hop)
{
	return (hop->family == 0 || hop->family == 4 || hop->family == 6) && hop->proto <= SIP_TRANSPORT_OTHER;
}

/* Does the parcel's own arithmetic hold within `left` bytes? */
static bool head_is_sane(const struct wire_head *head, uint32_t left)
{
	uint64_t used;

	if (head->size < sizeof(*head) || head->size > left || head->size % 8)
		return false;
	used = (uint64_t)sizeof(*head) + head->index_n + head->text_n + head->name_n;
	if (used > head->size || head->size - used >= 8)
		return false;
	return hop_is_sane(&head->remote) && hop_is_sane(&head->local);
}

int wire_walk_next(struct wire_walk *w, struct wire_parcel *out, bool trusted)
{
	const struct wire_head *head = (const struct wire_head *)(const void *)(w->p + w->at);
	const char *rest = w->p + w->at + sizeof(*head);
	const struct sip_index *index = 0;

	if (w->left == 0)
		return 0;
	if (w->n - w->at < sizeof(*head) || !head_is_sane(head, w->n - w->at))
		return RT_BAD;
	if (head->index_n) {
		index = (const struct sip_index *)(const void *)rest;
		if (!trusted && sip_msg_check(index, head->index_n, head->text_n))
			return RT_BAD;
	}
	*out = (struct wire_parcel){
		.head = head,
		.msg = { .text = slice_of(rest + head->index_n, head->text_n), .index = index },
	};
	if (head->name_n)
		out->name = slice_of(rest + head->index_n + head->text_n, head->name_n);
	w->at += head->size;
	w->left--;
	return 1;
}
