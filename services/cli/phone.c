/* SPDX-License-Identifier: MIT */
/*
 * phone: the actor. To the transaction tier it is the proxy: it FORKs requests, gets their RESULTs, and is OFFERed what comes in.
 *
 * Takes   RESULT, OFFER, ABANDON, UNSENT         Sends   FORK, GIVE_UP, ANSWER; DEPART for the ACK of a 2xx
 */
#include "phone.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "auth/answer.h"

enum { ARENA = 4 << 20 };

const struct phone_errand *phone_errand;
int phone_result;

static int signals = -1; /* Ctrl-C hangs up */

/* ---- Passwords ---- */

static struct slice credentials(struct phone *p, const struct phone_asked *asked, const struct sip_msg *m, enum sip_hdr challenge)
{
	enum { ROOM = 2048 };
	const struct auth_client me = { p->errand->user, p->errand->password, sip_msg_method(&asked->msg), sip_msg_target(&asked->msg),
					phone_token(p) };
	char *const text = rt_arena_raw(svc_arena(p->svc), ROOM);

	for (int f = sip_msg_first(m, challenge); f >= 0 && text; f = sip_msg_next(m, f)) {
		struct rt_cursor c = rt_cursor_on(text, ROOM);
		struct sip_cred cred;

		if (sip_cred_parse(&cred, sip_msg_value(m, f)) == 0 && auth_answer(&c, &cred, &me) == 0)
			return rt_cursor_text(&c);
	}
	return SLICE_NONE;
}

/* The same request once more, with a password: 22.2, 22.3. True when it is on its way. */
static bool ask_again(struct phone *p, struct phone_asked *asked, const struct sip_msg *m)
{
	const bool proxy = m->index->status == 407;
	const struct slice answer = slice_present(p->errand->password) && !asked->authorized && (proxy || m->index->status == 401)
					    ? credentials(p, asked, m, proxy ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE)
					    : SLICE_NONE;
	const struct sip_msg old = asked->msg;
	uint32_t *const cseq = asked->fork < 0 ? &p->cseq : &p->fork[asked->fork].dialog.local_cseq;
	struct sip_draft *const d = slice_present(answer) ? sip_draft_from(svc_arena(p->svc), &old) : 0;
	int i;

	if (!d)
		return false;
	sip_draft_set(d, SIP_HDR_CSEQ, rt_arena_printf(svc_arena(p->svc), "%u " SLICE_FMT, ++*cseq, SLICE_ARG(sip_msg_method(&old))));
	sip_draft_append(d, proxy ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION, answer);
	asked->msg.text.p = 0;
	i = phone_ask(p, d, asked->fork);
	if (i >= 0)
		p->asked[i].authorized = true;
	return i >= 0;
}

/* ---- What comes ---- */

static void unanswered(struct phone *p, const struct phone_asked *asked, int reason)
{
	phone_ladder_note(p, SLICE_FMT ": %s", SLICE_ARG(sip_msg_method(&asked->msg)),
			  reason == RT_TIMEOUT ? "no answer"
			  : p->server.proto == SIP_TLS ? "the server cannot be reached, or its certificate is not trusted"
							       : "the server cannot be reached");
	if (asked->fork < 0 || asked->msg.index->method == SIP_BYE)
		phone_end(p, p->result >= 0 ? p->result : PHONE_SILENT);
}

static void begin_errand(struct phone *p);

/* Nobody answered, 503, 3xx: the same from the beginning, elsewhere. True when it is on its way. */
static bool try_elsewhere(struct phone *p, struct phone_asked *asked, const struct sip_msg *m)
{
	const int status = m ? m->index->status : 503;

	if (asked->fork >= 0 || (status != 503 && !sip_status_redirect(status)) || !phone_way_next(p, m))
		return false;
	asked->msg.text.p = 0;
	begin_errand(p);
	return true;
}

static void finished(struct phone *p, const struct sip_msg *m)
{
	const int status = m->index->status;

	phone_ladder_advice(p, status);
	phone_end(p, sip_status_success(status) ? PHONE_ANSWERED : PHONE_REFUSED);
}

static void result(struct phone *p, const struct wire_parcel *in)
{
	const uint64_t i = in->head->context - 1;
	struct phone_asked *const asked = i < PHONE_ASKED ? &p->asked[i] : 0;
	struct phone_asked copy;

	if (!asked || !asked->msg.text.p)
		return;
	asked->branch = in->head->branch;
	copy = *asked;
	if (!in->msg.index) {
		asked->msg.text.p = 0;
		if (!try_elsewhere(p, asked, 0))
			unanswered(p, &copy, in->head->reason);
		return;
	}
	phone_ladder(p, false, &in->msg);
	if (sip_status_failure(in->msg.index->status) && ask_again(p, asked, &in->msg))
		return;
	if (try_elsewhere(p, asked, &in->msg))
		return;
	if (sip_status_final(in->msg.index->status) && copy.msg.index->method != SIP_INVITE)
		asked->msg.text.p = 0; /* a forked INVITE may be answered more than once */
	if (copy.msg.index->method == SIP_INVITE)
		phone_call_response(p, &copy, &in->msg);
	else if (sip_status_final(in->msg.index->status) && copy.fork >= 0)
		phone_call_answered(p, &copy, &in->msg);
	else if (sip_status_final(in->msg.index->status))
		finished(p, &in->msg);
}

