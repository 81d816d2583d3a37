/* SPDX-License-Identifier: MIT */
/* dialog: RFC 3261 12 step by step. */
#include "ua/dialog.h"

#include "rt/cursor.h"
#include "sip/addr.h"

/* ---- Text of its own ---- */

static int keep(struct ua_dialog *d, struct slice text, struct slice *out)
{
	if (!slice_present(text)) {
		*out = SLICE_NONE;
		return 0;
	}
	if (text.n > sizeof(d->room) - d->used)
		return RT_BIG;
	memcpy(d->room + d->used, text.p, text.n);
	*out = slice_of(d->room + d->used, text.n);
	d->used += text.n;
	return 0;
}

/* A From or To value of ours: what stood there, and the tag when it did not. */
static int keep_party(struct ua_dialog *d, struct slice value, struct slice tag, struct slice *out)
{
	struct slice had;
	struct sip_addr addr;
	int err = keep(d, value, out);

	if (err || sip_addr_parse(&addr, value))
		return err ? err : RT_BAD;
	if (!slice_present(tag) || slice_present(sip_param_get(addr.params, SLICE("tag"))))
		return 0;
	had = *out;
	if (keep(d, SLICE(";tag="), out) || keep(d, tag, out))
		return RT_BIG;
	*out = slice_of(had.p, (uint32_t)(out->p + out->n - had.p)); /* the three lie side by side */
	return 0;
}

/* 12.1.1: Record-Route in its order; 12.1.2: the other way round. */
static int keep_route(struct ua_dialog *d, const struct sip_msg *m)
{
	int field[SIP_FIELDS_MAX], n = 0;
	const char *const start = d->room + d->used;
	struct slice piece;

	for (int f = sip_msg_first(m, SIP_HDR_RECORD_ROUTE); f >= 0; f = sip_msg_next(m, f))
		field[n++] = f;
	for (int i = 0; i < n; i++) {
		const struct slice value = sip_msg_value(m, field[d->caller ? n - 1 - i : i]);

		if ((i && keep(d, SLICE(", "), &piece)) || keep(d, value, &piece))
			return RT_BIG;
	}
	d->route = slice_of(start, (uint32_t)(d->room + d->used - start));
	return 0;
}

static int keep_target(struct ua_dialog *d, const struct sip_msg *m)
{
	struct sip_addr addr;
	struct sip_uri uri;

	if (!sip_msg_has(m, SIP_HDR_CONTACT) || sip_addr_uri(sip_msg_get(m, SIP_HDR_CONTACT), &addr, &uri))
		return RT_BAD;
	if (addr.uri.n > sizeof(d->target_room))
		return RT_BIG;
	memcpy(d->target_room, addr.uri.p, addr.uri.n);
	d->target = slice_of(d->target_room, addr.uri.n);
	return 0;
}

/* ---- 12.1 ---- */

int ua_dialog_answer(struct ua_dialog *d, const struct sip_msg *request, struct slice local_tag)
{
	const struct sip_facts *const f = &request->index->facts;
	int err;

	d->caller = false;
	d->used = 0;
	d->local_cseq = 0;
	d->remote_cseq = f->cseq;
	d->heard = true;
	if ((err = keep_route(d, request)) || (err = keep_target(d, request)) ||
	    (err = keep(d, sip_msg_get(request, SIP_HDR_CALL_ID), &d->call_id)) || (err = keep(d, local_tag, &d->local_tag)) ||
	    (err = keep(d, sip_msg_span(request, f->from_tag), &d->remote_tag)) ||
	    (err = keep_party(d, sip_msg_get(request, SIP_HDR_TO), local_tag, &d->local)) ||
	    (err = keep_party(d, sip_msg_get(request, SIP_HDR_FROM), SLICE_NONE, &d->remote)))
		return err;
	d->state = UA_EARLY;
	return 0;
}

int ua_dialog_begin(struct ua_dialog *d, const struct sip_msg *request, const struct sip_msg *response)
{
	const struct sip_facts *const f = &response->index->facts;
	int err;

	if (!f->to_tag.n || response->index->status <= 100)
		return RT_BAD;
	d->caller = true;
	d->used = 0;
	d->local_cseq = request->index->facts.cseq;
	d->heard = false;
	if ((err = keep_target(d, response)) || (err = keep_route(d, response)) ||
	    (err = keep(d, sip_msg_get(response, SIP_HDR_CALL_ID), &d->call_id)) ||
	    (err = keep(d, sip_msg_span(response, f->from_tag), &d->local_tag)) ||
	    (err = keep(d, sip_msg_span(response, f->to_tag), &d->remote_tag)) ||
	    (err = keep_party(d, sip_msg_get(response, SIP_HDR_FROM), SLICE_NONE, &d->local)) ||
	    (err = keep_party(d, sip_msg_get(response, SIP_HDR_TO), SLICE_NONE, &d->remote)))
		return err;
	d->state = sip_status_success(response->index->status) ? UA_CONFIRMED : UA_EARLY;
	return 0;
}

