/* SPDX-License-Identifier: MIT */
/* bind: contacts to bindings. */
#include "bind.h"

#include "rt/cursor.h"
#include "sip/addr.h"
#include "sip/param.h"
#include "sip/uri.h"

struct plan {
	const struct sip_msg *request;
	const struct reg_limits *limits;
	const struct reg_source *source;
	int64_t now;
	struct rt_arena *arena;
	struct reg_plan *out;
	struct reg_refusal *why;
	struct slice domain, path;
	bool wants_outbound; /* Supported: outbound */
};

static int refuse(struct plan *p, int status, struct slice reason)
{
	*p->why = (struct reg_refusal){ .status = status, .reason = reason };
	return RT_DENIED;
}

/* A proxy we could send to: what does not read as one would make every call to this phone fail (RFC 3327 4). */
static bool is_hop(struct slice value)
{
	struct sip_addr addr;
	struct sip_uri uri;

	return sip_addr_uri(value, &addr, &uri) == 0 && (uri.scheme == SIP_SCHEME_SIP || uri.scheme == SIP_SCHEME_SIPS);
}

int reg_path(const struct sip_msg *request, struct rt_arena *a, struct slice *out)
{
	uint32_t room = 1;
	struct rt_cursor c;
	char *text;

	for (int f = sip_msg_first(request, SIP_HDR_PATH); f >= 0; f = sip_msg_next(request, f)) {
		if (!is_hop(sip_msg_value(request, f)))
			return RT_BAD;
		room += sip_msg_value(request, f).n + 2;
	}
	text = rt_arena_raw(a, room);
	if (!text)
		return RT_NOMEM;
	c = rt_cursor_on(text, room);
	for (int f = sip_msg_first(request, SIP_HDR_PATH); f >= 0; f = sip_msg_next(request, f)) {
		if (c.n)
			rt_cursor_lit(&c, ", ");
		rt_cursor_put(&c, sip_msg_value(request, f));
	}
	*out = rt_cursor_text(&c);
	return 0;
}

/* ---- Contact: * ---- */

static bool is_star(struct slice value)
{
	return slice_eq(slice_trim(value), SLICE("*"));
}

/* 10.3 step 6: alone, and with Expires: 0. */
static int plan_star(struct plan *p, int contacts)
{
	const struct slice expires = sip_msg_get(p->request, SIP_HDR_EXPIRES);
	uint32_t seconds;

	if (contacts != 1)
		return refuse(p, 400, SLICE("Contact * Must Stand Alone"));
	if (!slice_present(expires) || !sip_seconds_parse(slice_trim(expires), &seconds) || seconds != 0)
		return refuse(p, 400, SLICE("Contact * Needs Expires 0"));
	p->out->remove_all = true;
	return 0;
}

/* ---- One contact ---- */

