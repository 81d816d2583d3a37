/* SPDX-License-Identifier: MIT */
/* notify: the dialog of a subscription, from our end. */
#include "notify.h"

#include "rt/cursor.h"
#include "sip/addr.h"
#include "sip/param.h"

enum { DEFAULT_SECONDS = 3761 /* RFC 3680 4.6 */, HOUR = 3600 };

static int refuse(struct reg_refusal *why, int status, enum sip_hdr header, struct slice value)
{
	*why = (struct reg_refusal){ .status = status, .header = header, .value = value };
	return RT_DENIED;
}

/* RFC 6665 4.2.1.1: only what is shorter than an hour may be too brief; 0 ends it. */
static int read_expires(const struct sip_msg *m, const struct notify_limits *limits, struct rt_arena *a, uint32_t *out, struct reg_refusal *why)
{
	const struct slice text = sip_msg_get(m, SIP_HDR_EXPIRES);
	uint32_t seconds = DEFAULT_SECONDS;

	if (slice_present(text) && !sip_seconds_parse(slice_trim(text), &seconds))
		return refuse(why, 400, SIP_HDR_OTHER, SLICE_NONE);
	if (seconds && seconds < limits->min && seconds < HOUR)
		return refuse(why, 423, SIP_HDR_MIN_EXPIRES, rt_arena_printf(a, "%u", limits->min));
	*out = seconds < limits->max ? seconds : limits->max;
	return 0;
}

/* RFC 3680 4.5: no Accept means that he takes it. */
static bool takes_reginfo(const struct sip_msg *m)
{
	for (int f = sip_msg_first(m, SIP_HDR_ACCEPT); f >= 0; f = sip_msg_next(m, f)) {
		const struct slice value = sip_msg_value(m, f);
		const int end = slice_find(value, ';');
		const struct slice type = slice_trim(end < 0 ? value : slice_head(value, (uint32_t)end));

		if (slice_eq_nocase(type, SLICE("application/reginfo+xml")) || slice_eq(type, SLICE("*/*")) ||
		    slice_eq_nocase(type, SLICE("application/*")))
			return true;
	}
	return !sip_msg_has(m, SIP_HDR_ACCEPT);
}

static struct slice route_of(const struct sip_msg *m, struct rt_arena *a)
{
	struct slice out = SLICE("");

	for (int f = sip_msg_first(m, SIP_HDR_RECORD_ROUTE); f >= 0 && slice_present(out); f = sip_msg_next(m, f))
		out = rt_arena_printf(a, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(out), out.n ? ", " : "", SLICE_ARG(sip_msg_value(m, f)));
	return out;
}

/* To as it will be our From: with a tag. */
static struct slice local_of(const struct sip_msg *m, struct slice tag, struct rt_arena *a)
{
	const struct slice to = sip_msg_get(m, SIP_HDR_TO);

	return m->index->facts.to_tag.n ? to : rt_arena_printf(a, SLICE_FMT ";tag=" SLICE_FMT, SLICE_ARG(to), SLICE_ARG(tag));
}

static struct slice event_id(const struct sip_msg *m)
{
	const struct slice event = sip_msg_get(m, SIP_HDR_EVENT);
	const int at = slice_find(event, ';');
	const struct slice id = at < 0 ? SLICE_NONE : sip_param_get(slice_from(event, (uint32_t)at + 1), SLICE("id"));

	return slice_present(id) ? id : SLICE("");
}

/* RFC 6665 4.4.1: a dialog; and the id of the event, so that what refreshes another one is none of ours. */
static struct slice name_of(const struct sip_msg *m, struct rt_arena *a)
{
	const struct slice event = event_id(m);

	return rt_arena_printf(a, SLICE_FMT " " SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(sip_msg_get(m, SIP_HDR_CALL_ID)),
	                       SLICE_ARG(sip_msg_span(m, m->index->facts.from_tag)), event.n ? " " : "", SLICE_ARG(event));
}

int notify_plan(const struct sip_msg *m, const struct notify_limits *limits, struct slice tag, int64_t now, struct rt_arena *a,
                struct loc_watcher *out, bool *refresh, struct reg_refusal *why)
{
	const struct slice call_id = sip_msg_get(m, SIP_HDR_CALL_ID);
	struct sip_addr contact;
	struct sip_uri uri;
	uint32_t seconds = 0;
	int err;

	if (!takes_reginfo(m))
		return refuse(why, 406, SIP_HDR_OTHER, SLICE_NONE);
	if (sip_addr_uri(sip_msg_get(m, SIP_HDR_CONTACT), &contact, &uri) || call_id.n > LOC_TEXT_MAX || contact.uri.n > LOC_TEXT_MAX)
		return refuse(why, 400, SIP_HDR_OTHER, SLICE_NONE); /* RFC 6665 3.1.1: it makes a dialog, and needs a target */
	err = read_expires(m, limits, a, &seconds, why);
	if (err)
		return err;
	*refresh = m->index->facts.to_tag.n > 0;
	*out = (struct loc_watcher){
		.id = name_of(m, a),
		.call_id = call_id,
		.local = local_of(m, tag, a),
		.remote = sip_msg_get(m, SIP_HDR_FROM),
		.target = contact.uri,
		.route = route_of(m, a),
		.event = event_id(m),
		.cseq = m->index->facts.cseq,
		.expires_at = now + seconds,
	};
	return slice_present(out->id) && slice_present(out->local) && slice_present(out->route) ? 0 : RT_NOMEM;
}

static struct slice state(const struct loc_watcher *w, int64_t now, struct rt_arena *a)
{
	if (w->expires_at <= now)
		return SLICE("terminated;reason=timeout");
	return rt_arena_printf(a, "active;expires=%lld", (long long)(w->expires_at - now));
}

struct sip_draft *notify_draft(const struct loc_watcher *w, struct slice body, int64_t now, struct rt_arena *a)
{
	struct sip_draft *d = sip_draft_request(a, SLICE("NOTIFY"), w->target);

	if (!d)
		return 0;
	if (w->route.n)
		sip_draft_append(d, SIP_HDR_ROUTE, w->route);
	sip_draft_append(d, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_append(d, SIP_HDR_FROM, w->local);
	sip_draft_append(d, SIP_HDR_TO, w->remote);
	sip_draft_append(d, SIP_HDR_CALL_ID, w->call_id);
	sip_draft_append(d, SIP_HDR_CSEQ, rt_arena_printf(a, "%u NOTIFY", w->number));
	sip_draft_append(d, SIP_HDR_CONTACT, w->contact);
	sip_draft_append(d, SIP_HDR_EVENT, w->event.n ? rt_arena_printf(a, "reg;id=" SLICE_FMT, SLICE_ARG(w->event)) : SLICE("reg"));
	sip_draft_append(d, SIP_HDR_SUBSCRIPTION_STATE, state(w, now, a));
	sip_draft_body(d, SLICE("application/reginfo+xml"), body);
	return d;
}
