/* SPDX-License-Identifier: MIT */
/* foreign: columns and parameters become the fields of a binding. */
#include "foreign.h"

#include <time.h>

#include "rt/cursor.h"
#include "sip/addr.h"
#include "sip/hop.h"
#include "sip/param.h"
#include "sip/uri.h"

static const char no_memory[] = "it is too large";

/* ---- Shared ---- */

static const char *name_binding(struct loc_binding *b, struct rt_arena *a)
{
	if (b->instance.n && b->reg_id)
		b->id = rt_arena_printf(a, SLICE_FMT "#%u", SLICE_ARG(b->instance), b->reg_id);
	else if (loc_contact_id(b->contact, a, &b->id))
		b->id = SLICE_NONE;
	return slice_present(b->id) ? NULL : no_memory;
}

static const char *check(const struct foreign *f)
{
	const struct loc_binding *b = &f->b;
	struct sip_uri uri;

	if (b->contact.n == 0 || sip_uri_parse(&uri, b->contact))
		return "its contact is no URI";
	if (b->contact.n > LOC_TEXT_MAX || b->path.n > LOC_TEXT_MAX || b->params.n > LOC_TEXT_MAX || b->call_id.n > LOC_TEXT_MAX)
		return no_memory;
	return b->expires_at > 0 ? NULL : "it does not say when it expires";
}

static const char *read_aor(struct slice user, struct slice domain, struct rt_arena *a, struct slice *out)
{
	const struct slice text = rt_arena_printf(a, "sip:" SLICE_FMT "@" SLICE_FMT, SLICE_ARG(user), SLICE_ARG(domain));
	struct sip_uri uri;

	if (!slice_present(text) || user.n == 0 || domain.n == 0 || sip_uri_parse(&uri, text) || sip_uri_aor(&uri, a, out))
		return "its address of record does not read";
	return NULL;
}

static struct slice or_empty(struct slice s)
{
	return slice_present(s) ? s : SLICE("");
}

static uint32_t number(struct slice s)
{
	uint32_t n = 0;

	return slice_u32(s, &n) ? n : 0;
}

/* ---- Kamailio ---- */

static struct slice column(const redisReply *hash, const char *name)
{
	const struct slice s = slice_trim(slice_str(cli_field(hash, name)));

	return slice_eq_nocase(s, SLICE("NULL")) || slice_eq(s, SLICE("<null>")) ? SLICE("") : s;
}

/* Seconds since 1970, or local time as SQL writes it; 0 when neither. */
static int64_t read_time(struct slice s)
{
	struct tm tm = { .tm_isdst = -1 };
	uint64_t seconds;
	char text[32];

	if (slice_u64(s, &seconds))
		return seconds <= INT64_MAX ? (int64_t)seconds : 0;
	if (!slice_cstr(s, text, sizeof(text)) || !strptime(text, "%Y-%m-%d %H:%M:%S", &tm))
		return 0;
	return mktime(&tm);
}

/* "0.500000"; "-1.000000" says it had none. */
static uint16_t read_q(struct slice s)
{
	const int q = sip_q_parse(slice_head(s, 5));

	return (uint16_t)(q < 0 ? 1000 : q);
}

/* "sip:198.51.100.9:40112;transport=tcp" -> "tcp:198.51.100.9:40112". Only a datagram finds its way back without the old connection. */
static struct slice read_received(struct slice text, struct rt_arena *a)
{
	struct sip_uri uri;
	struct sip_hop hop;
	char room[64];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	if (text.n == 0 || sip_uri_parse(&uri, text))
		return SLICE("");
	const enum sip_transport proto = sip_uri_transport(&uri);
	if ((proto && proto != SIP_UDP) || sip_hop_ip(&hop, uri.host, SIP_UDP, uri.port ? uri.port : sip_transport_port(SIP_UDP)))
		return SLICE("");
	sip_hop_render(&c, &hop);
	return or_empty(rt_arena_copy(a, rt_cursor_text(&c)));
}

/* Columns hold the instance with or without its quotes. */
static struct slice read_instance(struct slice s, struct rt_arena *a)
{
	const struct slice text = or_empty(sip_unquote(s, a));

	return text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>' ? text : SLICE("");
}

const char *foreign_kamailio(const redisReply *hash, struct slice domain, struct rt_arena *a, struct foreign *out)
{
	const struct slice own = column(hash, "domain");
	const char *why = read_aor(column(hash, "username"), own.n ? own : domain, a, &out->aor);

	if (why)
		return why;
	out->b = (struct loc_binding){
		.contact = column(hash, "contact"),
		.params = SLICE(""),
		.path = column(hash, "path"),
		.received = read_received(column(hash, "received"), a),
		.instance = read_instance(column(hash, "instance"), a),
		.reg_id = number(column(hash, "reg_id")),
		.call_id = column(hash, "callid"),
		.cseq = number(column(hash, "cseq")),
		.user_agent = slice_head(column(hash, "user_agent"), LOC_AGENT_MAX),
		.q = read_q(column(hash, "q")),
		.expires_at = read_time(column(hash, "expires")),
	};
	why = check(out);
	return why ? why : name_binding(&out->b, a);
}

/* ---- Flexisip ---- */

