/* SPDX-License-Identifier: MIT */
/* check: one function a header; the first that is wrong names the fault. */
#include "check.h"

#include "write.h"

enum { FORWARDS_SENT = 70, BRANCH_DIGITS = 24 };

static bool same_call_id(const struct op *op, const struct message *m)
{
	char room[64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	put_call_id(&c, op);
	return slice_eq(rt_cursor_text(&c), m->call_id);
}

static bool same_from(const struct op *op, const struct message *m)
{
	char room[8];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	rt_cursor_hex(&c, op->tag, 8);
	return slice_eq(rt_cursor_text(&c), message_tag(m->from));
}

static struct slice method_of(char kind)
{
	switch (kind) {
	case KIND_REGISTER:
		return SLICE("REGISTER");
	case KIND_OPTIONS:
		return SLICE("OPTIONS");
	case KIND_MESSAGE:
		return SLICE("MESSAGE");
	case KIND_BYE:
		return SLICE("BYE");
	default:
		return SLICE("INVITE");
	}
}

static bool right_rport(const struct op *op, const struct message *m)
{
	uint32_t port;

	return options.proto != PROTO_UDP || (slice_u32(message_param(m->via, SLICE("rport")), &port) && port == op->sock->port);
}

/* How often ours stand in the answer's list of bindings, whether one a line or separated by commas. */
static bool all_contacts(const struct message *m)
{
	return m->ncontact == (int)options.contacts;
}

enum fault check_answer(const struct op *op, const struct message *m, char kind)
{
	const bool bye = kind == KIND_BYE;
	const struct slice tag = message_tag(m->to);

	if (m->nvia != 1)
		return FAULT_via;
	if (!right_rport(op, m))
		return FAULT_rport;
	if (m->cseq != op->cseq + bye || !slice_eq(m->cseq_method, method_of(kind)))
		return FAULT_cseq;
	if (!same_call_id(op, m))
		return FAULT_call_id;
	if (!same_from(op, m))
		return FAULT_from;
	if (m->status > 100 && (!tag.n || (bye && !slice_eq(tag, op->to_tag))))
		return FAULT_to;
	if (kind == KIND_REGISTER && m->status == 200 && options.expires > 0 && !all_contacts(m))
		return FAULT_contact;
	return FAULT_NONE;
}

struct slice check_leg_tag(const struct op *op, int k, char room[OP_TAG_MAX])
{
	struct rt_cursor c = rt_cursor_on(room, OP_TAG_MAX);

	rt_cursor_lit(&c, "callee");
	rt_cursor_u64(&c, (uint64_t)k);
	rt_cursor_hex(&c, op->handle, 10);
	return rt_cursor_text(&c);
}

static bool right_uri(const struct op *op, const struct message *m, int k)
{
	char room[OP_URI_MAX];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	put_contact_uri(&c, op->aor, k);
	return slice_eq(rt_cursor_text(&c), m->uri);
}

/* Two: the proxy's, and below it the caller's own. */
static bool vias_end_to_end(const struct op *op, const struct message *m)
{
	const struct slice branch = message_param(m->last_via, SLICE("branch"));
	bool ours;

	return m->nvia == 2 && op_find(slice_from(branch, 7), &ours) == op;
}

static bool right_body(const struct message *m)
{
	if (slice_eq(m->method, SLICE("INVITE")))
		return slice_eq(m->body, write_sdp());
	if (slice_eq(m->method, SLICE("MESSAGE")))
		return slice_eq(m->body, SLICE("hello world"));
	return m->body.n == 0;
}

enum fault check_request(const struct op *op, const struct message *m, int k, bool success_ack)
{
	const bool bye = slice_eq(m->method, SLICE("BYE")), ack = slice_eq(m->method, SLICE("ACK"));
	const bool hop_by_hop = slice_eq(m->method, SLICE("CANCEL")) || (ack && !success_ack);
	char room[OP_TAG_MAX];

	if (hop_by_hop ? m->nvia != 1 : !vias_end_to_end(op, m))
		return FAULT_via;
	if (m->cseq != op->cseq + bye || !slice_eq(m->cseq_method, m->method))
		return FAULT_cseq;
	if (!same_call_id(op, m))
		return FAULT_call_id;
	if (!same_from(op, m))
		return FAULT_from;
	if ((bye || ack) && !slice_eq(message_tag(m->to), check_leg_tag(op, k, room)))
		return FAULT_to;
	if (!right_uri(op, m, k))
		return FAULT_uri;
	if (!hop_by_hop && m->max_forwards != FORWARDS_SENT - 1)
		return FAULT_max_forwards;
	if ((!hop_by_hop && m->nroute) || (options.record_route && slice_eq(m->method, SLICE("INVITE")) && !m->nrecord_route))
		return FAULT_record_route;
	return right_body(m) ? FAULT_NONE : FAULT_body;
}