static void parcel(void *self, const struct wire_parcel *in)
{
	struct phone *const p = self;

	if (in->head->verb == WIRE_RESULT)
		result(p, in);
	else if (in->head->verb == WIRE_OFFER && in->msg.index) {
		phone_ladder(p, false, &in->msg);
		phone_call_offered(p, in);
	}
}

/* ---- The errand ---- */

static void simple_errand(struct phone *p)
{
	static const struct slice method[] = { [PHONE_REGISTER] = { "REGISTER", 8 }, [PHONE_OPTIONS] = { "OPTIONS", 7 },
					       [PHONE_MESSAGE] = { "MESSAGE", 7 } };
	const struct phone_errand *const e = p->errand;
	struct sip_draft *const d = phone_request(p, method[e->kind], p->uri);

	if (d && e->kind == PHONE_REGISTER) {
		sip_draft_append(d, SIP_HDR_CONTACT, slice_present(e->contact)
				 ? rt_arena_printf(svc_arena(p->svc), "<" SLICE_FMT ">", SLICE_ARG(e->contact)) : phone_contact(p));
		sip_draft_append(d, SIP_HDR_EXPIRES, rt_arena_printf(svc_arena(p->svc), "%u", e->seconds));
	}
	if (d && e->kind == PHONE_OPTIONS)
		sip_draft_append(d, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	if (d && e->kind == PHONE_MESSAGE)
		sip_draft_body(d, SLICE("text/plain;charset=UTF-8"), e->text);
	if (phone_ask(p, d, -1) < 0)
		phone_end(p, PHONE_SILENT);
}

static void begin_errand(struct phone *p)
{
	if (p->errand->kind == PHONE_CALL)
		phone_call_begin(p);
	else
		simple_errand(p);
}

static void begin(struct phone *p)
{
	if (phone_way_begin(p))
		begin_errand(p);
	else
		phone_end(p, PHONE_SILENT);
}

static void timer(void *self, struct rt_timer *t)
{
	struct phone *const p = self;

	if (t->name == PHONE_START) {
		begin(p);
	} else if (t->name == PHONE_LIMIT && p->errand->kind != PHONE_CALL) {
		phone_ladder_note(p, "no answer in time");
		phone_end(p, PHONE_SILENT);
	} else {
		phone_call_timer(p, (enum phone_timer)t->name);
	}
}

static void interrupted(void *self, int fd, uint32_t ready)
{
	struct phone *const p = self;
	struct signalfd_siginfo info;

	(void)ready;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (p->errand->kind == PHONE_CALL && !p->cancelled)
		phone_call_give_up(p, p->result >= 0 ? p->result : PHONE_SILENT);
	else
		phone_end(p, PHONE_SILENT);
}

static int watch_signals(struct phone *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? RT_DOWN : svc_watch(p->svc, signals, EPOLLIN, interrupted);
}

static void close_phone(void **self_p)
{
	struct phone *const p = *self_p;
	struct rt_timer *const timers[] = { &p->start, &p->limit, &p->talk, &p->frame };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		svc_timer_stop(p->svc, timers[i]);
	phone_result = p->result;
	svc_unwatch(p->svc, signals);
	close(signals);
	if (p->sound.fd >= 0)
		svc_unwatch(p->svc, p->sound.fd);
	phone_sound_close(&p->sound);
	free(p->sound.sample);
	auth_thread_stop();
	rt_arena_destroy(&p->arena);
	free(p);
	*self_p = NULL;
}

static int open_phone(void **self_p, struct svc *svc)
{
	struct phone *const p = calloc(1, sizeof(*p));

	*self_p = p;
	if (!p)
		return RT_NOMEM;
	p->svc = svc;
	p->errand = phone_errand;
	p->arena = rt_arena_new(ARENA);
	p->result = -1;
	p->talking = -1;
	p->sound.fd = -1;
	p->began = svc_now(svc);
	if (!p->arena || watch_signals(p))
		return RT_NOMEM;
	p->tag = phone_token(p);
	p->call_id = phone_token(p);
	p->from_value = rt_arena_printf(p->arena, "<" SLICE_FMT ">;tag=" SLICE_FMT, SLICE_ARG(p->errand->from), SLICE_ARG(p->tag));
	svc_timer_start(svc, &p->start, 0, PHONE_START, 0);
	svc_timer_start(svc, &p->limit, 0, PHONE_LIMIT, p->errand->timeout_ms);
	return 0;
}

static uint32_t load(const void *self)
{
	(void)self;
	return 0;
}

const struct svc_actor phone_actor = {
	.tier = WIRE_PROXY,
	.open = open_phone,
	.parcel = parcel,
	.timer = timer,
	.load = load,
	.close = close_phone,
};
