/* SPDX-License-Identifier: MIT */
/*
 * step: one event through the machine: look up the rule, do its acts in order, enter the next state, start its timers.
 *
 * A slot has one running timer. A, E, G and N repeat or come first while B, F, H or Z waits as a deadline:
 *
 *   |--A--|----A----|--------A--------| B      whichever is due first hangs in the wheel
 */
#include "txn.h"

struct step {
	struct txn *self;
	struct txn_slot *s;
	enum txn_event ev;
	const struct txn_hand *hand;
	bool refused; /* nobody took the request */
};

/* ---- Timers ---- */

static bool is_long(enum txn_event timer) /* runs beside another one */
{
	return timer == TXN_EV_B || timer == TXN_EV_F || timer == TXN_EV_H || timer == TXN_EV_Z;
}

static void arm(struct txn *self, struct txn_slot *s, enum txn_event timer, uint32_t ms)
{
	svc_timer_start(self->svc, &s->timer, txn_slot_handle(s), (uint8_t)timer, ms);
}

static void arm_deadline(struct txn *self, struct txn_slot *s)
{
	const rt_ms now = svc_now(self->svc);

	if (s->deadline)
		arm(self, s, (enum txn_event)s->last, s->deadline > now ? (uint32_t)(s->deadline - now) : 0);
}

/* returns the timer when its time is zero: it fires now. */
static enum txn_event start_timer(struct txn *self, struct txn_slot *s, enum txn_event timer)
{
	const bool reliable = sip_transport_reliable(s->remote.proto);
	const int32_t ms = txn_timer_delay(timer, s->state, reliable, s->fired, &self->times);

	if (ms == 0)
		return timer;
	if (ms == TXN_NEVER || (s->deadline && svc_now(self->svc) + (rt_ms)ms >= s->deadline))
		arm_deadline(self, s);
	else
		arm(self, s, timer, (uint32_t)ms);
	return TXN_EVENTS;
}

static enum txn_event start_timers(struct txn *self, struct txn_slot *s, struct txn_rule rule)
{
	enum txn_event now = TXN_EVENTS;

	for (enum txn_event t = TXN_EV_FIRST_TIMER; t < TXN_EVENTS; t++) {
		if (!txn_rule_starts(rule, t) || !is_long(t))
			continue;
		s->last = (uint8_t)t;
		s->deadline = svc_now(self->svc) + (rt_ms)txn_timer_delay(t, s->state, false, 0, &self->times);
		arm_deadline(self, s);
	}
	for (enum txn_event t = TXN_EV_FIRST_TIMER; t < TXN_EVENTS; t++)
		if (txn_rule_starts(rule, t) && !is_long(t))
			now = start_timer(self, s, t);
	return now;
}

static void stop_timers(struct txn *self, struct txn_slot *s)
{
	svc_timer_stop(self->svc, &s->timer);
	s->deadline = 0;
	s->fired = 0;
}

/* A timer that has just fired: the one beside it goes on, unless the rule starts another. */
static void timer_fired(struct txn *self, struct txn_slot *s, enum txn_event timer)
{
	if (is_long(timer)) {
		s->deadline = 0;
		return;
	}
	if (s->fired < UINT8_MAX)
		s->fired++;
	arm_deadline(self, s);
}

/* ---- Acts, in the order of enum txn_act. 0, or why the message could not be sent ---- */

static int act_stop(struct step *st)
{
	stop_timers(st->self, st->s);
	return 0;
}

static int act_keep(struct step *st)
{
	struct txn_slot *s = st->s;
	const struct sip_msg *m = &st->hand->msg;
	const bool client = txn_kind_is_client(s->kind);
	const bool request = st->ev == TXN_EV_START || st->ev == TXN_EV_STRANGER;
	const enum txn_keep what = client ? TXN_KEEP_WHOLE : request ? TXN_KEEP_HEAD : TXN_KEEP_TEXT;

	if (sip_transport_reliable(s->remote.proto) &&
	    (s->kind == TXN_PLAIN_CLIENT || (s->kind == TXN_PLAIN_SERVER && !request)))
		return 0; /* sent once, and nothing is made from it */
	txn_slot_keep(s, txn_kept_new(&st->self->blocks, m, what, client ? s->client.name_n : 0));
	if (!client && !request && s->kept && m->index) {
		s->server.tag = m->index->facts.to_tag;
		s->server.born.sent_tag = txn_tag_hash(sip_msg_span(m, m->index->facts.to_tag), st->self->match_key);
	}
	return 0;
}

static int send(struct step *st, const struct sip_msg *m)
{
	return txn_kind_is_client(st->s->kind) ? txn_client_send(st->self, st->s, m) :
						 txn_server_send(st->self, st->s, m);
}

static int act_send(struct step *st)
{
	return send(st, &st->hand->msg);
}

static int act_resend(struct step *st)
{
	struct sip_msg m;

	if (!st->s->kept)
		return 0;
	m = txn_kept_msg(st->s->kept);
	++*st->self->count.retransmits;
	return send(st, &m);
}

static int act_send_ack(struct step *st)
{
	return txn_client_send_ack(st->self, st->s, st->hand);
}

static int act_send_100(struct step *st)
{
	return txn_server_send_100(st->self, st->s, st->hand);
}

static int act_send_cancel(struct step *st)
{
	return txn_client_send_cancel(st->self, st->s, st->hand);
}

static int act_up(struct step *st)
{
	if (txn_kind_is_client(st->s->kind))
		txn_client_up(st->self, st->s, st->hand, 0);
	else
		st->refused = txn_server_up(st->self, st->s, st->ev, st->hand) < 0 &&
			      (st->ev == TXN_EV_START || st->ev == TXN_EV_STRANGER);
	return 0;
}

