/* SPDX-License-Identifier: MIT */
/*
 * caller: sends, hears answers, goes on.
 *
 *   WAITING --200--> ACK (HOLDING) BYE --> ENDING --200, and the called side saw ACK, BYE, CANCELs--> done
 */
#include "caller.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "check.h"
#include "digest.h"
#include "write.h"

enum { ATTEMPTS_MAX = 3 };

static uint64_t turn; /* now, for what a timer starts */

static void repeat_from_t1(struct op *op)
{
	op->interval = OP_T1;
	if (!options.no_retransmit && options.proto == PROTO_UDP)
		op_repeat_in(op, op->interval);
}

void caller_start(uint64_t scheduled, uint64_t now)
{
	struct op *const op = op_new(scheduled);

	if (!op)
		return;
	op->sent = turn = now;
	write_first(op);
	repeat_from_t1(op);
}

/* With credentials, or newer ones: a new CSeq and a new branch (RFC 3261 22.2, 8.1.3.5). */
static void ask_again(struct op *op)
{
	op->attempt++;
	op->sent = turn;
	op->cseq = options.mode == MODE_REGISTER ? ++op_subscriber(op)->cseq : op->cseq + 1;
	write_first(op);
	repeat_from_t1(op);
}

static void start_bye(struct op *op)
{
	op->state = OP_ENDING;
	op->bye_sent = turn;
	op_deadline_in(op, (uint32_t)options.timeout);
	write_bye(op);
	repeat_from_t1(op);
}

void caller_look(struct op *op)
{
	if (op->state != OP_ENDING || !op->bye_answered || !op->bye_seen)
		return;
	for (int k = 0; k < (int)options.contacts; k++)
		if (op->leg[k].state != LEG_OVER)
			return;
	op_done(op);
}

/* Into the operation's own text: what must outlive the message. */
static struct slice keep(struct op *op, uint32_t *at, struct slice s)
{
	if (s.n > sizeof(op->text) - *at)
		return SLICE_NONE;
	memcpy(op->text + *at, s.p, s.n);
	*at += s.n;
	return slice_of(op->text + *at - s.n, s.n);
}

static struct slice in_brackets(struct slice value)
{
	const int open = slice_find(value, '<'), close = slice_find(value, '>');

	return open >= 0 && close > open ? slice_of(value.p + open + 1, (uint32_t)(close - open - 1)) : value;
}

/* IP:port of a URI that has them; where else could an ACK without Route go? */
static bool hop_of(struct slice uri, struct sockaddr_in *out)
{
	char text[OP_URI_MAX], ip[32];
	int port;
	const int at = slice_find(uri, '@');

	if (!slice_cstr(slice_from(uri, (uint32_t)(at + 1)), text, sizeof(text)) || sscanf(text, "%31[0-9.]:%d", ip, &port) != 2)
		return false;
	*out = address_of(ip, port);
	return ntohl(out->sin_addr.s_addr) >> 24 == 127;
}

/* The dialog of a 2xx: remote target, tag and the Record-Routes in reverse (RFC 3261 12.1.2). */
static enum fault take_dialog(struct op *op, const struct message *m)
{
	char room[OP_ROUTE_MAX];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));
	uint32_t at = 0;

	for (int i = m->nrecord_route; i-- > 0 && i < MESSAGE_ROUTES_MAX;) {
		rt_cursor_lit(&c, "Route: ");
		rt_cursor_put(&c, m->record_route[i]);
		rt_cursor_lit(&c, "\r\n");
	}
	op->to_tag = keep(op, &at, message_tag(m->to));
	op->target = keep(op, &at, in_brackets(m->contact));
	op->route = keep(op, &at, rt_cursor_text(&c));
	if (!m->ncontact || !op->target.n)
		return FAULT_contact;
	if (c.err || (options.record_route && !m->nrecord_route))
		return FAULT_record_route;
	op->next_hop = options.target;
	return m->nrecord_route || hop_of(op->target, &op->next_hop) ? FAULT_NONE : FAULT_contact;
}

static void answered_call(struct op *op, const struct message *m, uint64_t now)
{
	const enum fault why = take_dialog(op, m);

	if (why) {
		op_fail(op, why, "200 to INVITE", m->text);
		return;
	}
	hist_add(&counts.answer, now - op->scheduled);
	op_repeat_stop(op);
	write_ack(op);
	if (options.hold > 0) {
		op->state = OP_HOLDING;
		op_repeat_in(op, (uint32_t)options.hold);
	} else {
		start_bye(op);
	}
}

static void success(struct op *op, const struct message *m, char kind, uint64_t now)
{
	if (kind == KIND_BYE) {
		hist_add(&counts.bye, now - op->bye_sent);
		op->bye_answered = true;
		op_repeat_stop(op);
		caller_look(op);
	} else if (kind == KIND_INVITE) {
		answered_call(op, m, now);
	} else {
		hist_add(&counts.answer, now - op->scheduled);
		op_done(op);
	}
}

static void final(struct op *op, const struct message *m, char kind, uint64_t now)
{
	const bool asked = m->status == 401 || m->status == 407;

	if (kind == KIND_INVITE && m->status >= 300)
		write_ack_failure(op, m);
	if (asked && options.auth != AUTH_NONE && op->attempt < ATTEMPTS_MAX && digest_take(op, m)) {
		ask_again(op);
	} else if (m->status != 200) {
		counts.status[m->status]++;
		op_fail(op, FAULT_status, options.mode_name, m->text);
	} else {
		success(op, m, kind, now);
	}
}

/* An answer heard before: a repeated 200 wants its ACK again (RFC 3261 13.2.2.4), a repeated failure too. */
static void heard_again(struct op *op, const struct message *m, char kind, int attempt)
{
	counts.repeats_received++;
	if (kind != KIND_INVITE || attempt != op->attempt)
		return;
	if (m->status < 300)
		write_ack(op);
	else
		write_ack_failure(op, m);
}

void caller_answer(const struct message *m, uint64_t now)
{
	const struct slice branch = message_param(m->via, SLICE("branch"));
	const struct slice digits = slice_from(branch, 7);
	bool ours;
	struct op *const op = op_find(digits, &ours);

	if (!op) {
		++*(ours ? &counts.late : &counts.stray);
		return;
	}
	const char kind = digits.n > 25 ? digits.p[24] : 0;
	const int attempt = digits.n > 25 ? digits.p[25] - '0' : -1;
	const bool expected = kind == KIND_BYE ? op->state == OP_ENDING && !op->bye_answered :
	                                         op->state == OP_WAITING && attempt == op->attempt;
	turn = now;
	if (!expected) {
		if (m->status >= 200)
			heard_again(op, m, kind, attempt);
		return;
	}
	const enum fault why = check_answer(op, m, kind);
	if (why)
		op_fail(op, why, "an answer", m->text);
	else if (m->status >= 200)
		final(op, m, kind, now);
	else if (kind == KIND_INVITE)
		op_repeat_stop(op); /* 17.1.1.2: a provisional ends the repeats */
}

void caller_repeat(struct op *op)
{
	if (op->state == OP_HOLDING) {
		turn = now_ns();
		start_bye(op);
		return;
	}
	counts.repeats_sent++;
	if (op->state == OP_ENDING)
		write_bye(op);
	else
		write_first(op);
	op->interval *= 2;
	if (op->interval > OP_T2 && (op->state == OP_ENDING || options.mode != MODE_CALL))
		op->interval = OP_T2;
	op_repeat_in(op, op->interval);
}
