/* SPDX-License-Identifier: MIT */
/*
 * heir: a call whose proxy is gone is finished by what this tier knows, RFC 3261 16.7 to 16.10 without new targets.
 *
 *   RESULT of a branch   180 goes up; 200 goes up and CANCELs the others; a failure is kept, the best goes up when none is left
 *   CANCEL               goes to every branch; the caller gets their 487
 *   Timer C              likewise, and he gets 408
 *
 * Targets that were not tried yet went with the proxy. A branch is cancelled by a GIVE_UP to ourselves, so that no transaction moves while
 * another one does.
 */
#include "sip/draft.h"
#include "txn.h"

/* ---- Branches ---- */

static void give_up(struct txn *self, rt_handle client, const char *reason)
{
	const struct txn_slot *s = txn_slots_client(self->slots, client);
	const struct sip_msg lines = { .text = slice_str(reason) };
	struct wire_head head = { .verb = WIRE_GIVE_UP, .to = svc_id(self->svc), .branch = client };

	if (!s || !txn_state_waits(s->state))
		return;
	head.trail = s->trail;
	if (svc_post(self->svc, &head, &lines) < 0)
		rt_log(RT_LOG_W, "txn.uncancelled", s->trail, "branch=%llx", (unsigned long long)client);
}

static void give_up_all(struct txn *self, const struct txn_call *call, rt_handle but, const char *reason)
{
	for (int i = 0; i < call->n; i++)
		if (call->client[i] != but)
			give_up(self, call->client[i], reason);
}

/* Is anything still to come of a branch other than `but`? An Accepted one will hear its 2xx again until that is acknowledged. */
static bool hopes(const struct txn *self, const struct txn_call *call, rt_handle but)
{
	for (int i = 0; i < call->n; i++) {
		const struct txn_slot *s = txn_slots_client(self->slots, call->client[i]);

		if (call->client[i] != but && s && (txn_state_waits(s->state) || s->state == TXN_ACCEPTED))
			return true;
	}
	return false;
}

/* ---- To the caller ---- */

/* 16.7 step 3 and on: without our Via. */
static void pass_up(struct txn *self, struct txn_slot *server, const struct sip_msg *response)
{
	struct rt_arena *a = svc_arena(self->svc);
	struct sip_draft *d = sip_draft_from(a, response);
	const int status = response->index->status == 503 ? 500 : response->index->status;
	struct txn_hand hand = { 0 };

	if (!d)
		return;
	sip_draft_pop(d, SIP_HDR_VIA);
	if (status != response->index->status)
		sip_draft_status(d, status, SLICE_NONE);
	if (sip_draft_render(d, a, &hand.msg) < 0)
		return;
	if (txn_state_waits(server->state))
		server->status = (uint16_t)status;
	txn_step(self, server, txn_event_of_status(status), &hand);
}

static void finish(struct txn *self, const struct txn_call *call)
{
	struct txn_slot *server = txn_slots_server(self->slots, call->server);
	const int status = call->late ? 408 : call->failed ? call->failed : call->cancelled ? 487 : 500;
	struct sip_msg best;

	if (!server)
		return;
	if (call->best && !call->late) {
		best = txn_kept_msg(call->best);
		pass_up(self, server, &best);
		return;
	}
	txn_last_words(self, server, status == 503 ? 500 : status);
}

static void start_timer_c(struct txn *self, struct txn_call *call)
{
	svc_timer_start(self->svc, &call->timer, txn_call_handle(call), TXN_TIMER_C, (uint32_t)svc_config(self->svc)->proxy_timer_c * 1000);
}

/* ---- What happens ---- */

void txn_heir_take(struct txn *self, struct txn_call *call)
{
	struct txn_slot *server = txn_slots_server(self->slots, call->server);

	if (call->heir || !server)
		return;
	rt_log(RT_LOG_W, "txn.heir", server->trail, "user=%u branches=%u", server->user, call->n);
	call->heir = true;
	server->user = 0;
	for (int i = 0; i < call->n; i++) {
		struct txn_slot *s = txn_slots_client(self->slots, call->client[i]);

		if (s)
			s->user = 0;
	}
	start_timer_c(self, call);
	if (call->cancelled)
		give_up_all(self, call, 0, "");
	if (!hopes(self, call, 0))
		finish(self, call);
}

static void ringing(struct txn *self, struct txn_call *call, const struct txn_slot *s, const struct sip_msg *response)
{
	struct txn_slot *server = txn_slots_server(self->slots, s->client.served);

	if (!call || call->cancelled || !server) { /* nobody waits for him any more */
		give_up(self, txn_slot_handle(s), "");
		return;
	}
	if (response->index->status == 100)
		return;
	start_timer_c(self, call); /* 16.7 step 2 */
	pass_up(self, server, response);
}

static void answered(struct txn *self, struct txn_call *call, const struct txn_slot *s, const struct sip_msg *response)
{
	struct txn_slot *server = txn_slots_server(self->slots, s->client.served);

	if (call)
		give_up_all(self, call, txn_slot_handle(s), "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	if (server)
		pass_up(self, server, response);
}

static void failed(struct txn *self, struct txn_call *call, const struct txn_slot *s, int status, const struct sip_msg *response)
{
	txn_call_failed(&self->blocks, call, status, response);
	if (status >= 600) {
		call->cancelled = true;
		give_up_all(self, call, txn_slot_handle(s), "");
	}
	if (!hopes(self, call, txn_slot_handle(s)))
		finish(self, call);
}

void txn_heir_result(struct txn *self, const struct txn_slot *s, const struct txn_hand *hand, int reason)
{
	struct txn_call *call = txn_calls_of(self->calls, s->client.served);
	const struct sip_msg *response = hand->msg.index ? &hand->msg : 0;
	const int status = response ? response->index->status : reason == RT_TIMEOUT ? 408 : 503;

	if (response && sip_status_provisional(status))
		ringing(self, call, s, response);
	else if (response && sip_status_success(status))
		answered(self, call, s, response);
	else if (call)
		failed(self, call, s, status, response);
}

void txn_heir_cancel(struct txn *self, const struct txn_slot *server)
{
	struct txn_call *call = txn_calls_of(self->calls, txn_slot_handle(server));

	if (!call)
		return;
	call->cancelled = true;
	txn_keep_now(self, call);
	if (call->heir)
		give_up_all(self, call, 0, "");
}

void txn_heir_timer(struct txn *self, rt_handle handle)
{
	struct txn_call *call = txn_calls_get(self->calls, handle);

	if (!call)
		return;
	call->cancelled = call->late = true;
	give_up_all(self, call, 0, "");
	if (!hopes(self, call, 0))
		finish(self, call);
}