static void tell(struct step *st, int reason)
{
	static const struct txn_hand nothing;

	if (txn_kind_is_client(st->s->kind))
		txn_client_up(st->self, st->s, &nothing, reason);
	else
		txn_server_up_error(st->self, st->s, reason);
}

static int act_up_timeout(struct step *st)
{
	++*st->self->count.timeouts;
	tell(st, RT_TIMEOUT);
	return 0;
}

static int act_up_error(struct step *st)
{
	tell(st, st->hand->reason ? st->hand->reason : RT_DOWN);
	return 0;
}

static int act_drop(struct step *st)
{
	txn_slot_keep(st->s, 0);
	return 0;
}

static int do_acts(struct step *st, uint32_t acts)
{
	static int (*const act[TXN_TIMER_SHIFT])(struct step *) = {
		act_stop,     act_keep,        act_send, act_resend,     act_send_ack,
		act_send_100, act_send_cancel, act_up,   act_up_timeout, act_up_error,
		act_drop,
	};
	int err = 0, first = 0;

	for (unsigned i = 0; i < TXN_TIMER_SHIFT; i++) {
		if (acts & 1u << i)
			err = act[i](st);
		if (err && !first)
			first = err;
		err = 0;
	}
	return first;
}

/* ---- The one door ---- */

/* An INVITE that has its final answer is no call of ours any more. */
static void end_call(struct txn *self, const struct txn_slot *s)
{
	struct txn_call *call = s->kind == TXN_INVITE_SERVER ? txn_calls_of(self->calls, txn_slot_handle(s)) : 0;

	if (!call)
		return;
	svc_timer_stop(self->svc, &call->timer);
	txn_keep_end(self, call);
	txn_calls_close(self->calls, call);
}

static void txn_enter(struct txn *self, struct txn_slot *s, enum txn_state next, enum txn_event by)
{
	if (next == TXN_SAME || next == s->state)
		return;
	rt_log(RT_LOG_D, "txn.state", s->trail, "kind=%s from=%s to=%s by=%s", txn_kind_name(s->kind),
	       txn_state_name(s->state), txn_state_name(next), txn_event_name(by));
	if (txn_state_waits(s->state) && !txn_state_waits(next))
		end_call(self, s);
	self->waiting += txn_state_waits(next);
	self->waiting -= txn_state_waits(s->state);
	s->state = (uint8_t)next;
}

void txn_appear(struct txn *self, struct txn_slot *s, enum txn_state state)
{
	self->waiting += txn_state_waits(state);
	s->state = (uint8_t)state;
	*self->count.clients = txn_slots_clients(self->slots);
	*self->count.servers = txn_slots_servers(self->slots);
}

static void say_end(const struct txn *self, const struct txn_slot *s)
{
	if (s->kind == TXN_INVITE_CLIENT || s->kind == TXN_INVITE_SERVER)
		rt_log(RT_LOG_I, "txn.end", s->trail, "kind=%s status=%u ms=%llu", txn_kind_name(s->kind), s->status,
		       (unsigned long long)(svc_now(self->svc) - s->since));
}

void txn_end(struct txn *self, struct txn_slot *s)
{
	struct txn_slot *cancel = 0;

	if (s->kind == TXN_INVITE_CLIENT && s->client.other)
		cancel = txn_slots_client(self->slots, s->client.other);
	say_end(self, s);
	end_call(self, s);
	self->waiting -= txn_state_waits(s->state);
	stop_timers(self, s);
	txn_slot_close(self->slots, s);
	if (cancel)
		txn_end(self, cancel); /* responses to it could not be told apart any more, and nothing hangs on them */
	*self->count.clients = txn_slots_clients(self->slots);
	*self->count.servers = txn_slots_servers(self->slots);
}

/* A refused hand-over is a failed send: the transport or its mailbox is gone. Over an unreliable transport a full mailbox is just a lost
 * datagram, which timers and peers repair. */
static bool is_unsent(const struct step *st, enum txn_event by, int err)
{
	return err && by != TXN_EV_UNSENT && (err != RT_NOMEM || sip_transport_reliable(st->s->remote.proto));
}

/* What the step itself gives rise to, in place of an event from outside. */
static void follow_up(struct step *st, enum txn_event by, int err, struct txn_hand *own)
{
	if (is_unsent(st, by, err)) {
		own->reason = err;
		st->ev = TXN_EV_UNSENT;
	} else if (st->refused && txn_reply(st->self, &st->hand->msg, 503, txn_own_tag(st->self, &st->hand->msg),
					    &own->msg) == 0) {
		++*st->self->count.refused;
		st->s->status = 503;
		st->ev = TXN_EV_FAIL;
	} else {
		return;
	}
	st->refused = false;
	st->hand = own;
}

void txn_step(struct txn *self, struct txn_slot *s, enum txn_event ev, const struct txn_hand *hand)
{
	struct txn_hand own = { 0 };
	struct step st = { .self = self, .s = s, .ev = ev, .hand = hand };

	while (st.ev != TXN_EVENTS) {
		const struct txn_rule rule = txn_machine_step(s->kind, s->state, st.ev);
		const enum txn_event by = st.ev;
		int err;

		if (by >= TXN_EV_FIRST_TIMER)
			timer_fired(self, s, by);
		if (!rule.next && !rule.acts) {
			rt_log(RT_LOG_D, "txn.ignored", s->trail, "kind=%s state=%s by=%s", txn_kind_name(s->kind),
			       txn_state_name(s->state), txn_event_name(by));
			return;
		}
		err = do_acts(&st, rule.acts);
		txn_enter(self, s, rule.next, by);
		if (s->state == TXN_TERMINATED) {
			txn_end(self, s);
			return;
		}
		st.ev = start_timers(self, s, rule);
		follow_up(&st, by, err, &own);
	}
}
