/* SPDX-License-Identifier: MIT */
/* prefs: features compared one by one; a value is a list, and lists agree when one of each do. */
#include "prefs.h"

#include <math.h>
#include <stdlib.h>

#include "sip/param.h"

/* ---- One value: token, !token, <string>, #number, #>=number, #from:to (RFC 3840 9) ---- */

enum kind { WORD, TEXT, RANGE };

struct value {
	enum kind kind;
	bool not;
	struct slice text;
	double low, high;
};

static double number(struct slice s)
{
	char text[32];

	return slice_cstr(s, text, sizeof(text)) ? strtod(text, 0) : NAN;
}

static struct value range(struct slice s)
{
	struct value v = { .kind = RANGE, .low = -INFINITY, .high = INFINITY };
	const int colon = slice_find(s, ':');

	if (slice_starts_nocase(s, SLICE(">=")))
		v.low = number(slice_from(s, 2));
	else if (slice_starts_nocase(s, SLICE("<=")))
		v.high = number(slice_from(s, 2));
	else if (colon >= 0)
		v = (struct value){ .kind = RANGE, .low = number(slice_head(s, (uint32_t)colon)), .high = number(slice_from(s, (uint32_t)colon + 1)) };
	else
		v.low = v.high = number(s.n && s.p[0] == '=' ? slice_from(s, 1) : s);
	return v;
}

static struct value read_value(struct slice s)
{
	struct value v = { .kind = WORD };
	const bool not = s.n && s.p[0] == '!';

	s = not ? slice_trim(slice_from(s, 1)) : s;
	if (s.n && s.p[0] == '#')
		v = range(slice_trim(slice_from(s, 1)));
	else
		v.text = s;
	if (s.n && s.p[0] == '<')
		v.kind = TEXT;
	v.not = not;
	return v;
}

static bool same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == RANGE)
		return a->low <= b->high && b->low <= a->high;
	return a->kind == TEXT ? slice_eq(a->text, b->text) : slice_eq_nocase(a->text, b->text);
}

/* Is there a thing both describe? "!a" and "!b" leave plenty. */
static bool meets(const struct value *a, const struct value *b)
{
	if (a->not && b->not)
		return true;
	return same(a, b) != (a->not || b->not);
}

/* Next of "a,b,<c,d>"; shortens *rest. */
static bool next_value(struct slice *rest, struct value *out)
{
	bool in_string = false;
	uint32_t i = 0;

	*rest = slice_trim(*rest);
	if (rest->n == 0)
		return false;
	for (; i < rest->n && (in_string || rest->p[i] != ','); i++)
		in_string = rest->p[i] == '<' || (in_string && rest->p[i] != '>');
	*out = read_value(slice_trim(slice_head(*rest, i)));
	*rest = slice_from(*rest, i + 1);
	return true;
}

/* A feature without a value is TRUE. */
static struct slice list_of(struct slice value)
{
	if (!slice_present(value))
		return SLICE("TRUE");
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		return slice_of(value.p + 1, value.n - 2);
	return value;
}

static bool lists_meet(struct slice a, struct slice b)
{
	struct value x, y;

	for (struct slice as = list_of(a); next_value(&as, &x);)
		for (struct slice bs = list_of(b); next_value(&bs, &y);)
			if (meets(&x, &y))
				return true;
	return false;
}

/* ---- Features ---- */

static bool is_one_of(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, slice_str(names[i])))
			return true;
	return false;
}

/* RFC 3840 9: the base tags, and whatever begins with '+'. */
static bool is_feature(struct slice name)
{
	static const char *const base[] = { "audio", "automata", "class", "duplex", "data", "control", "mobility", "description", "events",
		                            "priority", "methods", "schemes", "application", "video", "language", "type", "isfocus",
		                            "actor", "text", "extensions" };

	return (name.n && name.p[0] == '+') || is_one_of(name, base, sizeof(base) / sizeof(*base));
}

static bool has_features(struct slice params)
{
	struct sip_param p;

	while (sip_param_next(&params, &p) > 0)
		if (is_feature(p.name))
			return true;
	return false;
}

struct proxy_prefs_match proxy_prefs_match(struct slice predicate, struct slice contact)
{
	struct proxy_prefs_match m = { .agrees = true };
	struct sip_param p;

	while (m.asked < UINT8_MAX && sip_param_next(&predicate, &p) > 0) {
		if (!is_feature(p.name))
			continue;
		m.asked++;
		if (!sip_param_has(contact, p.name))
			continue;
		m.known++;
		m.agrees &= lists_meet(p.value, slice_eq(sip_param_get(contact, p.name), SLICE("")) ? SLICE_NONE : sip_param_get(contact, p.name));
	}
	return m;
}

