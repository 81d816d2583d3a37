/* SPDX-License-Identifier: MIT */
/* sdp: one line after another. */
#include "ua/sdp.h"

#include "rt/err.h"

static struct slice next_line(struct slice *rest)
{
	const int at = slice_find(*rest, '\n');
	const struct slice line = at < 0 ? *rest : slice_head(*rest, (uint32_t)at);

	*rest = slice_from(*rest, line.n + 1);
	return slice_trim(line);
}

/* RFC 4566 9: no NUL and no lone CR in a line, nor any other control character but a tab. */
static bool is_text(struct slice line)
{
	for (uint32_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' && line.p[i] != '\t')
			return false;
	return true;
}

/* Words of SDP are separated by one space; commas are letters like others. */
static struct slice next_word(struct slice *rest)
{
	const int at = slice_find(*rest, ' ');
	const struct slice word = at < 0 ? *rest : slice_head(*rest, (uint32_t)at);

	*rest = slice_from(*rest, word.n + 1);
	return word;
}

/* "IN IP4 192.0.2.1", with a TTL or a count behind a slash for groups. */
static struct sip_hop connection(struct slice value)
{
	struct sip_hop hop = { .family = 0 };
	struct slice host;
	int slash;

	next_word(&value);
	next_word(&value);
	host = next_word(&value);
	slash = slice_find(host, '/');
	if (slash >= 0)
		host = slice_head(host, (uint32_t)slash);
	return sip_hop_ip(&hop, host, SIP_UDP, 0) ? (struct sip_hop){ .family = 0 } : hop;
}

static int media_line(struct ua_sdp_media *m, struct slice value)
{
	struct slice port;
	uint32_t n;
	int slash;

	m->kind = next_word(&value);
	port = next_word(&value);
	slash = slice_find(port, '/');
	if (slash >= 0)
		port = slice_head(port, (uint32_t)slash);
	m->proto = next_word(&value);
	m->formats = slice_trim(value);
	if (!m->kind.n || !m->proto.n || !slice_u32(port, &n) || n > 65535)
		return RT_BAD;
	m->port = (uint16_t)n;
	return 0;
}

static bool flow_of(struct slice attribute, uint8_t *out)
{
	static const struct {
		struct slice name;
		enum ua_flow flow;
	} known[] = {
		{ { "sendrecv", 8 }, UA_SENDRECV },
		{ { "sendonly", 8 }, UA_SENDONLY },
		{ { "recvonly", 8 }, UA_RECVONLY },
		{ { "inactive", 8 }, UA_INACTIVE },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_eq(attribute, known[i].name)) {
			*out = (uint8_t)known[i].flow;
			return true;
		}
	return false;
}

struct reading {
	struct ua_sdp *out;
	struct sip_hop addr; /* of the session */
	uint8_t flow;
	bool origin;
};

static int media(struct reading *r, struct slice value, struct slice rest)
{
	struct ua_sdp_media *const m = &r->out->media[r->out->n];

	if (r->out->n == UA_SDP_MEDIA_MAX)
		return RT_BIG;
	*m = (struct ua_sdp_media){ .addr = r->addr, .flow = r->flow, .lines = slice_head(rest, 0) };
	r->out->n++;
	return media_line(m, value);
}

static int one_line(struct reading *r, struct slice line, struct slice rest)
{
	struct ua_sdp_media *const m = r->out->n ? &r->out->media[r->out->n - 1] : 0;
	const struct slice value = slice_from(line, 2);

	if (line.n < 2 || line.p[1] != '=' || !is_text(line))
		return RT_BAD;
	switch (line.p[0]) {
	case 'o':
		r->out->origin = value;
		r->origin = true;
		return 0;
	case 'c':
		*(m ? &m->addr : &r->addr) = connection(value);
		return 0;
	case 'a':
		flow_of(value, m ? &m->flow : &r->flow);
		return 0;
	case 'm':
		return media(r, value, rest);
	default:
		return 0;
	}
}

int ua_sdp_parse(struct ua_sdp *out, struct slice text)
{
	struct reading r = { .out = out };
	struct slice rest = text;

	*out = (struct ua_sdp){ .n = 0 };
	if (!slice_eq(next_line(&rest), SLICE("v=0")))
		return RT_BAD;
	while (rest.n) {
		const struct slice line = next_line(&rest);
		const int err = line.n ? one_line(&r, line, rest) : 0;

		if (err)
			return err;
		if (out->n && rest.p > out->media[out->n - 1].lines.p && !(line.n && line.p[0] == 'm'))
			out->media[out->n - 1].lines.n = (uint32_t)(rest.p - out->media[out->n - 1].lines.p);
	}
	for (int i = 0; i < out->n; i++)
		out->media[i].addr.port = out->media[i].port;
	return r.origin ? 0 : RT_BAD;
}

int ua_sdp_audio(const struct ua_sdp *s)
{
	for (int i = 0; i < s->n; i++) {
		const struct ua_sdp_media *const m = &s->media[i];
		const bool plain = slice_eq(m->proto, SLICE("RTP/AVP")) || slice_eq(m->proto, SLICE("RTP/AVPF"));

		if (m->port && m->formats.n && plain && slice_eq(m->kind, SLICE("audio")))
			return i;
	}
	return -1;
}

/* ---- Writing ---- */

static void session(struct rt_cursor *c, const struct ua_sdp_local *me)
{
	const char *const family = me->addr.family == 6 ? "IP6" : "IP4";

	rt_cursor_lit(c, "v=0\r\no=peal ");
	rt_cursor_u64(c, me->id);
	rt_cursor_char(c, ' ');
	rt_cursor_u64(c, me->version);
	rt_cursor_printf(c, " IN %s ", family);
	sip_hop_render_ip(c, &me->addr);
	rt_cursor_printf(c, "\r\ns=-\r\nc=IN %s ", family);
	sip_hop_render_ip(c, &me->addr);
	rt_cursor_lit(c, "\r\nt=0 0\r\n");
}

void ua_sdp_offer(struct rt_cursor *c, const struct ua_sdp_local *me)
{
	session(c, me);
	rt_cursor_printf(c, "m=audio %u RTP/AVP 0 8\r\n", me->addr.port);
	rt_cursor_lit(c, "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n");
}

enum ua_flow ua_sdp_mirror(enum ua_flow theirs)
{
	static const enum ua_flow mirror[] = {
		[UA_SENDRECV] = UA_SENDRECV, [UA_SENDONLY] = UA_RECVONLY, [UA_RECVONLY] = UA_SENDONLY, [UA_INACTIVE] = UA_INACTIVE,
	};

	return mirror[theirs];
}

/* What describes the formats goes back as it came. */
static bool is_format_line(struct slice line)
{
	return slice_starts_nocase(line, SLICE("a=rtpmap:")) || slice_starts_nocase(line, SLICE("a=fmtp:")) ||
	       slice_starts_nocase(line, SLICE("a=ptime:"));
}

static void accept_stream(struct rt_cursor *c, const struct ua_sdp_media *m, uint16_t port)
{
	static const char *const name[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

	rt_cursor_printf(c, "m=" SLICE_FMT " %u " SLICE_FMT " " SLICE_FMT "\r\n", SLICE_ARG(m->kind), port, SLICE_ARG(m->proto),
			 SLICE_ARG(m->formats));
	for (struct slice rest = m->lines; rest.n;) {
		const struct slice line = next_line(&rest);

		if (!is_format_line(line))
			continue;
		rt_cursor_put(c, line);
		rt_cursor_lit(c, "\r\n");
	}
	rt_cursor_printf(c, "a=%s\r\n", name[ua_sdp_mirror((enum ua_flow)m->flow)]);
}

int ua_sdp_answer(struct rt_cursor *c, const struct ua_sdp *offer, const struct ua_sdp_local *me)
{
	const int audio = ua_sdp_audio(offer);

	if (audio < 0)
		return RT_ABSENT;
	session(c, me);
	for (int i = 0; i < offer->n; i++) {
		const struct ua_sdp_media *const m = &offer->media[i];

		if (i == audio)
			accept_stream(c, m, me->addr.port);
		else
			rt_cursor_printf(c, "m=" SLICE_FMT " 0 " SLICE_FMT " " SLICE_FMT "\r\n", SLICE_ARG(m->kind),
					 SLICE_ARG(m->proto), SLICE_ARG(m->formats));
	}
	return 0;
}
