/* SPDX-License-Identifier: MIT */
#include "relief.h"

#include "refuse.h"
#include "sip/via.h"

bool relief_concerns(const struct edge *edge, const struct sip_hop *hop)
{
	return netlist_has(&edge->neighbours, hop);
}

/* ---- We have too much ---- */

bool relief_is_promised(const struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin)
{
	struct sip_via via;

	return relief_concerns(edge, &origin->remote) && sip_via_parse(&via, sip_msg_get(request, SIP_HDR_VIA)) == 0 &&
	       oc_offered(via.params);
}

/* What we ask for at the moment, in whole percents. */
static struct oc_said our_state(struct edge *edge)
{
	const uint32_t share = shed_share(&edge->shed, svc_now(edge->svc));

	return (struct oc_said){ .percent = (uint8_t)((share * 100 + SHED_WHOLE - 1) / SHED_WHOLE), .validity = share ? OC_VALIDITY : 0 };
}

struct sip_msg relief_answer(struct edge *edge, const struct sip_msg *response, const struct sip_hop *to)
{
	const struct slice text = response->text;
	const uint32_t room = text.n + OC_ROOM;
	struct oc_said say;
	struct rt_cursor c;
	struct sip_via via;
	char *bytes;

	if (!relief_concerns(edge, to) || sip_via_parse(&via, sip_via_top(text)) < 0 || !oc_offered(via.params) ||
	    !(bytes = rt_arena_raw(edge->arena, room)))
		return *response;
	say = our_state(edge);
	c = rt_cursor_on(bytes, room);
	rt_cursor_put(&c, slice_head(text, (uint32_t)(via.params.p - text.p) - 1));
	oc_render(&c, via.params, &say, svc_wall_ms(edge->svc));
	rt_cursor_put(&c, slice_from(text, (uint32_t)(via.params.p - text.p) + via.params.n));
	return c.err ? *response : (struct sip_msg){ .text = rt_cursor_text(&c) };
}

/* ---- They have too much ---- */

static void tell_others(struct edge *edge, const struct sip_hop *peer, struct slice params)
{
	const struct sip_msg said = { .text = params };
	struct wire_head head = { .verb = WIRE_EASE, .remote = *peer };
	const struct wire_member *m;

	for (uint32_t i = 0; (m = wire_members_each(svc_members(edge->svc), &i));) {
		head.to = m->id;
		if (m->tier == WIRE_TRANSPORT && m->id != svc_id(edge->svc))
			(void)!svc_post(edge->svc, &head, &said); /* the next response says it again */
	}
}

static void log_change(const struct sip_hop *peer, uint32_t before, const struct oc_said *said)
{
	const uint32_t now = said->validity ? said->percent : 0;

	if (!before != !now)
		rt_log(now ? RT_LOG_W : RT_LOG_I, now ? "peer.overloaded" : "peer.relieved", 0, "peer=%s fewer=%u%% ms=%u",
		       edge_text(peer).s, now, said->validity);
}

static bool take(struct edge *edge, const struct sip_hop *peer, struct slice params, struct oc_said *said)
{
	const rt_ms now = svc_now(edge->svc);
	const uint32_t before = oc_percent(&edge->oc, peer, now);

	if (oc_read(said, params) < 0 || !oc_hear(&edge->oc, peer, said, now))
		return false;
	log_change(peer, before, said);
	return true;
}

void relief_heard(struct edge *edge, const struct sip_msg *response, const struct edge_origin *origin)
{
	struct oc_said said;
	struct sip_via via;

	if (relief_concerns(edge, &origin->remote) && sip_via_parse(&via, sip_msg_get(response, SIP_HDR_VIA)) == 0 &&
	    take(edge, &origin->remote, via.params, &said) && oc_is_news(&edge->oc, &origin->remote, &said, svc_now(edge->svc)))
		tell_others(edge, &origin->remote, via.params);
}

void relief_told(struct edge *edge, const struct wire_parcel *in)
{
	struct oc_said said;

	if (relief_concerns(edge, &in->head->remote))
		(void)take(edge, &in->head->remote, in->msg.text, &said);
}

bool relief_withholds(struct edge *edge, const struct sip_hop *to, const struct sip_msg *request, uint64_t mark)
{
	bool fresh;

	if (!relief_concerns(edge, to) || large_is_repeat(&edge->asked, mark, 1))
		return false;
	fresh = request->index && refuse_is_new(request) && !oc_is_urgent(request);
	if (!oc_holds(&edge->oc, to, fresh, svc_now(edge->svc), mark))
		return false;
	++*edge->count.withheld;
	return true;
}
