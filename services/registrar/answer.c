/* SPDX-License-Identifier: MIT */
/* answer: 10.3 step 8, RFC 3327 5.3, RFC 3608 6.3, RFC 5626 6, RFC 5627 5.3. */
#include "answer.h"

#include "rt/cursor.h"
#include "sip/param.h"

struct sip_draft *reg_answer_refusal(struct rt_arena *a, const struct sip_msg *request, struct slice tag,
                                     const struct reg_refusal *why)
{
	struct sip_draft *d = sip_draft_reply(a, request, why->status, why->reason, tag);

	if (d && why->header != SIP_HDR_OTHER)
		sip_draft_append(d, why->header, why->value);
	return d;
}

/* RFC 5627 5.3: for who asked, and only where a device is named. */
static void put_gruus(struct rt_cursor *c, const struct loc_binding *b, const struct reg_grant *grant)
{
	rt_cursor_lit(c, ";pub-gruu=\"");
	auth_gruu_public(c, b->contact, grant->aor, b->instance);
	rt_cursor_lit(c, "\";temp-gruu=\"");
	auth_gruu_temporary(c, grant->gruu_key, b->contact, grant->aor, b->instance, b->call_id);
	rt_cursor_char(c, '"');
}

/* <sip:alice@192.0.2.7>;+sip.instance="<urn:..>";q=0.5;expires=3599 */
static struct slice contact(struct rt_arena *a, const struct loc_binding *b, const struct reg_grant *grant, bool gruu)
{
	const bool named = gruu && b->instance.n && grant->aor.n + b->instance.n < 400;
	const uint32_t room = b->contact.n + b->params.n + 64 + (named ? 2048 : 0);
	char *text = rt_arena_raw(a, room);
	struct rt_cursor c = rt_cursor_on(text, text ? room : 0);

	rt_cursor_char(&c, '<');
	rt_cursor_put(&c, b->contact);
	rt_cursor_char(&c, '>');
	if (b->params.n) {
		rt_cursor_char(&c, ';');
		rt_cursor_put(&c, b->params);
	}
	if (b->q != 1000)
		rt_cursor_printf(&c, ";q=0.%03u", b->q);
	rt_cursor_lit(&c, ";expires=");
	rt_cursor_u64(&c, (uint64_t)(b->expires_at - grant->now));
	if (named)
		put_gruus(&c, b, grant);
	if (!c.err)
		rt_arena_shrink(a, text, c.n);
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

/* RFC 3327 5.3: the phone learns the path, so that it may see who put himself into it. */
static void copy_path(struct sip_draft *d, const struct sip_msg *request)
{
	for (int f = sip_msg_first(request, SIP_HDR_PATH); f >= 0; f = sip_msg_next(request, f))
		sip_draft_append(d, SIP_HDR_PATH, sip_msg_value(request, f));
}

struct sip_draft *reg_answer_bindings(struct rt_arena *a, const struct sip_msg *request, struct slice tag,
                                      const struct reg_grant *grant, const struct loc_binding *b, int n)
{
	const bool gruu = sip_msg_lists(request, SIP_HDR_SUPPORTED, SLICE("gruu")) ||
	                  sip_msg_lists(request, SIP_HDR_REQUIRE, SLICE("gruu"));
	struct sip_draft *d = sip_draft_reply(a, request, 200, SLICE_NONE, tag);
	char *date = rt_arena_raw(a, 30);

	if (!d || !date)
		return 0;
	sip_draft_remove(d, SIP_HDR_RECORD_ROUTE); /* 10.3: it means nothing in a REGISTER */
	for (int i = 0; i < n; i++) {
		const struct slice value = contact(a, &b[i], grant, gruu);

		if (!slice_present(value))
			return 0;
		sip_draft_append(d, SIP_HDR_CONTACT, value);
	}
	copy_path(d, request);
	if (grant->service_route.n)
		sip_draft_append(d, SIP_HDR_SERVICE_ROUTE, grant->service_route);
	if (grant->outbound)
		sip_draft_append(d, SIP_HDR_REQUIRE, SLICE("outbound"));
	if (grant->outbound && grant->flow_timer)
		sip_draft_append(d, SIP_HDR_FLOW_TIMER, rt_arena_printf(a, "%u", grant->flow_timer));
	sip_draft_append(d, SIP_HDR_SUPPORTED, SLICE("path, outbound, gruu"));
	sip_draft_append(d, SIP_HDR_DATE, sip_date_render(grant->now, date));
	return d;
}
