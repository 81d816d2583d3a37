/* SPDX-License-Identifier: MIT */
/*
 * layout: where a version had things, as runs of bytes that moved; what no run covers is zero on the other side.
 *
 *   ours    | head: size verb .. trail | next | txn ...    | index: fixed | fields | text | name |
 *               |-------- run ------|           |- run -|          |- runs -|
 *   theirs  | head: size verb .. trail | txn ...           | index: fixed | fields | text | name |      (fields, text, name: as they are)
 */
#include "layout.h"

#include <stdlib.h>

enum { RUNS = 4 };

struct run {
	uint16_t ours, theirs, n; /* bytes from the beginning of the head or the index, and how many */
};

struct layout {
	uint8_t version;
	uint16_t head_n, index_n;          /* bytes of the head, and of the index before its fields */
	struct run head[RUNS], index[RUNS]; /* n 0 at the end */
};

#define HEAD(field)  ((uint16_t)offsetof(struct wire_head, field))
#define INDEX(field) ((uint16_t)offsetof(struct sip_index, field))

static const struct layout layouts[] = {
#ifdef PEAL_NEXT /* version 1 had no `next`, neither in the head nor in the index */
	{ 1, sizeof(struct wire_head) - 8, INDEX(field) - 4,
	  { { 0, 0, HEAD(next) }, { HEAD(txn), HEAD(txn) - 8, sizeof(struct wire_head) - HEAD(txn) } },
	  { { 0, 0, INDEX(next) }, { INDEX(target), INDEX(target) - 4, INDEX(field) - INDEX(target) } } },
#endif
	{ WIRE_VERSION, sizeof(struct wire_head), INDEX(field), { { 0, 0, sizeof(struct wire_head) } }, { { 0, 0, INDEX(field) } } },
};

static const struct layout *layout_of(uint8_t version)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].version == version)
			return &layouts[i];
	return 0;
}

static void to_ours(const struct run *run, char *ours, const char *theirs)
{
	for (int i = 0; i < RUNS && run[i].n; i++)
		memcpy(ours + run[i].ours, theirs + run[i].theirs, run[i].n);
}

static void to_theirs(const struct run *run, char *theirs, const char *ours)
{
	for (int i = 0; i < RUNS && run[i].n; i++)
		memcpy(theirs + run[i].theirs, ours + run[i].ours, run[i].n);
}

/* ---- Theirs to ours ---- */

/* The index of a parcel; the fields lie behind it as they are. */
static int read_index(const struct layout *l, struct sip_index *out, const char *p, uint32_t n)
{
	const uint32_t fields = n - l->index_n;

	if (n < l->index_n || fields % sizeof(out->field[0]) || fields > sizeof(out->field))
		return RT_BAD;
	memset(out, 0, INDEX(field));
	to_ours(l->index, (char *)out, p);
	if (fields != out->nfield * sizeof(out->field[0]))
		return RT_BAD;
	memcpy(out->field, p + l->index_n, fields);
	return 0;
}

/* One parcel at p, of at most `left` bytes; *used is what it took. */
static int read_parcel(const struct layout *l, struct wire_pack *out, const char *p, uint32_t left, uint32_t *used)
{
	struct wire_head head = { 0 };
	struct sip_index index;
	struct sip_msg msg = { .index = 0 };
	uint64_t n;

	if (left < l->head_n)
		return RT_BAD;
	to_ours(l->head, (char *)&head, p);
	n = (uint64_t)l->head_n + head.index_n + head.text_n + head.name_n;
	if (head.size > left || head.size % 8 || n > head.size || head.size - n >= 8)
		return RT_BAD;
	if (head.index_n) {
		const int err = read_index(l, &index, p + l->head_n, head.index_n);

		if (err)
			return err;
		msg.index = &index;
	}
	msg.text = slice_of(p + l->head_n + head.index_n, head.text_n);
	*used = head.size;
	return wire_pack_add(out, &head, &msg);
}

int layout_read(struct wire_pack *out, const void *p, size_t n)
{
	const struct layout *l;
	struct wire_pack_head head;
	uint32_t at = sizeof(head), used;

	if (!wire_pack_head_read(&head, p, n))
		return RT_BAD;
	l = layout_of(head.version);
	if (!l)
		return RT_BAD;
	for (int i = 0; i < head.count; i++, at += used) {
		const int err = read_parcel(l, out, (const char *)p + at, head.size - at, &used);

		if (err)
			return err;
	}
	return 0;
}

/* ---- Ours to theirs ---- */

static void write_index(const struct layout *l, char *out, const struct sip_index *index)
{
	memset(out, 0, l->index_n);
	to_theirs(l->index, out, (const char *)index);
	memcpy(out + l->index_n, index->field, index->nfield * sizeof(index->field[0]));
}

/* A parcel of ours at p; returns the bytes it takes in theirs. */
static uint32_t write_parcel(const struct layout *l, char *out, const struct wire_parcel *in)
{
	const uint32_t behind = in->head->text_n + in->head->name_n;
	struct wire_head head = *in->head;
	uint32_t used;

	head.index_n = in->msg.index ? l->index_n + (uint32_t)(in->msg.index->nfield * sizeof(in->msg.index->field[0])) : 0;
	used = l->head_n + head.index_n + behind;
	head.size = (used + 7) & ~7u;
	memset(out, 0, l->head_n);
	to_theirs(l->head, out, (const char *)&head);
	if (head.index_n)
		write_index(l, out + l->head_n, in->msg.index);
	if (behind)
		memcpy(out + l->head_n + head.index_n, in->msg.text.p, behind);
	memset(out + used, 0, head.size - used);
	return head.size;
}

int layout_write(struct wire_pack *out, const struct wire_pack *ours, uint8_t version)
{
	const struct layout *l = layout_of(version);
	const uint32_t grows = l ? l->head_n + l->index_n : 0; /* more than a parcel can grow by */
	struct wire_parcel in;
	struct wire_walk w;

	if (!l || wire_walk_open(&w, ours->p, ours->n))
		return RT_BAD;
	if (wire_pack_room(out, ours->n + ours->count * grows))
		return RT_NOMEM;
	out->n = sizeof(struct wire_pack_head);
	while (wire_walk_next(&w, &in, true) == 1) {
		out->n += write_parcel(l, out->p + out->n, &in);
		out->count++;
	}
	wire_pack_seal(out, version);
	return 0;
}
