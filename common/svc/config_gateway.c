/* SPDX-License-Identifier: MIT */
/* config_gateway: the sections `gateway` and `route`, where the names to the left are the operator's own. */
#include "config_draft.h"

static bool is_route(const struct config_setting *s)
{
	return slice_eq(s->section, SLICE("route"));
}

static int check_group(struct config_draft *d, const struct config_setting *s, struct slice group)
{
	if (svc_group_is(group))
		return 0;
	return config_fail(d, s->where, "'" SLICE_FMT "' is no name of a group; it takes letters, digits, '-' and '.', at most %d",
			   SLICE_ARG(slice_head(group, 60)), SVC_GROUP_MAX);
}

/* PEAL_GATEWAY_CARRIER_BERLIN comes as one key: "carrier_berlin". */
static void split(const struct config_setting *s, struct slice *group, struct slice *name)
{
	const int under = slice_find(s->key, '_');
	const bool one = slice_present(s->domain) || under < 0 || is_route(s);

	*group = slice_present(s->domain) ? s->domain : one ? s->key : slice_head(s->key, (uint32_t)under);
	*name = one ? s->key : slice_from(s->key, (uint32_t)under + 1);
}

/* The environment comes after the file, and goes first. */
static bool is_overridden(const struct config_draft *d, uint32_t at)
{
	struct slice group, name, other, its;

	split(&d->setting[at], &group, &name);
	for (uint32_t i = at + 1; i < d->nsetting; i++) {
		if (!slice_eq(d->setting[i].section, d->setting[at].section))
			continue;
		split(&d->setting[i], &other, &its);
		if (slice_eq_nocase(other, group) && slice_eq_nocase(its, name))
			return true;
	}
	return false;
}

static int add_hop(struct config_draft *d, const struct config_setting *s)
{
	struct svc_hop *const hop = &d->config.hop[d->config.nhop];
	struct slice group, name;
	char why[SVC_GATEWAY_WHY];
	int err;

	if (d->config.nhop == SVC_HOPS_MAX)
		return config_fail(d, s->where, "more than %d hops; put the others into Redis with `peal gateway add`", SVC_HOPS_MAX);
	split(s, &group, &name);
	hop->group = config_lower(d, group);
	err = check_group(d, s, hop->group);
	if (!err && svc_hop_read(hop, s->value, why))
		err = config_fail(d, s->where, "%s", why);
	d->config.nhop += !err;
	return err;
}

static int add_route(struct config_draft *d, const struct config_setting *s, struct slice group, struct slice word)
{
	const struct slice what = config_lower(d, word);

	if (svc_route_what(what) == SVC_WHAT_NONE)
		return config_fail(d, s->where, "'" SLICE_FMT "'; it must be the beginning of a number (+49), a domain, .domain or *",
				   SLICE_ARG(slice_head(word, 80)));
	if (d->config.nroute == SVC_ROUTES_MAX)
		return config_fail(d, s->where, "more than %d routes; put the others into Redis with `peal route add`", SVC_ROUTES_MAX);
	for (uint32_t i = 0; i < d->config.nroute; i++)
		if (slice_eq(d->config.route[i].what, what))
			return config_fail(d, s->where, "'" SLICE_FMT "' goes to " SLICE_FMT " already; keep one of them",
					   SLICE_ARG(slice_head(what, 80)), SLICE_ARG(d->config.route[i].group));
	d->config.route[d->config.nroute++] = (struct svc_route){ what, group };
	return 0;
}

static int add_routes(struct config_draft *d, const struct config_setting *s)
{
	const struct slice group = config_lower(d, s->key);
	struct slice rest = s->value, word;
	int err = check_group(d, s, group);

	while (!err && slice_word(&rest, &word))
		err = add_route(d, s, group, word);
	return err;
}

int config_gateway_set(struct config_draft *d)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < d->nsetting; i++) {
		const struct config_setting *const s = &d->setting[i];

		if (!config_section_named(s->section) || is_overridden(d, i))
			continue;
		if (!is_route(s))
			err = add_hop(d, s);
		else
			err = add_routes(d, s);
	}
	return err;
}
