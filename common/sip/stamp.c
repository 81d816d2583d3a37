/* SPDX-License-Identifier: MIT */
/*
 * stamp: one splice of the text; the index is the same but for what lies behind it.
 *
 *   OPTIONS ... | Via: SIP/2.0/UDP h | ;rport;branch=z9hG4bK7               | rest of the head | body |
 *   OPTIONS ... | Via: SIP/2.0/UDP h | ;rport=5062;branch=z9hG4bK7;received=.. | rest of the head | body |
 *                                    ^ from                                 ^ upto: all spans from here move
 */
#include "sip/stamp.h"

#include "chars.h"
#include "rt/cursor.h"
#include "sip/param.h"

enum { GROWTH = 36 }; /* ";received=" "=65535" "=4294967295", the address not counted */

static bool named(const struct sip_param *param, struct slice name)
{
	return slice_eq_nocase(param->name, name);
}

static void put_number(struct rt_cursor *c, struct slice name, uint32_t value)
{
	rt_cursor_put(c, name);
	if (value) {
		rt_cursor_char(c, '=');
		rt_cursor_u64(c, value);
	}
}

/* One parameter: received is left out here and written last, rport and keep get their values. */
static void put_param(struct rt_cursor *c, const struct sip_param *param, const struct sip_stamp *stamp)
{
	const struct slice last = slice_present(param->value) ? param->value : param->name;
	const bool seen = slice_present(stamp->ip);

	if (seen && named(param, SLICE("received")))
		return;
	rt_cursor_char(c, ';');
	if (seen && named(param, SLICE("rport")))
		put_number(c, param->name, stamp->port);
	else if (stamp->keep && !slice_present(param->value) && named(param, SLICE("keep")))
		put_number(c, param->name, stamp->keep);
	else
		rt_cursor_put(c, char_between(param->name.p, last.p + last.n));
}

/* All parameters, written anew. The branch goes where the facts will find it. */
static int put_params(struct rt_cursor *c, const struct sip_msg *request, struct slice rest, const struct sip_stamp *stamp,
                      struct sip_span *branch)
{
	const char *const old = sip_msg_span(request, *branch).p;
	struct sip_param param;
	int found;

	while ((found = sip_param_next(&rest, &param)) == 1) {
		put_param(c, &param, stamp);
		if (slice_present(param.value) && param.value.p == old)
			branch->at = (uint16_t)(c->n - branch->n);
	}
	if (slice_present(stamp->ip)) {
		rt_cursor_lit(c, ";received=");
		rt_cursor_put(c, stamp->ip);
	}
	return found;
}

/* What lies at `upto` or behind it lies `by` bytes further on. */
static void move(struct sip_span *s, uint32_t upto, int by)
{
	if (s->at >= upto)
		s->at = (uint16_t)(s->at + by);
}

static void move_all(struct sip_index *x, uint32_t upto, int by)
{
	for (int f = 0; f < x->nfield; f++) {
		move(&x->field[f].name, upto, by);
		move(&x->field[f].value, upto, by);
	}
	move(&x->facts.from_tag, upto, by);
	move(&x->facts.to_tag, upto, by);
	x->head_n = (uint16_t)(x->head_n + by);
	x->body_at += (uint32_t)by;
}

/* Where the parameters of the topmost Via begin: at a semicolon, or where it ends. */
static uint32_t params_at(const struct sip_msg *request, uint32_t upto)
{
	const struct sip_span host = request->index->facts.via_host;
	const uint32_t behind = (uint32_t)host.at + host.n;
	const char *const p = memchr(request->text.p + behind, ';', upto - behind);

	return p ? (uint32_t)(p - request->text.p) : upto;
}

static int splice(struct rt_cursor *c, struct sip_index *x, const struct sip_msg *request, int top, const struct sip_stamp *stamp)
{
	struct sip_span *const via = &x->field[top].value;
	const uint32_t upto = (uint32_t)via->at + via->n, from = params_at(request, upto);
	int by;

	rt_cursor_put(c, slice_head(request->text, from));
	if (put_params(c, request, slice_of(request->text.p + from, upto - from), stamp, &x->facts.via_branch) < 0)
		return RT_BAD;
	by = (int)c->n - (int)upto;
	if (x->head_n + by > SIP_HEAD_MAX)
		return RT_BIG;
	via->n = (uint16_t)(via->n + by);
	rt_cursor_put(c, slice_from(request->text, upto));
	move_all(x, upto, by);
	return c->err ? RT_BAD : 0; /* no room: one parameter comes many times */
}

int sip_msg_stamp(struct sip_msg *out, struct rt_arena *a, const struct sip_msg *request, const struct sip_stamp *stamp)
{
	const size_t index_n = SIP_INDEX_BYTES(request->index->nfield);
	const uint32_t room = request->text.n + stamp->ip.n + GROWTH;
	const int top = sip_msg_first(request, SIP_HDR_VIA);
	struct sip_index *const x = rt_arena_raw(a, index_n);
	struct rt_cursor c = rt_cursor_on(x ? rt_arena_raw(a, room) : 0, room);
	int err;

	if (top < 0 || request->index->facts.via_host.n == 0)
		return RT_BAD;
	if (!c.p)
		return RT_NOMEM;
	memcpy(x, request->index, index_n);
	err = splice(&c, x, request, top, stamp);
	if (err < 0)
		return err;
	if (slice_present(stamp->ip))
		x->facts.via_flags |= SIP_VIA_RECEIVED;
	rt_arena_shrink(a, c.p, c.n);
	*out = (struct sip_msg){ rt_cursor_text(&c), x };
	return 0;
}
