/* SPDX-License-Identifier: MIT */
/* phone_call: one INVITE and whatever it forks into, until the last dialog of it is ended. */
#include "phone.h"

#include <stdio.h>
#include <sys/epoll.h>

enum { SDP_MAX = 1024 };

static void ready(void *self, int fd, uint32_t events)
{
	struct phone *const p = self;

	(void)fd;
	(void)events;
	phone_sound_ready(&p->sound);
}

static struct slice write_sdp(struct phone *p, const struct ua_sdp *offer)
{
	char *const text = rt_arena_raw(svc_arena(p->svc), SDP_MAX);
	struct rt_cursor c = rt_cursor_on(text, text ? SDP_MAX : 0);

	p->me.version++;
	if (!offer)
		ua_sdp_offer(&c, &p->me);
	else if (ua_sdp_answer(&c, offer, &p->me))
		return SLICE_NONE;
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

void phone_call_begin(struct phone *p)
{
	const struct phone_errand *const e = p->errand;
	char error[256] = "";
	const bool first = p->sound.fd < 0; /* else once more, elsewhere */
	const int port = first ? phone_sound_open(&p->sound, &p->local, e->audio, error) : p->me.addr.port;
	struct sip_draft *d;

	if (port < 0 || (first && svc_watch(p->svc, p->sound.fd, EPOLLIN, ready))) {
		fprintf(stderr, "peal: %s\n", error);
		phone_end(p, PHONE_USAGE);
		return;
	}
	p->me = (struct ua_sdp_local){ .id = svc_wall_ms(p->svc), .addr = p->local };
	p->me.addr.port = (uint16_t)port;
	d = phone_request(p, SLICE("INVITE"), p->uri);
	if (d) {
		sip_draft_append(d, SIP_HDR_CONTACT, phone_contact(p));
		sip_draft_append(d, e->required ? SIP_HDR_REQUIRE : SIP_HDR_SUPPORTED, SLICE("100rel"));
		sip_draft_append(d, SIP_HDR_ALLOW, SLICE("INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS"));
		sip_draft_body(d, SLICE("application/sdp"), write_sdp(p, 0));
	}
	if (phone_ask(p, d, -1) < 0)
		phone_end(p, PHONE_SILENT);
}

/* ---- Forks ---- */

static struct phone_fork *fork_of(struct phone *p, const struct sip_msg *response)
{
	for (int i = 0; i < p->nfork; i++)
		if (ua_dialog_has(&p->fork[i].dialog, response))
			return &p->fork[i];
	return 0;
}

static struct phone_fork *fork_new(struct phone *p, const struct sip_msg *invite, const struct sip_msg *response)
{
	struct phone_fork *const f = p->nfork < PHONE_FORKS ? &p->fork[p->nfork] : 0;

	if (!f || ua_dialog_begin(&f->dialog, invite, response))
		return 0;
	p->nfork++;
	ua_offer_take(&f->offer, UA_MINE, UA_IN_INVITE, true); /* each fork answers the same offer for itself */
	if (p->nfork == 2)
		phone_ladder_note(p, "the call forks: this is another phone");
	return f;
}

static int number_of(const struct phone *p, const struct phone_fork *f)
{
	return (int)(f - p->fork);
}

/* ---- Sound ---- */

static void hear_sound(struct phone *p, struct phone_fork *f, const struct ua_sdp *sdp)
{
	const int audio = ua_sdp_audio(sdp);
	const struct ua_sdp_media *const m = audio < 0 ? 0 : &sdp->media[audio];
	struct slice first = m ? m->formats : SLICE_NONE, word = SLICE_NONE;

	if (!m || !m->addr.family || (p->talking >= 0 && p->talking != number_of(p, f) && !f->answered))
		return;
	slice_word(&first, &word);
	p->talking = number_of(p, f);
	p->sound.format = slice_eq(word, SLICE("8")) ? 8 : 0;
	p->sound.to = m->addr;
	if (!rt_timer_running(&p->frame)) {
		p->sound_began = svc_now(p->svc);
		svc_timer_start(p->svc, &p->frame, 0, PHONE_FRAME, SOUND_MS);
	}
}

/* What a message says about media. The answer to its offer when there is one to give; absent: none. */
static struct slice hear_sdp(struct phone *p, struct phone_fork *f, enum ua_carrier in, const struct sip_msg *m)
{
	const bool has = sip_msg_body(m).n && slice_starts_nocase(sip_msg_get(m, SIP_HDR_CONTENT_TYPE), SLICE("application/sdp"));
	const enum ua_meaning meaning = ua_offer_take(&f->offer, UA_THEIRS, in, has);
	struct ua_sdp sdp;

