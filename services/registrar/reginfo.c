/* SPDX-License-Identifier: MIT */
/* reginfo: elements in the order of the schema. */
#include "reginfo.h"

#include "auth/gruu.h"
#include "rt/hash.h"
#include "sip/param.h"

/* In attributes and in text alike; what XML cannot hold becomes a question mark. */
static void put_escaped(struct rt_cursor *c, struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&':
			rt_cursor_lit(c, "&amp;");
			break;
		case '<':
			rt_cursor_lit(c, "&lt;");
			break;
		case '>':
			rt_cursor_lit(c, "&gt;");
			break;
		case '"':
			rt_cursor_lit(c, "&quot;");
			break;
		default:
			rt_cursor_char(c, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
		}
	}
}

/* Names of elements: stable, short, and no business of the reader's. */
static void put_id(struct rt_cursor *c, char kind, struct slice of)
{
	rt_cursor_char(c, kind);
	rt_cursor_hex(c, rt_hash((struct rt_key){ 0x7065616c, 0x72656769 }, of.p, of.n), 16);
}

static bool is(const struct reginfo *info, const char *kind)
{
	return info->event && slice_eq(info->event->kind, slice_str(kind));
}

static bool is_subject(const struct reginfo *info, struct slice id)
{
	return info->event && slice_eq(info->event->id, id);
}

static void put_uri(struct rt_cursor *c, struct slice uri)
{
	rt_cursor_lit(c, "\n      <uri>");
	put_escaped(c, uri);
	rt_cursor_lit(c, "</uri>");
}

/* RFC 3680 5.2.4: parameters of the Contact that have no attribute of their own. */
static void put_params(struct rt_cursor *c, struct slice params)
{
	struct sip_param p;

	while (sip_param_next(&params, &p) > 0) {
		rt_cursor_lit(c, "\n      <unknown-param name=\"");
		put_escaped(c, p.name);
		rt_cursor_lit(c, "\">");
		put_escaped(c, slice_present(p.value) ? p.value : SLICE(""));
		rt_cursor_lit(c, "</unknown-param>");
	}
}

/* RFC 5628 5 */
static void put_gruu(struct rt_cursor *c, struct slice aor, const struct loc_binding *b)
{
	char room[1024];
	struct rt_cursor gruu = rt_cursor_on(room, sizeof(room));

	if (!b->instance.n)
		return;
	auth_gruu_public(&gruu, b->contact, aor, b->instance);
	if (gruu.err)
		return;
	rt_cursor_lit(c, "\n      <gr:pub-gruu uri=\"");
	put_escaped(c, rt_cursor_text(&gruu));
	rt_cursor_lit(c, "\"/>");
}

static void put_contact(struct rt_cursor *c, const struct reginfo *info, const struct loc_binding *b)
{
	const int64_t since = info->now - b->registered_at, left = b->expires_at - info->now;

	rt_cursor_lit(c, "\n    <contact id=\"");
	put_id(c, 'c', b->id);
	rt_cursor_printf(c, "\" state=\"active\" event=\"%s\" duration-registered=\"%lld\" expires=\"%lld\" q=\"%u.%03u\" callid=\"",
	                 is_subject(info, b->id) && is(info, "refresh") ? "refreshed" : "registered", (long long)(since > 0 ? since : 0),
	                 (long long)(left > 0 ? left : 0), b->q / 1000u, b->q % 1000u);
	put_escaped(c, b->call_id);
	rt_cursor_printf(c, "\" cseq=\"%u\">", b->cseq);
	put_uri(c, b->contact);
	put_params(c, b->params);
	put_gruu(c, info->aor, b);
	rt_cursor_lit(c, "\n    </contact>");
}

/* The one that went: gone for good, unless it stands again by now. */
static void put_gone(struct rt_cursor *c, const struct reginfo *info)
{
	const bool expired = is(info, "expire");

	if ((!expired && !is(info, "remove")) || !info->event->contact.n)
		return;
	for (int i = 0; i < info->n; i++)
		if (is_subject(info, info->b[i].id))
			return;
	rt_cursor_lit(c, "\n    <contact id=\"");
	put_id(c, 'c', info->event->id);
	rt_cursor_printf(c, "\" state=\"terminated\" event=\"%s\">", expired ? "expired" : "unregistered");
	put_uri(c, info->event->contact);
	rt_cursor_lit(c, "\n    </contact>");
}

void reginfo_write(struct rt_cursor *c, const struct reginfo *info)
{
	rt_cursor_printf(c, "<?xml version=\"1.0\"?>\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" xmlns:gr=\"urn:ietf:params:xml:ns:gruuinfo\" "
	                    "version=\"%u\" state=\"full\">\n  <registration aor=\"sip:", info->version);
	put_escaped(c, info->aor);
	rt_cursor_lit(c, "\" id=\"");
	put_id(c, 'r', info->aor);
	rt_cursor_printf(c, "\" state=\"%s\">", info->n ? "active" : info->event ? "terminated" : "init");
	for (int i = 0; i < info->n; i++)
		put_contact(c, info, &info->b[i]);
	put_gone(c, info);
	rt_cursor_lit(c, "\n  </registration>\n</reginfo>\n");
}