/* ---- Contacts, 7.2 ---- */

/* "*;audio;require" without its star. */
static struct slice predicate_of(const struct sip_msg *m, int field)
{
	const struct slice value = sip_msg_value(m, field);
	const int at = slice_find(value, ';');

	return at < 0 ? SLICE("") : slice_from(value, (uint32_t)at + 1);
}

/* 7.2.3: only a contact that speaks of all the features is rejected for them. */
static bool is_rejected(const struct sip_msg *m, struct slice params)
{
	for (int f = sip_msg_first(m, SIP_HDR_REJECT_CONTACT); f >= 0; f = sip_msg_next(m, f)) {
		const struct proxy_prefs_match got = proxy_prefs_match(predicate_of(m, f), params);

		if (got.asked && got.known == got.asked && got.agrees)
			return true;
	}
	return false;
}

enum { DROPPED = -1, FULL = 1000 };

/* 7.2.4: 0 to FULL, or DROPPED. */
static int score(struct slice predicate, struct slice params)
{
	const struct proxy_prefs_match got = proxy_prefs_match(predicate, params);
	const bool explicit = sip_param_has(predicate, SLICE("explicit")), require = sip_param_has(predicate, SLICE("require"));

	if (!got.asked)
		return FULL;
	if (!got.agrees || (explicit && got.known < got.asked))
		return require ? DROPPED : 0;
	return FULL * got.known / got.asked;
}

/* No preferences said: 7.2.2, a phone that knows the method is better than one that left it out. */
static int implied(const struct sip_msg *m, struct slice params)
{
	const struct slice methods = sip_param_get(params, SLICE("methods"));

	return !slice_present(methods) || !lists_meet(methods, sip_msg_method(m)) ? 0 : FULL;
}

/* The average over all Accept-Contacts. A phone that never said what it can is immune (7.2.1). */
static int liking(const struct sip_msg *m, struct slice params)
{
	int sum = 0, n = 0;

	if (!has_features(params))
		return FULL;
	if (is_rejected(m, params))
		return DROPPED;
	for (int f = sip_msg_first(m, SIP_HDR_ACCEPT_CONTACT); f >= 0; f = sip_msg_next(m, f)) {
		const int one = score(predicate_of(m, f), params);

		if (one == DROPPED)
			return DROPPED;
		sum += one;
		n++;
	}
	if (n)
		return sum / n;
	return sip_msg_has(m, SIP_HDR_REJECT_CONTACT) ? FULL : implied(m, params);
}

int proxy_prefs_choose(const struct sip_msg *request, struct proxy_target *t, int n)
{
	int like[PROXY_TARGETS_MAX], left = 0;

	for (int i = 0; i < n; i++) {
		const struct proxy_target one = t[i];
		const int liked = liking(request, one.params);
		int at = left;

		if (liked == DROPPED)
			continue;
		for (; at > 0 && (t[at - 1].q < one.q || (t[at - 1].q == one.q && like[at - 1] < liked)); at--) {
			t[at] = t[at - 1];
			like[at] = like[at - 1];
		}
		t[at] = one;
		like[at] = liked;
		left++;
	}
	return left;
}

/* ---- Request-Disposition, 9.1 ---- */

static void obey(struct proxy_policy *p, struct slice word, bool own)
{
	if (!own && slice_eq_nocase(word, SLICE("proxy")))
		p->mode = SVC_PROXY;
	else if (!own && slice_eq_nocase(word, SLICE("redirect")))
		p->mode = SVC_REDIRECT;
	else if (slice_eq_nocase(word, SLICE("fork")) || slice_eq_nocase(word, SLICE("no-fork")))
		p->single = word.n > 4;
	else if (slice_eq_nocase(word, SLICE("parallel")))
		p->fork = SVC_ALL;
	else if (slice_eq_nocase(word, SLICE("sequential")))
		p->fork = SVC_SERIAL;
	else if (slice_eq_nocase(word, SLICE("recurse")) || slice_eq_nocase(word, SLICE("no-recurse")))
		p->recurse = word.n == 7;
	else if (slice_eq_nocase(word, SLICE("no-queue")))
		p->queue = 0; /* "queue" asks for nothing but what the callee offers anyway */
}

struct proxy_policy proxy_prefs_dispose(const struct sip_msg *request, struct proxy_policy policy, bool own)
{
	for (int f = sip_msg_first(request, SIP_HDR_REQUEST_DISPOSITION); f >= 0; f = sip_msg_next(request, f)) {
		struct slice rest = sip_msg_value(request, f), word;

		while (slice_word(&rest, &word))
			obey(&policy, word, own);
	}
	return policy;
}