	if (!has || ua_sdp_parse(&sdp, sip_msg_body(m)))
		return SLICE_NONE;
	if (meaning == UA_ANSWER || meaning == UA_OFFER || meaning == UA_COPY)
		hear_sound(p, f, &sdp);
	return meaning == UA_OFFER ? write_sdp(p, &sdp) : SLICE_NONE;
}

/* ---- Responses to the INVITE ---- */

static void with_sdp(struct phone_fork *f, struct sip_draft *d, struct slice sdp, enum ua_carrier in)
{
	ua_offer_take(&f->offer, UA_MINE, in, slice_present(sdp));
	if (d && slice_present(sdp))
		sip_draft_body(d, SLICE("application/sdp"), sdp);
}

static void say_prack(struct phone *p, struct phone_fork *f, const struct sip_msg *m, struct slice sdp)
{
	struct sip_draft *const d = ua_dialog_request(&f->dialog, svc_arena(p->svc), SLICE("PRACK"), 0);

	if (d)
		sip_draft_append(d, SIP_HDR_RACK, rt_arena_printf(svc_arena(p->svc), "%u %u INVITE", f->rel.rseq, m->index->facts.cseq));
	with_sdp(f, d, sdp, UA_IN_PRACK);
	(void)!phone_ask(p, d, number_of(p, f));
}

static void say_bye(struct phone *p, struct phone_fork *f)
{
	if (f->left)
		return;
	f->left = true;
	if (phone_ask(p, ua_dialog_request(&f->dialog, svc_arena(p->svc), SLICE("BYE"), 0), number_of(p, f)) < 0)
		phone_end(p, p->result);
}

static bool somebody_talks(const struct phone *p)
{
	for (int i = 0; i < p->nfork; i++)
		if (p->fork[i].answered && !p->fork[i].left)
			return true;
	return false;
}

/* The first who answers has the call; who answers later, or after we gave up, is hung up on: 13.2.2.4, 15. */
static void answered(struct phone *p, struct phone_fork *f, const struct sip_msg *m)
{
	const bool late = p->cancelled || somebody_talks(p);

	f->answered = true;
	if (ua_dialog_confirm(&f->dialog, m))
		phone_ladder_note(p, "the 200 has no Contact that can be called");
	hear_sdp(p, f, UA_IN_2XX, m);
	if (late) {
		say_bye(p, f);
		return;
	}
	p->result = PHONE_ANSWERED;
	svc_timer_stop(p->svc, &p->limit);
	svc_timer_start(p->svc, &p->talk, 0, PHONE_TALK, p->errand->seconds * 1000);
}

static void acknowledge(struct phone *p, struct phone_fork *f, const struct sip_msg *m)
{
	struct sip_draft *const d = ua_dialog_request(&f->dialog, svc_arena(p->svc), SLICE("ACK"), m->index->facts.cseq);

	with_sdp(f, d, SLICE_NONE, UA_IN_ACK);
	(void)!phone_send_ack(p, d);
}

static void in_dialog(struct phone *p, struct phone_fork *f, const struct sip_msg *m)
{
	uint32_t rseq;
	const enum ua_uac_event ev = ua_rel_uac_heard(&f->rel, m, &rseq);
	const struct ua_uac_rule rule = ua_rel_uac_take(&f->rel, ev, rseq);

	if (ev == UA_UAC_EV_AGAIN || ev == UA_UAC_EV_GAP)
		phone_ladder_note(p, ev == UA_UAC_EV_AGAIN ? "the same once more: its PRACK is on its way"
							     : "out of order: not acknowledged (RFC 3262 4)");
	if (rule.acts & UA_UAC_PRACK)
		say_prack(p, f, m, hear_sdp(p, f, UA_IN_REL, m));
	else if (ev == UA_UAC_EV_PLAIN)
		hear_sdp(p, f, UA_IN_1XX, m);
	if (rule.acts & UA_UAC_ACK && rule.acts & UA_UAC_UP)
		(void)!ua_dialog_confirm(&f->dialog, m); /* its Route set is that of the ACK, 13.2.2.4 */
	if (rule.acts & UA_UAC_ACK)
		acknowledge(p, f, m);
	if (rule.acts & UA_UAC_ACK && rule.acts & UA_UAC_UP)
		answered(p, f, m);
}

static void refused(struct phone *p, const struct sip_msg *m)
{
	const bool ours = p->cancelled && m->index->status == 487;

	if (sip_msg_has(m, SIP_HDR_CONTACT) && sip_status_redirect(m->index->status))
		phone_ladder_note(p, "call there instead: " SLICE_FMT, SLICE_ARG(slice_head(sip_msg_get(m, SIP_HDR_CONTACT), 120)));
	if (!somebody_talks(p) && !ours)
		phone_ladder_advice(p, m->index->status);
	if (!somebody_talks(p))
		phone_end(p, ours ? p->result : PHONE_REFUSED);
}

void phone_call_response(struct phone *p, const struct phone_asked *asked, const struct sip_msg *m)
{
	const int status = m->index->status;
	struct phone_fork *f;

	if (status == 100) {
		if (p->cancelled)
			phone_call_give_up(p, p->result);
		return;
	}
	if (sip_status_failure(status)) {
		refused(p, m);
		return;
	}
	f = fork_of(p, m);
	if (!f)
		f = fork_new(p, &asked->msg, m);
	if (f)
		in_dialog(p, f, m);
	if (p->cancelled && sip_status_provisional(status))
		phone_call_give_up(p, p->result);
}

static void say_count(const struct phone *p)
{
	if (p->sound.sent || p->sound.heard)
		phone_ladder_note(p, "sound: %llu packets sent, %llu heard", (unsigned long long)p->sound.sent,
				  (unsigned long long)p->sound.heard);
}

void phone_call_answered(struct phone *p, const struct phone_asked *asked, const struct sip_msg *m)
{
	struct phone_fork *const f = &p->fork[asked->fork];

	if (asked->msg.index->method == SIP_PRACK) {
		if (sip_status_success(m->index->status))
			hear_sdp(p, f, UA_IN_PRACK_2XX, m);
		else
			ua_offer_failed(&f->offer, UA_IN_PRACK);
		return;
	}
	if (asked->msg.index->method == SIP_BYE && !somebody_talks(p)) {
		say_count(p);
		phone_end(p, p->result);
	}
}

/* ---- Requests in ---- */

static struct sip_draft *agree(struct phone *p, struct phone_fork *f, const struct wire_parcel *in)
{
	const bool update = in->msg.index->method == SIP_UPDATE;
	const struct slice sdp = hear_sdp(p, f, update ? UA_IN_UPDATE : UA_IN_INVITE, &in->msg);
	struct sip_draft *const d = sip_draft_reply(svc_arena(p->svc), &in->msg, 200, SLICE_NONE, SLICE_NONE);

