/* SPDX-License-Identifier: MIT */
/* token: signed user parts of Record-Route URIs. */
#include "token.h"

enum { MAC_HEX = 16 };

static uint64_t mac(struct rt_key key, const struct sip_msg *m, struct slice tag, struct slice ways)
{
	const struct slice call_id = sip_msg_get(m, SIP_HDR_CALL_ID);
	const uint64_t part[] = {
		rt_hash(key, call_id.p, call_id.n), rt_hash(key, tag.p, tag.n), rt_hash(key, ways.p, ways.n),
	};

	return rt_hash(key, part, sizeof(part));
}

/*
 *   <edge 6> <listener 2> <proto 1> <family 1> <port 4> <ip 8 | 32> [ <flow 16> ]      all hex
 */
static void way_render(struct rt_cursor *c, const struct proxy_way *w)
{
	if (!w || !w->edge) {
		rt_cursor_char(c, '0');
		return;
	}
	rt_cursor_hex(c, w->edge, 6);
	rt_cursor_hex(c, w->listener, 2);
	rt_cursor_hex(c, w->remote.proto, 1);
	rt_cursor_hex(c, w->remote.family, 1);
	rt_cursor_hex(c, w->remote.port, 4);
	for (int i = 0; i < (w->remote.family == 6 ? 16 : 4); i++)
		rt_cursor_hex(c, w->remote.ip[i], 2);
	if (w->flow)
		rt_cursor_hex(c, w->flow, 16);
}

static bool take(struct slice *s, uint32_t digits, uint64_t *out)
{
	if (s->n < digits || !slice_hex_u64(slice_head(*s, digits), out))
		return false;
	*s = slice_from(*s, digits);
	return true;
}

/* A text we signed: a shape that does not fit means another version wrote it, and no way is known. */
static void way_parse(struct proxy_way *out, struct slice s)
{
	struct proxy_way w = { .flow = 0 };
	uint64_t edge, listener, proto, family, port, byte;

	if (!take(&s, 6, &edge) || !take(&s, 2, &listener) || !take(&s, 1, &proto) || !take(&s, 1, &family) ||
	    !take(&s, 4, &port))
		return;
	for (int i = 0; i < (family == 6 ? 16 : 4); i++) {
		if (!take(&s, 2, &byte))
			return;
		w.remote.ip[i] = (uint8_t)byte;
	}
	if (s.n && !take(&s, 16, &w.flow))
		return;
	w.edge = (uint32_t)edge;
	w.listener = (uint16_t)listener;
	w.remote.proto = (uint8_t)proto;
	w.remote.family = (uint8_t)family;
	w.remote.port = (uint16_t)port;
	*out = w;
}

void proxy_token_render(struct rt_cursor *c, struct rt_key key, const struct sip_msg *request,
                        const struct proxy_way *caller, const struct proxy_way *callee)
{
	char room[PROXY_TOKEN_BYTES];
	struct rt_cursor ways = rt_cursor_on(room, sizeof(room));

	if ((caller && caller->edge) || (callee && callee->edge)) {
		rt_cursor_char(&ways, '-');
		way_render(&ways, caller);
		rt_cursor_char(&ways, '-');
		way_render(&ways, callee);
	}
	rt_cursor_char(c, 'd');
	rt_cursor_hex(c, mac(key, request, sip_msg_span(request, request->index->facts.from_tag), rt_cursor_text(&ways)),
	              MAC_HEX);
	rt_cursor_put(c, rt_cursor_text(&ways));
}

static bool shaped(struct slice user, char kind, uint64_t *sum)
{
	return user.n >= 1 + MAC_HEX && user.p[0] == kind && slice_hex_u64(slice_of(user.p + 1, MAC_HEX), sum) &&
	       (user.n == 1 + MAC_HEX || user.p[1 + MAC_HEX] == '-');
}

bool proxy_token_looks(struct slice user)
{
	uint64_t sum;

	return shaped(user, 'd', &sum) || shaped(user, 'f', &sum);
}

bool proxy_token_claims_flow(struct slice user)
{
	uint64_t sum;

	return shaped(user, 'f', &sum) && user.n > 1 + MAC_HEX;
}

void proxy_token_render_flow(struct rt_cursor *c, struct rt_key key, const struct proxy_way *phone)
{
	char room[PROXY_TOKEN_BYTES];
	struct rt_cursor way = rt_cursor_on(room, sizeof(room));

	way_render(&way, phone);
	rt_cursor_char(c, 'f');
	rt_cursor_hex(c, rt_hash(key, way.p, way.n), MAC_HEX);
	rt_cursor_char(c, '-');
	rt_cursor_put(c, rt_cursor_text(&way));
}

bool proxy_token_is_flow(struct slice user, struct rt_key key, struct proxy_way *to)
{
	const struct slice way = slice_from(user, 1 + MAC_HEX + 1);
	uint64_t sum;

	if (!shaped(user, 'f', &sum) || sum != rt_hash(key, way.p, way.n))
		return false;
	*to = (struct proxy_way){ .edge = 0 };
	way_parse(to, way);
	return to->edge != 0;
}

bool proxy_token_fits(struct slice user, struct rt_key key, const struct sip_msg *request, struct proxy_way *to)
{
	struct slice ways, caller, callee;
	uint64_t sum;
	int dash;
	bool onward;

	if (!shaped(user, 'd', &sum))
		return false;
	ways = slice_from(user, 1 + MAC_HEX);
	onward = sum == mac(key, request, sip_msg_span(request, request->index->facts.from_tag), ways);
	if (!onward && sum != mac(key, request, sip_msg_span(request, request->index->facts.to_tag), ways))
		return false;
	*to = (struct proxy_way){ .edge = 0 };
	caller = slice_from(ways, 1);
	dash = slice_find(caller, '-');
	if (!ways.n || dash < 0)
		return true;
	callee = slice_from(caller, (uint32_t)dash + 1);
	way_parse(to, onward ? callee : slice_head(caller, (uint32_t)dash));
	return true;
}