/* Those that have a place of their own, or are ours to say (RFC 5627 5.3). */
static bool is_dropped(struct slice name)
{
	static const char *const names[] = { "q", "expires", "pub-gruu", "temp-gruu" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

/* Parameters as registered, without those. */
static int keep_params(struct plan *p, struct slice params, struct slice *out)
{
	const uint32_t room = 2 * params.n + 1;
	char *text = rt_arena_raw(p->arena, room);
	struct rt_cursor c = rt_cursor_on(text, text ? room : 0);
	struct sip_param one;

	while (sip_param_next(&params, &one) > 0) {
		if (is_dropped(one.name))
			continue;
		if (c.n)
			rt_cursor_char(&c, ';');
		rt_cursor_put(&c, one.name);
		if (!slice_present(one.value))
			continue;
		rt_cursor_char(&c, '=');
		rt_cursor_put(&c, one.value);
	}
	*out = rt_cursor_text(&c);
	return text && !c.err ? 0 : RT_NOMEM;
}

static int read_q(struct plan *p, struct slice params, struct loc_binding *b)
{
	const struct slice q = sip_param_get(params, SLICE("q"));
	const int value = slice_present(q) ? sip_q_parse(q) : 1000;

	if (value < 0)
		return refuse(p, 400, SLICE("Malformed q"));
	b->q = (uint16_t)value;
	return 0;
}

static int read_expiry(struct plan *p, struct slice params, struct loc_binding *b)
{
	uint32_t seconds;

	if (!reg_expiry(p->limits, sip_param_get(params, SLICE("expires")), sip_msg_get(p->request, SIP_HDR_EXPIRES), &seconds)) {
		const struct slice min = rt_arena_printf(p->arena, "%u", p->limits->min);

		*p->why = (struct reg_refusal){ .status = 423, .header = SIP_HDR_MIN_EXPIRES, .value = min };
		return slice_present(min) ? RT_DENIED : RT_NOMEM;
	}
	b->expires_at = seconds ? p->now + seconds : 0;
	return 0;
}

/* The instance without its quotes; RFC 5626 11.1: it stands in angle brackets, anything else is none. */
static struct slice instance_of(struct plan *p, struct slice params)
{
	const struct slice text = sip_unquote(sip_param_get(params, SLICE("+sip.instance")), p->arena);
	const bool fine = text.n > 2 && text.n <= 256 && text.p[0] == '<' && text.p[text.n - 1] == '>';

	return fine ? text : SLICE("");
}

bool reg_way_leads_back(const struct sip_msg *request, const struct sip_hop *source)
{
	const struct sip_facts *const f = &request->index->facts;
	const uint16_t port = f->via_port ? f->via_port : sip_transport_port(SIP_UDP);
	struct sip_hop said;

	if (sip_msg_count(request, SIP_HDR_VIA) > 1)
		return false;
	if (source->proto != SIP_UDP)
		return true;
	return sip_hop_ip(&said, sip_msg_span(request, f->via_host), SIP_UDP, port) || !sip_hop_same(&said, source);
}

/* Did it come through a proxy, whose first one is not known to keep flows? RFC 5626 6 */
static bool edge_lacks_outbound(const struct plan *p)
{
	struct slice last = SLICE_NONE;
	struct sip_addr addr;
	struct sip_uri uri;

	if (sip_msg_count(p->request, SIP_HDR_VIA) < 2)
		return false;
	for (int f = sip_msg_first(p->request, SIP_HDR_PATH); f >= 0; f = sip_msg_next(p->request, f))
		last = sip_msg_value(p->request, f);
	return !slice_present(last) || sip_addr_uri(last, &addr, &uri) || !slice_present(sip_uri_param(&uri, SLICE("ob")));
}

/* The hex digits of a UUID are the same in any case (RFC 4122 3), so one device has one name. */
static struct slice name_of(struct plan *p, struct slice instance)
{
	char *const text = rt_arena_raw(p->arena, instance.n);
	struct rt_cursor c = rt_cursor_on(text, text ? instance.n : 0);

	if (!slice_starts_nocase(instance, SLICE("<urn:uuid:")))
		return instance;
	for (uint32_t i = 0; i < instance.n; i++)
		rt_cursor_char(&c, (char)(instance.p[i] >= 'A' && instance.p[i] <= 'Z' ? instance.p[i] | 0x20 : instance.p[i]));
	return c.err ? instance : rt_cursor_text(&c);
}

/* What names the binding: instance and reg-id, or the contact itself. */
static int name_binding(struct plan *p, struct slice params, struct loc_binding *b)
{
	const struct slice reg_id = sip_param_get(params, SLICE("reg-id"));
	uint32_t number;

	b->instance = instance_of(p, params);
	if (b->instance.n && p->wants_outbound && slice_u32(reg_id, &number) && number > 0 && number <= INT32_MAX) {
		if (edge_lacks_outbound(p))
			return refuse(p, 439, SLICE("First Hop Lacks Outbound Support"));
		b->reg_id = number;
		p->out->outbound = true;
		b->id = rt_arena_printf(p->arena, SLICE_FMT "#%u", SLICE_ARG(name_of(p, b->instance)), number);
		return slice_present(b->id) ? 0 : RT_NOMEM;
	}
	return loc_contact_id(b->contact, p->arena, &b->id);
}

static int plan_one(struct plan *p, struct slice value, struct loc_binding *b)
{
	struct sip_addr addr;
	struct sip_uri uri;
	int err;

	if (sip_addr_uri(value, &addr, &uri))
		return refuse(p, 400, SLICE("Malformed Contact"));
	if (slice_present(sip_uri_param(&uri, SLICE("gr"))) && slice_eq_nocase(uri.host, p->domain))
		return refuse(p, 403, SLICE("A GRUU Is No Contact")); /* RFC 5627 5.1: it would lead to itself */
	*b = (struct loc_binding){
		.contact = addr.uri,
		.path = p->path,
		.received = p->source->received,
		.call_id = sip_msg_get(p->request, SIP_HDR_CALL_ID),
		.cseq = p->request->index->facts.cseq,
		.user_agent = slice_head(sip_msg_get(p->request, SIP_HDR_USER_AGENT), LOC_AGENT_MAX),
		.flow = p->source->flow,
		.edge = p->source->edge,
		.listener = p->source->listener,
		.updated_at = p->now,
	};
	if ((err = read_q(p, addr.params, b)) || (err = read_expiry(p, addr.params, b)) ||
	    (err = keep_params(p, addr.params, &b->params)) || (err = name_binding(p, addr.params, b)))
		return err;
	if (b->contact.n > LOC_TEXT_MAX || b->params.n > LOC_TEXT_MAX || b->path.n > LOC_TEXT_MAX || b->call_id.n > LOC_TEXT_MAX)
		return refuse(p, 400, SLICE("Contact, Path Or Call-ID Too Long"));
	return 0;
}

/* RFC 5626 6: several contacts that stay, and one of them with reg-id, is not a thing a phone may ask. */
static int check_flows(struct plan *p)
{
	int staying = 0, flows = 0;

	for (int i = 0; i < p->out->n; i++) {
		staying += p->out->b[i].expires_at > 0;
		flows += p->out->b[i].reg_id > 0;
	}
	return flows && staying > 1 ? refuse(p, 400, SLICE("One Contact With reg-id At A Time")) : 0;
}

int reg_plan(const struct sip_msg *request, const struct reg_limits *limits, const struct reg_source *source, struct slice domain,
             int64_t now, struct rt_arena *a, struct reg_plan *out, struct reg_refusal *why)
{
	struct plan p = { request, limits, source, now, a, out, why, domain, SLICE_NONE,
	                  sip_msg_lists(request, SIP_HDR_SUPPORTED, SLICE("outbound")) };
	const int contacts = sip_msg_count(request, SIP_HDR_CONTACT);
	int err = reg_path(request, a, &p.path);

	out->n = 0;
	out->remove_all = out->outbound = false;
	if (err == RT_BAD)
		err = refuse(&p, 400, SLICE("Malformed Path"));
	if (!err && contacts > LOC_CONTACTS_MAX)
		err = refuse(&p, 403, SLICE("Too Many Contacts"));
	for (int f = sip_msg_first(request, SIP_HDR_CONTACT); f >= 0 && !err; f = sip_msg_next(request, f)) {
		if (is_star(sip_msg_value(request, f)))
			return plan_star(&p, contacts);
		err = plan_one(&p, sip_msg_value(request, f), &out->b[out->n]);
		out->n += !err;
	}
	return err ? err : check_flows(&p);
}
