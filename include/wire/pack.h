/* SPDX-License-Identifier: MIT */
/*
 * pack: parcels laid one after another in one buffer, written by a sender, walked by a receiver.
 *
 * Versions. WIRE_VERSION N writes and reads N and N-1: a sender writes the version that its peer announced (members.h), so that workers
 * can be replaced one after another while they serve. How a parcel changes:
 *
 *   a byte of `spare` or a flag that an older reader may pass over     no new version: zero means what it meant before
 *   a field that moves, comes, goes; anything an older reader needs    WIRE_VERSION + 1, and in common/wire/layout.c a row that says
 *                                                                      where the version before had things; the row before that goes
 *   a new verb                                                         WIRE_VERSION + 1, and whoever posts it asks wire_member.version
 *                                                                      first and does without where it is older
 *
 * The build option PEAL_NEXT makes the version after this one, with a field more in the head and in the index: tests/run --upgrade
 * rolls a server from this version to that one and back under load.
 */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "wire/parcel.h"

#ifdef PEAL_NEXT
enum { WIRE_VERSION = 2, WIRE_VERSION_OLDEST = 1 };
#else
enum { WIRE_VERSION = 1, WIRE_VERSION_OLDEST = 1 }; /* the oldest is the one before, once there is one */
#endif

struct wire_pack_head {
	uint32_t magic;   /* 'PEAL' in host order */
	uint8_t version;  /* of what follows: the sender's, or the one before for a receiver that is older */
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

/* For who writes parcels itself (layout.c): room for so many bytes more (0 | RT_NOMEM); the head of the pack, written last. */
RT_MUSTUSE
int wire_pack_room(struct wire_pack *self, uint32_t more);
void wire_pack_seal(struct wire_pack *self, uint8_t version);
bool wire_pack_full(const struct wire_pack *self); /* by WIRE_PACK_PARCELS and WIRE_PACK_BYTES */

/* The head of bytes from a stranger; false when they are no whole pack of this machine's byte order. Any version. */
bool wire_pack_head_read(struct wire_pack_head *out, const void *p, size_t n);

struct wire_walk { /* over a received pack */
	const char *p;
	uint32_t n, at;
	uint16_t left;
};

/* Begin walking bytes from a stranger. 0 | RT_BAD (magic, size, another version than ours: the mailbox has rewritten those it knows) */
RT_MUSTUSE
int wire_walk_open(struct wire_walk *w, const void *p, size_t n);

/* The next parcel: 1, 0 at the end, RT_BAD (bounds or offsets lie: drop the rest). Bytes of a parcel whose sender is trusted (same
 * process) skip the index check when `trusted`. */
int wire_walk_next(struct wire_walk *w, struct wire_parcel *out, bool trusted);

#endif
