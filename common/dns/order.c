/* SPDX-License-Identifier: MIT */
/* order: RFC 3263 4.1 and RFC 2782. */
#include "order.h"

#include "rt/hash.h"

static const struct {
	const char *service;
	uint8_t proto;
	bool secure;
} services[] = {
	{ "SIP+D2U", SIP_UDP, false },  { "SIP+D2T", SIP_TCP, false }, { "SIPS+D2T", SIP_TLS, true },
	{ "SIP+D2W", SIP_WS, false },   { "SIPS+D2W", SIP_WSS, true }, { "SIP+D2S", SIP_SCTP, false },
};

static uint8_t transport_of(struct slice service, bool sips, uint8_t transports)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (slice_eq_nocase(service, slice_str(services[i].service)))
			return (services[i].secure || !sips) && (transports >> services[i].proto & 1) ? services[i].proto : 0;
	return 0;
}

static bool naptr_before(const struct dns_record *a, const struct dns_record *b)
{
	return a->order != b->order ? a->order < b->order : a->preference < b->preference;
}

uint32_t dns_order_naptr(const struct dns_answer *answer, bool sips, uint8_t transports, uint8_t *picked, uint8_t *proto)
{
	uint32_t n = 0, same = 0;

	for (uint32_t i = 0; i < answer->n; i++) {
		const struct dns_record *rec = &answer->record[i];
		const uint8_t t = rec->flag == 's' && rec->name.n ? transport_of(rec->service, sips, transports) : 0;
		uint32_t at = n;

		if (!t)
			continue;
		for (; at > 0 && naptr_before(rec, &answer->record[picked[at - 1]]); at--) {
			picked[at] = picked[at - 1];
			proto[at] = proto[at - 1];
		}
		picked[at] = (uint8_t)i;
		proto[at] = t;
		n++;
	}
	while (same < n && answer->record[picked[same]].order == answer->record[picked[0]].order)
		same++;
	return same;
}

/* One of the records picked[from .. to), by weight; those of weight 0 have a small chance of going first. */
static uint32_t draw(const struct dns_answer *answer, const uint8_t *picked, uint32_t from, uint32_t to, uint64_t random)
{
	uint64_t sum = 0, at;

	for (uint32_t i = from; i < to; i++)
		sum += answer->record[picked[i]].preference;
	at = random % (sum + 1);
	for (uint32_t i = from; i < to; i++) {
		const uint64_t weight = answer->record[picked[i]].preference;

		if (at <= weight)
			return i;
		at -= weight;
	}
	return from;
}

/* Sort key: by priority, then weight 0 first (RFC 2782: "place those with weight 0 at the beginning of the list"). */
static uint32_t srv_rank(const struct dns_record *rec)
{
	return (uint32_t)rec->order << 1 | (rec->preference != 0);
}

uint32_t dns_order_srv(const struct dns_answer *answer, uint64_t seed, uint8_t *picked)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < answer->n; i++) {
		uint32_t at = n++;

		for (; at > 0 && srv_rank(&answer->record[i]) < srv_rank(&answer->record[picked[at - 1]]); at--)
			picked[at] = picked[at - 1];
		picked[at] = (uint8_t)i;
	}
	for (uint32_t from = 0, to; from < n; from++) {
		uint32_t won;
		uint8_t taken;

		for (to = from; to < n && answer->record[picked[to]].order == answer->record[picked[from]].order;)
			to++;
		won = draw(answer, picked, from, to, rt_mix(seed, from));
		taken = picked[won];
		memmove(picked + from + 1, picked + from, won - from); /* the others keep their order */
		picked[from] = taken;
	}
	return n;
}
