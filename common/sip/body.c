/* SPDX-License-Identifier: MIT */
/* body: encoding, type and language, in the order they would be met. */
#include "sip/body.h"

#include "sip/param.h"

static struct slice before_params(struct slice value)
{
	const int semi = slice_find(value, ';');

	return slice_trim(semi < 0 ? value : slice_head(value, (uint32_t)semi));
}

/* "If the handling parameter is missing, the value "required" SHOULD be assumed", 20.11. */
static bool is_optional(const struct sip_msg *m)
{
	const struct slice disposition = sip_msg_get(m, SIP_HDR_CONTENT_DISPOSITION);
	const int semi = slice_find(disposition, ';');

	return semi >= 0 &&
	       slice_eq_nocase(sip_param_get(slice_from(disposition, (uint32_t)semi + 1), SLICE("handling")), SLICE("optional"));
}

/* A header whose value is this one, or that is not there. */
static bool is(const struct sip_msg *m, enum sip_hdr id, struct slice value)
{
	return !sip_msg_has(m, id) || slice_eq_nocase(before_params(sip_msg_get(m, id)), value);
}

static bool is_english(const struct sip_msg *m)
{
	for (int f = sip_msg_first(m, SIP_HDR_CONTENT_LANGUAGE); f >= 0; f = sip_msg_next(m, f)) {
		const struct slice tag = sip_msg_value(m, f);

		if (slice_eq_nocase(tag, SLICE("en")) || slice_starts_nocase(tag, SLICE("en-")))
			return true;
	}
	return !sip_msg_has(m, SIP_HDR_CONTENT_LANGUAGE);
}

bool sip_body_refused(const struct sip_msg *m, enum sip_hdr *header, struct slice *value)
{
	const struct {
		bool met;
		enum sip_hdr header;
		struct slice value;
	} row[] = {
		{ is(m, SIP_HDR_CONTENT_ENCODING, SLICE("identity")), SIP_HDR_ACCEPT_ENCODING, SLICE("identity") },
		{ is(m, SIP_HDR_CONTENT_TYPE, SLICE("application/sdp")), SIP_HDR_ACCEPT, SLICE("application/sdp") },
		{ is_english(m), SIP_HDR_ACCEPT_LANGUAGE, SLICE("en") },
	};

	for (size_t i = 0; m->index->body_n && !is_optional(m) && i < sizeof(row) / sizeof(row[0]); i++)
		if (!row[i].met) {
			*header = row[i].header;
			*value = row[i].value;
			return true;
		}
	return false;
}
