/* SPDX-License-Identifier: MIT */
/*
 * callee: one leg a contact.
 *
 *   NONE --INVITE: 180--> RINGING --all contacts ring, --ring ms: 200 (contact 0)--> ANSWERED  --ACK--> OVER
 *                                 --CANCEL: 487 (the others)-----------> CANCELLED --ACK--> OVER
 */
#include "callee.h"

#include <stdlib.h>

#include "caller.h"
#include "check.h"
#include "write.h"

static void answer(struct sock *s, const struct sockaddr_in *to, const struct message *m, const struct answer *a)
{
	const uint32_t n = write_answer(sock_begin(s), m, a);

	if (n)
		sock_commit(s, n, to);
}

static void send_kept(struct leg *leg)
{
	memcpy(sock_begin(leg->sock), leg->final, leg->final_n);
	sock_commit(leg->sock, leg->final_n, &leg->peer);
}

/* Contact number of the Request-URI: ...-k@ */
static int contact_of(struct slice uri)
{
	const int at = slice_find(uri, '@');
	const int k = at > 1 ? uri.p[at - 1] - '0' : 0;

	return k >= 0 && k < (int)options.contacts ? k : 0;
}

/* The 200 or 487 leaves now, and again until it is acknowledged; over TCP it cannot be lost on the way to us. */
static void finish(struct op *op, int k, enum leg_state state)
{
	struct leg *const leg = &op->leg[k];

	leg->state = state;
	leg->interval = OP_T1;
	send_kept(leg);
	if (!options.no_retransmit && options.proto == PROTO_UDP)
		op_leg_repeat_in(op, k, leg->interval);
}

void callee_repeat(struct op *op, int k)
{
	struct leg *const leg = &op->leg[k];

	if (leg->state == LEG_RINGING) { /* long enough */
		finish(op, k, LEG_ANSWERED);
		return;
	}
	counts.repeats_sent++;
	send_kept(leg);
	leg->interval = leg->interval * 2 > OP_T2 ? OP_T2 : leg->interval * 2;
	op_leg_repeat_in(op, k, leg->interval);
}

static void keep_final(struct leg *leg, const struct message *m, const struct answer *a)
{
	leg->final = malloc(SOCK_MESSAGE_MAX);
	if (!leg->final)
		die("out of memory");
	leg->final_n = write_answer(leg->final, m, a);
}

static void invite(struct op *op, int k, struct sock *s, const struct sockaddr_in *from, const struct message *m, uint64_t now)
{
	struct leg *const leg = &op->leg[k];
	char room[OP_TAG_MAX];
	const struct slice tag = check_leg_tag(op, k, room);
	const struct answer ringing = { "180 Ringing", tag, m->uri, false };
	const struct answer ok = { "200 OK", tag, m->uri, true }, gone = { "487 Request Terminated", tag, SLICE_NONE, false };

	if (leg->state != LEG_NONE) {
		counts.repeats_received++;
		if (leg->state == LEG_RINGING)
			answer(s, from, m, &ringing);
		else if (leg->state != LEG_OVER)
			send_kept(leg);
		return;
	}
	hist_add(&counts.forward, now - op->sent);
	leg->sock = s;
	leg->peer = *from;
	leg->state = LEG_RINGING;
	keep_final(leg, m, k == 0 ? &ok : &gone);
	answer(s, from, m, &ringing);
	if (++op->nleg < (int)options.contacts || op->leg[0].state != LEG_RINGING)
		return;
	if (options.ring > 0)
		op_leg_repeat_in(op, 0, (uint32_t)options.ring);
	else
		finish(op, 0, LEG_ANSWERED);
}

static void ack(struct op *op, int k)
{
	struct leg *const leg = &op->leg[k];

	counts.acks++;
	if (leg->state != LEG_ANSWERED && leg->state != LEG_CANCELLED)
		return;
	leg->state = LEG_OVER;
	op_leg_repeat_stop(op, k);
	caller_look(op);
}

static void cancel(struct op *op, int k, struct sock *s, const struct sockaddr_in *from, const struct message *m)
{
	char room[OP_TAG_MAX];
	const struct answer ok = { "200 OK", check_leg_tag(op, k, room), SLICE_NONE, false };

	counts.cancels++;
	answer(s, from, m, &ok);
	if (op->leg[k].state == LEG_RINGING)
		finish(op, k, LEG_CANCELLED);
}

/* BYE and MESSAGE: answered at once. */
static void plain(struct op *op, int k, struct sock *s, const struct sockaddr_in *from, const struct message *m, uint64_t now)
{
	char room[OP_TAG_MAX];
	const struct answer ok = { "200 OK", check_leg_tag(op, k, room), SLICE_NONE, false };

	answer(s, from, m, &ok);
	if (slice_eq(m->method, SLICE("BYE"))) {
		counts.byes++;
		op->bye_seen = true;
		caller_look(op);
	} else {
		hist_add(&counts.forward, now - op->sent);
	}
}

/* Its operation is over: whoever still asks shall stop asking. */
static void refuse(struct sock *s, const struct sockaddr_in *from, const struct message *m)
{
	const struct answer gone = { "481 Call/Transaction Does Not Exist", SLICE("gone"), SLICE_NONE, false };

	if (!slice_eq(m->method, SLICE("ACK")))
		answer(s, from, m, &gone);
}

void callee_request(struct sock *s, const struct sockaddr_in *from, const struct message *m, uint64_t now)
{
	bool ours;
	struct op *const op = op_find(m->call_id, &ours);

	if (!op) {
		++*(ours ? &counts.late : &counts.stray);
		refuse(s, from, m);
		return;
	}
	const int k = contact_of(m->uri);
	const enum fault why = check_request(op, m, k, k == 0);

	if (why)
		op_fail(op, why, "a request", m->text);
	else if (slice_eq(m->method, SLICE("INVITE")))
		invite(op, k, s, from, m, now);
	else if (slice_eq(m->method, SLICE("ACK")))
		ack(op, k);
	else if (slice_eq(m->method, SLICE("CANCEL")))
		cancel(op, k, s, from, m);
	else
		plain(op, k, s, from, m, now);
}
