/* SPDX-License-Identifier: MIT */
/* same_index: is an index what the parser would have made of the text? Names the first difference. */
#ifndef KIT_SAME_INDEX_H
#define KIT_SAME_INDEX_H

#include <stdio.h>
#include <string.h>

#include "sip/msg.h"

/* NULL when the message's index equals byte for byte the one its text parses to, else what differs (static). */
static inline const char *same_index(const struct sip_msg *m)
{
	static char where[128];
	static struct sip_index room;
	struct sip_msg again;
	struct sip_fault why;
	const uint8_t *const a = (const uint8_t *)m->index, *const b = (const uint8_t *)&room;

	if (sip_msg_parse(&again, &room, m->text, &why) != 0) {
		snprintf(where, sizeof(where), "refused: %s at %u", why.rule, why.at);
		return where;
	}
	if (!slice_eq(again.text, m->text))
		return "the text is longer than the message in it";
	if (m->index->nfield != room.nfield) {
		snprintf(where, sizeof(where), "%d fields, parsed %d", m->index->nfield, room.nfield);
		return where;
	}
	for (size_t i = 0; i < SIP_INDEX_BYTES(room.nfield); i++) {
		if (a[i] == b[i])
			continue;
		snprintf(where, sizeof(where), "index byte %zu (fields from %zu): %d, parsed %d", i,
		         offsetof(struct sip_index, field), a[i], b[i]);
		return where;
	}
	return sip_msg_check(m->index, SIP_INDEX_BYTES(room.nfield), m->text.n) == 0 ? 0 : "sip_msg_check";
}

#endif