/* Parameters that are not the phone's. */
static bool is_added(struct slice name)
{
	static const char *const names[] = { "callid", "expires", "cseq", "updatedAt", "alias", "usedAsRoute", "fs-conn-id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

/* The URI as the phone wrote it: what was added goes, headers too. */
static struct slice bare_uri(const struct sip_uri *uri, struct slice text, struct rt_arena *a)
{
	const uint32_t to = slice_present(uri->params) ? (uint32_t)(uri->params.p - text.p) - 1
	                    : slice_present(uri->headers) ? (uint32_t)(uri->headers.p - text.p) - 1 : text.n;
	char *room = rt_arena_raw(a, text.n + 1);
	struct rt_cursor c = rt_cursor_on(room, room ? text.n + 1 : 0);
	struct slice params = uri->params;
	struct sip_param p;

	rt_cursor_put(&c, slice_head(text, to));
	while (slice_present(uri->params) && sip_param_next(&params, &p) > 0) {
		if (is_added(p.name))
			continue;
		rt_cursor_char(&c, ';');
		rt_cursor_put(&c, p.name);
		if (slice_present(p.value)) {
			rt_cursor_char(&c, '=');
			rt_cursor_put(&c, p.value);
		}
	}
	return c.err ? SLICE_NONE : rt_cursor_text(&c);
}

/* "Path=%3Csip...%3E&User-Agent=x%2F1" */
static struct slice uri_header(const struct sip_uri *uri, struct slice name, struct rt_arena *a)
{
	struct slice rest = uri->headers;

	while (rest.n) {
		const int end = slice_find(rest, '&');
		const struct slice one = end < 0 ? rest : slice_head(rest, (uint32_t)end);
		const int equals = slice_find(one, '=');

		if (equals >= 0 && slice_eq_nocase(slice_head(one, (uint32_t)equals), name))
			return or_empty(sip_unescape(slice_from(one, (uint32_t)equals + 1), a));
		rest = slice_from(rest, end < 0 ? rest.n : (uint32_t)end + 1);
	}
	return SLICE("");
}

/* Parameters of the Contact itself, without q and expires. */
static struct slice other_params(struct slice params, struct rt_arena *a)
{
	char *room = rt_arena_raw(a, 2 * params.n + 1);
	struct rt_cursor c = rt_cursor_on(room, room ? 2 * params.n + 1 : 0);
	struct sip_param p;

	while (sip_param_next(&params, &p) > 0) {
		if (slice_eq_nocase(p.name, SLICE("q")) || slice_eq_nocase(p.name, SLICE("expires")))
			continue;
		if (c.n)
			rt_cursor_char(&c, ';');
		rt_cursor_put(&c, p.name);
		if (slice_present(p.value)) {
			rt_cursor_char(&c, '=');
			rt_cursor_put(&c, p.value);
		}
	}
	return or_empty(rt_cursor_text(&c));
}

static bool is_yes(const struct sip_uri *uri, struct slice name)
{
	return slice_eq_nocase(or_empty(sip_uri_param(uri, name)), SLICE("yes"));
}

const char *foreign_flexisip(struct slice aor, struct slice value, struct rt_arena *a, struct foreign *out)
{
	const int at = slice_find(aor, '@');
	struct sip_addr addr;
	struct sip_uri uri;
	uint32_t reg_id = 0;
	uint64_t since;

	const char *why = at < 0 ? "its key names no address of record" :
		read_aor(slice_head(aor, (uint32_t)at), slice_from(aor, (uint32_t)at + 1), a, &out->aor);
	if (why)
		return why;
	if (value.n && value.p[0] != '<' && slice_find(value, '<') < 0) /* older ones: the URI alone */
		value = rt_arena_printf(a, "<" SLICE_FMT ">", SLICE_ARG(value));
	if (!slice_present(value) || sip_addr_uri(value, &addr, &uri))
		return "its contact is no URI";
	if (is_yes(&uri, SLICE("alias")) || is_yes(&uri, SLICE("usedAsRoute")))
		return "it is a route of the old server, not a phone";
	if (!slice_u64(or_empty(sip_uri_param(&uri, SLICE("updatedAt"))), &since) || since > INT32_MAX * 64ll)
		return "it does not say when it was written";
	slice_u32(or_empty(sip_param_get(or_empty(addr.params), SLICE("reg-id"))), &reg_id);
	const int q = sip_q_parse(or_empty(sip_param_get(or_empty(addr.params), SLICE("q"))));
	out->b = (struct loc_binding){
		.contact = or_empty(bare_uri(&uri, addr.uri, a)),
		.params = other_params(or_empty(addr.params), a),
		.path = uri_header(&uri, SLICE("Path"), a),
		.received = SLICE(""),
		.instance = read_instance(or_empty(sip_param_get(or_empty(addr.params), SLICE("+sip.instance"))), a),
		.reg_id = reg_id,
		.call_id = or_empty(sip_unescape(or_empty(sip_uri_param(&uri, SLICE("callid"))), a)),
		.cseq = number(or_empty(sip_uri_param(&uri, SLICE("cseq")))),
		.user_agent = slice_head(uri_header(&uri, SLICE("User-Agent"), a), LOC_AGENT_MAX),
		.q = (uint16_t)(q < 0 ? 1000 : q),
		.expires_at = (int64_t)since + number(or_empty(sip_uri_param(&uri, SLICE("expires")))),
	};
	why = check(out);
	return why ? why : name_binding(&out->b, a);
}