int ua_dialog_confirm(struct ua_dialog *d, const struct sip_msg *response)
{
	const uint32_t used = d->used;
	const struct slice route = d->route;
	int err = keep_route(d, response);

	if (!err && slice_eq(route, d->route)) { /* as it nearly always is: the text need not be kept twice */
		d->used = used;
		d->route = route;
	}
	if (!err)
		err = keep_target(d, response);
	d->state = UA_CONFIRMED;
	return err;
}

bool ua_dialog_has(const struct ua_dialog *d, const struct sip_msg *m)
{
	const struct sip_facts *const f = &m->index->facts;
	const bool theirs = sip_msg_is_request(m); /* a response to us carries our tag in From */
	const struct slice from = sip_msg_span(m, f->from_tag), to = sip_msg_span(m, f->to_tag);

	return slice_eq(sip_msg_get(m, SIP_HDR_CALL_ID), d->call_id) && slice_eq(theirs ? to : from, d->local_tag) &&
	       slice_eq(theirs ? from : to, d->remote_tag);
}

/* ---- 12.2 ---- */

int ua_dialog_take(struct ua_dialog *d, const struct sip_msg *request)
{
	const uint8_t method = request->index->method;
	const uint32_t cseq = request->index->facts.cseq;

	if (method == SIP_ACK || method == SIP_CANCEL)
		return 0;
	if (d->heard && cseq <= d->remote_cseq)
		return RT_STALE;
	d->heard = true;
	d->remote_cseq = cseq;
	return 0;
}

int ua_dialog_retarget(struct ua_dialog *d, const struct sip_msg *m)
{
	return sip_msg_has(m, SIP_HDR_CONTACT) ? keep_target(d, m) : 0;
}

/* The values of "a, b": a comma counts outside <> and quotes only. */
static bool next_value(struct slice *rest, struct slice *value)
{
	bool quoted = false, bracket = false;
	uint32_t i = 0;

	for (; i < rest->n && (quoted || bracket || rest->p[i] != ','); i++) {
		if (quoted && rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (rest->p[i] == '<' || rest->p[i] == '>'))
			bracket = rest->p[i] == '<';
	}
	*value = slice_trim(slice_head(*rest, i));
	*rest = slice_from(*rest, i + 1);
	return value->n > 0;
}

/* A first Route without lr is a strict router: it becomes the Request-URI, and the target the last Route. */
static bool is_strict(struct slice route, struct slice *uri)
{
	struct slice first;
	struct sip_addr addr;
	struct sip_uri u;

	if (!next_value(&route, &first) || sip_addr_uri(first, &addr, &u) || slice_present(sip_uri_param(&u, SLICE("lr"))))
		return false;
	*uri = addr.uri;
	return true;
}

static void put_routes(struct sip_draft *m, const struct ua_dialog *d, struct rt_arena *a, bool strict)
{
	struct slice rest = d->route, value;

	if (strict)
		next_value(&rest, &value);
	while (next_value(&rest, &value))
		sip_draft_append(m, SIP_HDR_ROUTE, value);
	if (strict)
		sip_draft_append(m, SIP_HDR_ROUTE, rt_arena_printf(a, "<" SLICE_FMT ">", SLICE_ARG(d->target)));
}

struct sip_draft *ua_dialog_request(struct ua_dialog *d, struct rt_arena *a, struct slice method, uint32_t cseq)
{
	struct slice uri = d->target;
	const bool strict = is_strict(d->route, &uri);
	struct sip_draft *const m = sip_draft_request(a, method, uri);

	if (!m)
		return 0;
	if (!cseq)
		cseq = ++d->local_cseq;
	put_routes(m, d, a, strict);
	sip_draft_append(m, SIP_HDR_MAX_FORWARDS, SLICE("70"));
	sip_draft_append(m, SIP_HDR_FROM, d->local);
	sip_draft_append(m, SIP_HDR_TO, d->remote);
	sip_draft_append(m, SIP_HDR_CALL_ID, d->call_id);
	sip_draft_append(m, SIP_HDR_CSEQ, rt_arena_printf(a, "%u " SLICE_FMT, cseq, SLICE_ARG(method)));
	return m;
}
