/* SPDX-License-Identifier: MIT */
/* redirect: where to ask instead. */
#include "redirect.h"

#include "uas.h"

static struct slice contact_value(const struct proxy_element *e, const struct proxy_target *t)
{
	const uint32_t room = t->contact.n + 48;
	char *const text = rt_arena_raw(e->arena, room);
	struct rt_cursor c = rt_cursor_on(text, text ? room : 0);

	rt_cursor_char(&c, '<');
	rt_cursor_put(&c, t->contact);
	rt_cursor_char(&c, '>');
	if (t->q < 1000)
		rt_cursor_printf(&c, ";q=0.%03u", t->q);
	rt_cursor_printf(&c, ";expires=%lld", (long long)(t->expires_at - e->now));
	return rt_cursor_text(&c);
}

/* 8.3: a redirect to the Request-URI would come back to us for ever. */
static bool is_request_uri(const struct proxy_request *r, const struct proxy_target *t)
{
	struct sip_uri uri;

	return !sip_uri_parse(&uri, t->contact) && sip_uri_same(&uri, &r->uri);
}

struct sip_draft *proxy_redirect(const struct proxy_element *e, const struct proxy_request *r, const struct proxy_target *t,
                                 int n, int *left)
{
	struct sip_draft *const d = proxy_uas_reply(e, &r->msg, 302);

	*left = 0;
	for (int i = 0; d && i < n; i++) {
		if (is_request_uri(r, &t[i]))
			continue;
		sip_draft_append(d, SIP_HDR_CONTACT, contact_value(e, &t[i]));
		++*left;
	}
	return *left ? d : 0;
}
