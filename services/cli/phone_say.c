/* SPDX-License-Identifier: MIT */
/* phone_say: what the phone says: requests, answers, ACKs, and that it is done. */
#include "phone.h"

#include "rt/clock.h"
#include "sip/addr.h"

enum { TEXT = 512 };

/* ---- Texts ---- */

struct slice phone_token(struct phone *p)
{
	uint64_t dice;

	rt_random(&dice, sizeof(dice));
	return rt_arena_printf(p->arena, "%016llx", (unsigned long long)dice);
}

struct slice phone_contact(struct phone *p)
{
	char *const text = rt_arena_raw(svc_arena(p->svc), TEXT);
	struct rt_cursor c = rt_cursor_on(text, text ? TEXT : 0);

	rt_cursor_lit(&c, "<sip:");
	if (p->errand->user.n) {
		rt_cursor_put(&c, p->errand->user);
		rt_cursor_char(&c, '@');
	}
	sip_hop_render_host(&c, &p->local);
	rt_cursor_printf(&c, ":%u", p->local.port);
	if (p->local.proto != SIP_UDP) {
		rt_cursor_lit(&c, ";transport=");
		rt_cursor_put(&c, sip_transport_param((enum sip_transport)p->local.proto));
	}
	rt_cursor_char(&c, '>');
	return rt_cursor_text(&c);
}

struct sip_draft *phone_request(struct phone *p, struct slice method, struct slice uri)
{
	struct rt_arena *const a = svc_arena(p->svc);
	struct sip_draft *const d = sip_draft_request(a, method, uri);
	const struct slice to = p->errand->kind == PHONE_REGISTER ? p->errand->from : p->errand->uri;

	if (!d)
		return 0;
	sip_draft_append(d, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_append(d, SIP_HDR_FROM, p->from_value);
	sip_draft_append(d, SIP_HDR_TO, rt_arena_printf(a, "<" SLICE_FMT ">", SLICE_ARG(to)));
	sip_draft_append(d, SIP_HDR_CALL_ID, p->call_id);
	sip_draft_append(d, SIP_HDR_CSEQ, rt_arena_printf(a, "%u " SLICE_FMT, ++p->cseq, SLICE_ARG(method)));
	sip_draft_append(d, SIP_HDR_USER_AGENT, SLICE("peal " PEAL_VERSION));
	return d;
}

/* ---- Requests out ---- */

/* A copy until the end, and behind its text whom a TLS server must prove to be: wire/parcel.h wants the two side by side. */
static struct sip_msg keep(struct phone *p, const struct sip_msg *m)
{
	const struct slice name = p->name;
	struct sip_index *const index = rt_arena_raw(p->arena, SIP_INDEX_BYTES(m->index->nfield));
	char *const text = rt_arena_raw(p->arena, m->text.n + name.n);

	if (!index || !text)
		return (struct sip_msg){ .index = 0 };
	memcpy(index, m->index, SIP_INDEX_BYTES(m->index->nfield));
	memcpy(text, m->text.p, m->text.n);
	if (name.n)
		memcpy(text + m->text.n, name.p, name.n);
	return (struct sip_msg){ slice_of(text, m->text.n), index };
}

static int fork_request(struct phone *p, int i)
{
	struct wire_head head = phone_way(p, &p->asked[i].msg);

	head.verb = WIRE_FORK;
	head.to = svc_pick(p->svc, WIRE_TRANSACTION, 0);
	head.context = (rt_handle)i + 1;
	head.trail = svc_trail(p->svc);
	rt_random(&head.loop, sizeof(head.loop));
	phone_ladder(p, true, &p->asked[i].msg);
	return svc_post(p->svc, &head, &p->asked[i].msg);
}

int phone_ask(struct phone *p, struct sip_draft *d, int fork)
{
	struct sip_msg m;
	int i = 0, err = d ? sip_draft_render(d, svc_arena(p->svc), &m) : RT_NOMEM;

	while (i < PHONE_ASKED && p->asked[i].msg.text.p)
		i++;
	if (err || i == PHONE_ASKED)
		return err ? err : RT_NOMEM;
	p->asked[i] = (struct phone_asked){ .msg = keep(p, &m), .fork = (int8_t)fork };
	if (!p->asked[i].msg.text.p)
		return RT_NOMEM;
	err = fork_request(p, i);
	return err ? err : i;
}

int phone_send_ack(struct phone *p, struct sip_draft *d)
{
	struct wire_head head;
	struct sip_msg m;
	const int err = d ? sip_draft_render(d, svc_arena(p->svc), &m) : RT_NOMEM;

	if (err)
		return err;
	head = phone_way(p, &m);
	head.verb = WIRE_DEPART;
	head.flags = WIRE_STATELESS;
	head.to = p->edge;
	rt_random(&head.branch, sizeof(head.branch));
	phone_ladder(p, true, &m);
	m = keep(p, &m);
	return m.index ? svc_post(p->svc, &head, &m) : RT_NOMEM;
}

void phone_answer(struct phone *p, const struct wire_parcel *in, int status, struct sip_draft *d)
{
	const struct wire_head head = { .verb = WIRE_ANSWER, .to = in->head->from, .txn = in->head->txn, .trail = in->head->trail };
	struct sip_draft *const r = d ? d : sip_draft_reply(svc_arena(p->svc), &in->msg, status, SLICE_NONE, p->tag);
	struct sip_msg m;

	if (!r || sip_draft_render(r, svc_arena(p->svc), &m) || svc_post(p->svc, &head, &m))
		return;
	phone_ladder(p, true, &m);
}

void phone_end(struct phone *p, int how)
{
	if (!p->done)
		p->result = how;
	p->done = true;
	svc_stop(p->svc);
}
