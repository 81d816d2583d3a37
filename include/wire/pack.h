/* SPDX-License-Identifier: MIT */
/* pack: parcels laid one after another in one buffer, written by a sender, walked by a receiver. */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "wire/parcel.h"

enum { WIRE_VERSION = 1, WIRE_VERSION_OLDEST = 1 }; /* N talks to N-1: a rolling upgrade works */

struct wire_pack_head {
	uint32_t magic;   /* 'PEAL' in host order */
	uint8_t version;  /* of the sender */
	uint8_t spare;
	uint16_t count;   /* parcels */
	uint32_t size;    /* bytes, this head included */
	uint32_t zero;
};
_Static_assert(sizeof(struct wire_pack_head) == 16, "sixteen bytes");

struct wire_pack { /* grows by realloc up to its largest parcel; reused */
	char *p;
	uint32_t n, size; /* written, room */
	uint16_t count;
};

void wire_pack_init(struct wire_pack *self);
void wire_pack_clear(struct wire_pack *self); /* frees */
void wire_pack_reset(struct wire_pack *self); /* empties, keeps the room */

/* Add a parcel; msg NULL, or msg->index NULL with text only, are fine. head's size, index_n and text_n are filled here; head->name_n bytes
 * are taken from behind msg->text.
 * 0 | RT_NOMEM */
RT_MUSTUSE
int wire_pack_add(struct wire_pack *self, const struct wire_head *head, const struct sip_msg *msg);
bool wire_pack_full(const struct wire_pack *self); /* by WIRE_PACK_PARCELS and WIRE_PACK_BYTES */

struct wire_walk { /* over a received pack */
	const char *p;
	uint32_t n, at;
	uint16_t left;
};

/* Begin walking bytes from a stranger. 0 | RT_BAD (magic, version, size) */
RT_MUSTUSE
int wire_walk_open(struct wire_walk *w, const void *p, size_t n);

/* The next parcel: 1, 0 at the end, RT_BAD (bounds or offsets lie: drop the rest). Bytes of a parcel whose sender is trusted (same
 * process) skip the index check when `trusted`. */
int wire_walk_next(struct wire_walk *w, struct wire_parcel *out, bool trusted);

#endif
