/* SPDX-License-Identifier: MIT */
/* overload: the wait of a request is its time in the kernel and the time to come at its transaction worker and behind; shed.c decides. */
#include "overload.h"

#include "refuse.h"
#include "relief.h"

/* When it begins and when it is over: one line each. */
static void tell(struct edge *edge, uint32_t share, uint32_t wait)
{
	if (!*edge->count.shed_share != !share)
		rt_log(RT_LOG_W, share ? "overload.begun" : "overload.over", 0, "wait=%ums refused=%u/1000 lost=%llu", wait, share,
		       (unsigned long long)*edge->count.kernel_drops);
	*edge->count.shed_share = share;
}

static bool begins_with_new_method(struct slice text)
{
	static const char *const words[] = { "INVITE ", "REGISTER ", "OPTIONS ", "SUBSCRIBE ", "MESSAGE ", "PUBLISH " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq(slice_head(text, (uint32_t)strlen(words[i])), slice_str(words[i])))
			return true;
	return false;
}

/* The tag of a To or t header, looked for without reading the rest. */
static bool has_to_tag(struct slice text)
{
	for (uint32_t i = 0; i + 4 < text.n; i++) {
		const char *p = memchr(text.p + i, '\n', text.n - i - 4);

		if (!p)
			return true; /* no To: let the parser judge it */
		i = (uint32_t)(p - text.p);
		if ((p[1] | 0x20) == 't' && (p[2] == ':' || ((p[2] | 0x20) == 'o' && (p[3] == ':' || p[3] == ' ')))) {
			const char *end = memchr(p + 1, '\n', text.n - i - 1);

			return memmem(p, end ? (size_t)(end - p) : text.n - i, ";tag=", 5);
		}
	}
	return true;
}

bool overload_drops(struct edge *edge, struct slice text)
{
	if (!edge->shed.unread || !begins_with_new_method(text) || has_to_tag(text) ||
	    !shed_drops(&edge->shed, svc_now(edge->svc), svc_trail(edge->svc)))
		return false;
	++*edge->count.dropped;
	return true;
}

bool overload_refuses(struct edge *edge, const struct sip_msg *request, const struct edge_origin *origin, const struct wire_head *head)
{
	const rt_ms now = svc_now(edge->svc);
	const uint32_t there = svc_wait(edge->svc, head->to), wait = origin->waited + there;
	bool chosen;

	shed_waited(&edge->shed, now, wait);
	*edge->count.waited = wait;
	tell(edge, shed_share(&edge->shed, now), wait);
	if (!refuse_is_new(request))
		return false;
	chosen = there >= WIRE_STALLED || (shed_refuses(&edge->shed, now, rt_mix(head->trail, head->born)) &&
					  !(shed_share(&edge->shed, now) < SHED_MOST && relief_is_promised(edge, request, origin)));
	if (chosen) {
		++*edge->count.shed;
		refuse_overload(edge, request, origin, head->trail);
	}
	return chosen;
}
