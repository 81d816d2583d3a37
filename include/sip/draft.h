/* SPDX-License-Identifier: MIT */
/*
 * draft: the changes a hop makes, kept as splices over an untouched original and rendered once, text and index
 * together. RFC 3261 16.6 reads as seven calls on a draft.
 *
 * Every call takes slices that must live until the render. A failure (arena full, more than 240 changes) is
 * sticky: sip_draft_render reports it, so the calls in between need no check.
 */
#ifndef SIP_DRAFT_H
#define SIP_DRAFT_H

#include "rt/arena.h"
#include "rt/hash.h"
#include "sip/msg.h"

struct sip_draft;

/* A changed copy of `base`, borrowed. NULL when the arena is full. */
struct sip_draft *sip_draft_from(struct rt_arena *a, const struct sip_msg *base);

/*
 * A response to `req` by 8.2.6: status line, every Via in order, From, To (with ";tag=to_tag" when it has none and to_tag is
 * present), Call-ID, CSeq; Timestamp when status is 100 (8.2.6.1); Record-Route when 2xx or 101..199 (12.1.1);
 * Content-Length 0. `reason` absent: the standard phrase. `to_tag` absent: To as it is. Fields a broken request lacks are left out.
 */
struct sip_draft *sip_draft_reply(struct rt_arena *a, const struct sip_msg *req, int status, struct slice reason,
                                  struct slice to_tag);

/* The To tag of a response of which nothing is kept: the same each time that the request comes, 8.2.7. In the arena; absent when it is full. */
struct slice sip_reply_tag(struct rt_arena *a, const struct sip_msg *req, struct rt_key key);

/* A new request with this start line and nothing else. */
struct sip_draft *sip_draft_request(struct rt_arena *a, struct slice method, struct slice uri);

void sip_draft_target(struct sip_draft *d, struct slice uri);                      /* Request-URI */
void sip_draft_status(struct sip_draft *d, int status, struct slice reason);       /* of a response; 503 becomes 500 */
void sip_draft_set(struct sip_draft *d, enum sip_hdr id, struct slice value);      /* first value; appended when absent */
void sip_draft_push(struct sip_draft *d, enum sip_hdr id, struct slice value);     /* a new line on top of its kind; Via and
	Route first of all headers when there is none; Record-Route before the first Record-Route or after the Vias */
void sip_draft_pop(struct sip_draft *d, enum sip_hdr id);                          /* topmost value; twice pops two */
void sip_draft_drop(struct sip_draft *d, int field);                               /* one value, by field number of base */
void sip_draft_replace(struct sip_draft *d, int field, struct slice value);        /* one value, in place */
void sip_draft_remove(struct sip_draft *d, enum sip_hdr id);                       /* all values */
void sip_draft_append(struct sip_draft *d, enum sip_hdr id, struct slice value);   /* a line after the last of its kind, or at the end */
void sip_draft_append_named(struct sip_draft *d, struct slice name, struct slice value); /* a header the table lacks */
void sip_draft_body(struct sip_draft *d, struct slice type, struct slice body);    /* Content-Type too, when present */

/*
 * Render text and index together: the receiver need not parse. Content-Length is made right (added when absent, 16.6 step 9).
 * Facts of untouched fields are moved, of changed ones read again.
 *
 *   out     text and index in the arena
 *   returns 0, RT_NOMEM (arena full), RT_BIG (head over SIP_HEAD_MAX or too many fields), RT_BAD (a value given breaks the grammar)
 */
RT_MUSTUSE
int sip_draft_render(const struct sip_draft *d, struct rt_arena *a, struct sip_msg *out);

#endif