	if (!d)
		return 0;
	(void)!ua_dialog_retarget(&f->dialog, &in->msg);
	sip_draft_append(d, SIP_HDR_CONTACT, phone_contact(p));
	with_sdp(f, d, f->offer.open ? write_sdp(p, 0) : sdp, update ? UA_IN_UPDATE_2XX : UA_IN_2XX);
	return d;
}

static void inside(struct phone *p, struct phone_fork *f, const struct wire_parcel *in)
{
	if (ua_dialog_take(&f->dialog, &in->msg)) {
		phone_answer(p, in, 500, 0);
		return;
	}
	switch ((enum sip_method)in->msg.index->method) {
	case SIP_BYE:
		f->left = true;
		phone_answer(p, in, 200, 0);
		say_count(p);
		svc_timer_start(p->svc, &p->talk, 0, PHONE_TALK, 100); /* the 200 leaves before we do */
		return;
	case SIP_INVITE:
	case SIP_UPDATE:
		phone_answer(p, in, 200, agree(p, f, in));
		return;
	case SIP_OPTIONS:
	case SIP_INFO:
		phone_answer(p, in, 200, 0);
		return;
	default:
		phone_answer(p, in, 405, 0);
	}
}

void phone_call_offered(struct phone *p, const struct wire_parcel *in)
{
	struct phone_fork *const f = fork_of(p, &in->msg);
	const uint8_t method = in->msg.index->method;

	if (method == SIP_ACK)
		return;
	if (f)
		inside(p, f, in);
	else
		phone_answer(p, in, method == SIP_OPTIONS ? 200 : method == SIP_INVITE ? 486 : 481, 0);
}

/* ---- Ending ---- */

static bool has_rung(const struct phone *p, rt_handle *branch)
{
	for (int i = 0; i < PHONE_ASKED; i++)
		if (p->asked[i].msg.text.p && p->asked[i].msg.index->method == SIP_INVITE && p->asked[i].branch) {
			*branch = p->asked[i].branch;
			return true;
		}
	return false;
}

void phone_call_give_up(struct phone *p, int result)
{
	struct wire_head head = { .verb = WIRE_GIVE_UP, .to = svc_pick(p->svc, WIRE_TRANSACTION, 0) };
	const bool again = p->cancelled;

	p->cancelled = true;
	p->result = result;
	svc_timer_start(p->svc, &p->limit, 0, PHONE_LIMIT, 64 * 500);
	if (somebody_talks(p)) {
		for (int i = 0; i < p->nfork; i++)
			if (p->fork[i].answered)
				say_bye(p, &p->fork[i]);
	} else if (has_rung(p, &head.branch)) {
		if (!again || !p->nfork)
			phone_ladder_note(p, "CANCEL");
		(void)!svc_post(p->svc, &head, 0);
	}
}

/* As many as are due, for timers come late; a gap is made up for, but not a long one. */
static void say_frames(struct phone *p)
{
	const uint64_t due = (svc_now(p->svc) - p->sound_began) / SOUND_MS;

	for (int i = 0; i < 3 && p->frames < due; i++, p->frames++)
		phone_sound_frame(&p->sound);
	p->frames = due;
}

void phone_call_timer(struct phone *p, enum phone_timer name)
{
	switch (name) {
	case PHONE_FRAME:
		svc_timer_start(p->svc, &p->frame, 0, PHONE_FRAME, SOUND_MS);
		say_frames(p);
		return;
	case PHONE_TALK:
		if (somebody_talks(p))
			phone_call_give_up(p, PHONE_ANSWERED);
		else
			phone_end(p, p->result);
		return;
	case PHONE_LIMIT:
		if (p->cancelled) {
			phone_end(p, p->result);
			return;
		}
		phone_ladder_note(p, "not answered in time");
		phone_call_give_up(p, PHONE_SILENT);
		return;
	default:
		return;
	}
}
