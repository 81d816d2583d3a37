/* SPDX-License-Identifier: MIT */
/*
 * dialog: RFC 3261 12, from either end: what is remembered of the first exchange, and the requests made of it.
 *
 *   struct ua_dialog   | tags, Call-ID, From and To | Route set | remote target | sequence numbers |
 *
 * It holds its own text and is never moved: its slices point into it. Pure.
 */
#ifndef UA_DIALOG_H
#define UA_DIALOG_H

#include "limits.h"
#include "rt/err.h"
#include "sip/draft.h"

enum ua_dialog_state { UA_NO_DIALOG, UA_EARLY, UA_CONFIRMED, UA_ENDED };

struct ua_dialog {
	uint8_t state;            /* enum ua_dialog_state */
	bool caller;              /* we sent the request that made it */
	bool heard;               /* remote_cseq is known */
	uint32_t local_cseq;      /* of the last request we sent */
	uint32_t remote_cseq;     /* of the last one we took */
	struct slice call_id;
	struct slice local, remote; /* values for From and To, tags included */
	struct slice local_tag, remote_tag; /* remote_tag absent: RFC 2543 */
	struct slice route;       /* "<sip:a;lr>, <sip:b;lr>" as a Route; "" none */
	struct slice target;      /* remote target */
	uint32_t used;
	char room[UA_DIALOG_BYTES];
	char target_room[UA_TARGET_BYTES];
};

/* 12.1.1: by a request we answer. 0, RT_BAD (no usable Contact), RT_BIG (more text than there is room for) */
RT_MUSTUSE
int ua_dialog_answer(struct ua_dialog *d, const struct sip_msg *request, struct slice local_tag);

/* 12.1.2: by a response to a request of ours; early by 101 to 199, confirmed by 2xx. 0 | RT_BAD (no To tag, no Contact) | RT_BIG */
RT_MUSTUSE
int ua_dialog_begin(struct ua_dialog *d, const struct sip_msg *request, const struct sip_msg *response);

/* 13.2.2.4: a 2xx confirms an early dialog of ours: Route set and target are computed again. 0 | RT_BAD | RT_BIG */
RT_MUSTUSE
int ua_dialog_confirm(struct ua_dialog *d, const struct sip_msg *response);

/* Is this message inside the dialog? Call-ID and both tags, 12. */
bool ua_dialog_has(const struct ua_dialog *d, const struct sip_msg *m);

/* 12.2.2: a request inside it: its number must be higher than the last. ACK and CANCEL carry the number of their INVITE and are not
 * counted. 0 | RT_STALE (500) */
RT_MUSTUSE
int ua_dialog_take(struct ua_dialog *d, const struct sip_msg *request);

/* 12.2: the Contact of an INVITE or UPDATE, or of its 2xx, is the target from now on. 0 | RT_BAD | RT_BIG; absent: nothing changes */
RT_MUSTUSE
int ua_dialog_retarget(struct ua_dialog *d, const struct sip_msg *m);

/*
 * 12.2.1.1: a request inside the dialog: Request-URI, Route (for a strict router too), Max-Forwards, From, To, Call-ID, CSeq.
 *   cseq   0: the next number; else as given: ACK carries that of its INVITE
 * NULL: the arena is full.
 */
struct sip_draft *ua_dialog_request(struct ua_dialog *d, struct rt_arena *a, struct slice method, uint32_t cseq);

#endif
