/* SPDX-License-Identifier: MIT */
/* uas: the server as a user agent server. It answers OPTIONS, and says politely why it does nothing else. */
#include "uas.h"

#include "check.h"
#include "sip/body.h"

#define ALLOWED   "OPTIONS, REGISTER, SUBSCRIBE"
#define PACKAGES  "reg" /* RFC 3680; the registrar is its notifier */
#define SUPPORTED "path, outbound, gruu"

struct slice proxy_uas_tag(const struct proxy_element *e, const struct sip_msg *m)
{
	return sip_reply_tag(e->arena, m, e->tag);
}

struct sip_draft *proxy_uas_reply(const struct proxy_element *e, const struct sip_msg *request, int status)
{
	return sip_draft_reply(e->arena, request, status, SLICE_NONE,
	                       status > 100 ? proxy_uas_tag(e, request) : SLICE_NONE);
}

struct sip_draft *proxy_uas_refuse(const struct proxy_element *e, const struct sip_msg *request,
                                   const struct proxy_refusal *why)
{
	struct sip_draft *const d = proxy_uas_reply(e, request, why->status);

	if (d && why->header != SIP_HDR_OTHER)
		sip_draft_set(d, why->header, why->value);
	if (d && why->warning)
		sip_draft_set(d, SIP_HDR_WARNING, rt_arena_printf(e->arena, "%d peal \"%s\"", why->warning, why->text));
	return d;
}

/* 8.2.1: what a method gets when it is sent to the server itself. Others: 405. */
static int method_status(const struct sip_msg *m)
{
	switch ((enum sip_method)m->index->method) {
	case SIP_OPTIONS:
		return 200;
	case SIP_INVITE:
		return m->index->facts.to_tag.n ? 481 : 404; /* 12.2.2: we are in no dialog; nobody has this address */
	case SIP_MESSAGE:
	case SIP_REGISTER:
		return 404; /* allowed here, but nobody has this address */
	case SIP_BYE:
	case SIP_CANCEL:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
	case SIP_NOTIFY:
		return 481;
	case SIP_REFER: /* not of a dialog only */
		return m->index->facts.to_tag.n ? 481 : 405;
	case SIP_SUBSCRIBE:
		return 489; /* RFC 6665 4.2.1.1: another package, or none; the one we know went to the registrar */
	default:
		return 405;
	}
}

/* 11.2: what an OPTIONS tells about us. */
static void describe(struct sip_draft *d)
{
	sip_draft_set(d, SIP_HDR_ALLOW, SLICE(ALLOWED));
	sip_draft_set(d, SIP_HDR_ALLOW_EVENTS, SLICE(PACKAGES)); /* RFC 6665 4.4.4 */
	sip_draft_set(d, SIP_HDR_ACCEPT, SLICE("application/sdp"));
	sip_draft_set(d, SIP_HDR_ACCEPT_ENCODING, SLICE("identity"));
	sip_draft_set(d, SIP_HDR_ACCEPT_LANGUAGE, SLICE("en"));
	sip_draft_set(d, SIP_HDR_SUPPORTED, SLICE(SUPPORTED));
}

static struct proxy_refusal examine(const struct proxy_element *e, const struct proxy_request *r)
{
	const struct sip_msg *const m = &r->msg;
	const struct slice unknown = proxy_check_tags(e->arena, m, SIP_HDR_REQUIRE, SLICE(SUPPORTED));
	const int status = method_status(m);
	struct proxy_refusal body = { .status = 415 };

	if (status == 405)
		return (struct proxy_refusal){ .status = 405, .header = SIP_HDR_ALLOW, .value = SLICE(ALLOWED) };
	if (r->merged) /* 8.2.2.2 */
		return (struct proxy_refusal){ .status = 482 };
	if (unknown.n && !proxy_request_is(r, SIP_CANCEL)) /* 8.2.2.3 */
		return (struct proxy_refusal){ .status = 420, .header = SIP_HDR_UNSUPPORTED, .value = unknown };
	if (sip_body_refused(m, &body.header, &body.value)) /* 8.2.3 */
		return body;
	if (status == 489)
		return (struct proxy_refusal){ .status = 489, .header = SIP_HDR_ALLOW_EVENTS, .value = SLICE(PACKAGES) };
	return (struct proxy_refusal){ .status = (uint16_t)status };
}

struct sip_draft *proxy_uas_answer(const struct proxy_element *e, const struct proxy_request *r)
{
	const struct proxy_refusal verdict = examine(e, r);
	struct sip_draft *const d = proxy_uas_refuse(e, &r->msg, &verdict);

	if (d && verdict.status == 200)
		describe(d);
	return d;
}
