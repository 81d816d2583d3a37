/* SPDX-License-Identifier: MIT */
/* msg: questions to a parsed message that need more than a look at its index. */
#include "sip/msg.h"

struct slice sip_msg_get(const struct sip_msg *m, enum sip_hdr id)
{
	const int f = sip_msg_first(m, id);

	return f < 0 ? SLICE_NONE : sip_msg_value(m, f);
}

struct slice sip_msg_get_other(const struct sip_msg *m, struct slice name)
{
	for (int f = sip_msg_first(m, SIP_HDR_OTHER); f >= 0; f = sip_msg_next(m, f))
		if (slice_eq_nocase(sip_msg_span(m, m->index->field[f].name), name))
			return sip_msg_value(m, f);
	return SLICE_NONE;
}

int sip_msg_count(const struct sip_msg *m, enum sip_hdr id)
{
	int n = 0;

	for (int f = sip_msg_first(m, id); f >= 0; f = sip_msg_next(m, f))
		n++;
	return n;
}

bool sip_msg_lists(const struct sip_msg *m, enum sip_hdr id, struct slice token)
{
	for (int f = sip_msg_first(m, id); f >= 0; f = sip_msg_next(m, f))
		if (slice_eq_nocase(sip_msg_value(m, f), token))
			return true;
	return false;
}
