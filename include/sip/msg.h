/* SPDX-License-Identifier: MIT */
/* msg: a read-only view of one parsed SIP message. Changes are drafts: draft.h. */
#ifndef SIP_MSG_H
#define SIP_MSG_H

#include <stddef.h>
#include "rt/err.h"
#include "rt/slice.h"
#include "sip/index.h"

struct sip_msg { /* two borrowed pointers; copy freely */
	struct slice text;
	const struct sip_index *index;
};

struct sip_fault { /* why a parse failed, ready to log or answer */
	uint32_t at;        /* byte offset from the start line */
	uint16_t status;    /* the response it deserves: 400, 413, 414, 416, 505, 513; 0: nothing can be answered */
	const char *rule;   /* grammar rule or header, static: "CSeq", "Via.sent-by", "Content-Length" */
};

/*
 * Index one complete message and check it whole: start line; every header line's shape; the values of Via, From, To,
 * CSeq, Call-ID, Content-Length (a datagram's may be absent) and, in requests, of Max-Forwards, Contact, Route,
 * Record-Route and the Request-URI as far as routing needs them; one-of-a-kind headers once; CSeq's method equal to
 * the request's. Malformed headers that nobody here needs (Date, Server, ...) are left alone, RFC 3261 16.3 step 1.
 *
 *   text    exactly one message (a datagram, or what sip_frame_cut cut); leading CRLFs are skipped,
 *           bytes past Content-Length are left out of the body; borrowed: must outlive *out
 *   room    where the index is built; borrowed by *out
 *   why     filled on RT_BAD and RT_BIG; may be NULL
 *
 * returns 0, RT_BAD, RT_BIG. On failure, when why->status is not 0, *out still holds a request with as many
 *         fields as could be read, good enough for sip_draft_reply to answer. Never answered: a response, an ACK, a
 *         request whose topmost Via cannot be read. out->text is the message alone, start line through body.
 * memory  allocates nothing, reads each byte of the head once (plus the values it validates)
 * source  RFC 3261 7 and 25.1; hard cases: RFC 4475, RFC 5118
 */
RT_MUSTUSE
int sip_msg_parse(struct sip_msg *out, struct sip_index *room, struct slice text, struct sip_fault *why);

/* First value of a header; SLICE_NONE when the message has none. */
struct slice sip_msg_get(const struct sip_msg *m, enum sip_hdr id);

/* First value of a header the table does not know, by name in any case; SLICE_NONE when absent. */
struct slice sip_msg_get_other(const struct sip_msg *m, struct slice name);

/* Walk every value of a header, top to bottom:
 *   for (int f = sip_msg_first(m, SIP_HDR_VIA); f >= 0; f = sip_msg_next(m, f)) */
static inline int sip_msg_first(const struct sip_msg *m, enum sip_hdr id)
{
	return m->index->first[id] == SIP_NO_FIELD ? -1 : m->index->first[id];
}

static inline int sip_msg_next(const struct sip_msg *m, int field)
{
	return m->index->field[field].next == SIP_NO_FIELD ? -1 : m->index->field[field].next;
}

static inline struct slice sip_msg_span(const struct sip_msg *m, struct sip_span s)
{
	return s.n || s.at ? slice_of(m->text.p + s.at, s.n) : SLICE_NONE;
}

static inline struct slice sip_msg_value(const struct sip_msg *m, int field)
{
	return sip_msg_span(m, m->index->field[field].value);
}

static inline bool sip_msg_has(const struct sip_msg *m, enum sip_hdr id)
{
	return m->index->first[id] != SIP_NO_FIELD;
}

static inline bool sip_msg_is_request(const struct sip_msg *m)
{
	return m->index->status == 0;
}

static inline struct slice sip_msg_body(const struct sip_msg *m)
{
	return slice_of(m->text.p + m->index->body_at, m->index->body_n);
}

static inline struct slice sip_msg_method(const struct sip_msg *m) /* as written */
{
	return sip_msg_span(m, m->index->method_text);
}

static inline struct slice sip_msg_target(const struct sip_msg *m) /* Request-URI, or reason phrase */
{
	return sip_msg_span(m, m->index->target);
}

int sip_msg_count(const struct sip_msg *m, enum sip_hdr id); /* values */

/* Does a list of tokens (Require, Supported, Proxy-Require, Allow, ...) hold this one? Any case. */
bool sip_msg_lists(const struct sip_msg *m, enum sip_hdr id, struct slice token);

/*
 * Check an index that came from another process against its text: every span inside, every chain finite,
 * every count in range. After this returns 0 no accessor above can read out of bounds.
 *   index_n  bytes at `index`
 */
RT_MUSTUSE
int sip_msg_check(const struct sip_index *index, size_t index_n, uint32_t text_n); /* 0 | RT_BAD */

#endif
