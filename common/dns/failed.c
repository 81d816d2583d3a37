/* SPDX-License-Identifier: MIT */
/* failed: a hop has one row; in it, the oldest of four gives way. */
#include "failed.h"

#include "dns/resolver.h"

static unsigned row_of(const struct sip_hop *hop)
{
	return (unsigned)(sip_hop_hash(hop) % DNS_FAILED_ROWS);
}

static int way_of(const struct dns_failed *self, unsigned row, const struct sip_hop *hop)
{
	for (int w = 0; w < DNS_FAILED_WAYS; w++)
		if (self->row[row][w].until && sip_hop_same(&self->row[row][w].hop, hop))
			return w;
	return -1;
}

void dns_failed_add(struct dns_failed *self, const struct sip_hop *hop, rt_ms until)
{
	const unsigned row = row_of(hop);
	int way = way_of(self, row, hop);

	if (way < 0) {
		way = 0;
		for (int w = 1; w < DNS_FAILED_WAYS; w++)
			if (self->row[row][w].until < self->row[row][way].until)
				way = w;
	}
	self->row[row][way].hop = *hop;
	self->row[row][way].until = until;
}

void dns_failed_drop(struct dns_failed *self, const struct sip_hop *hop)
{
	const unsigned row = row_of(hop);
	const int way = way_of(self, row, hop);

	if (way >= 0)
		self->row[row][way].until = 0;
}

bool dns_failed_has(const struct dns_failed *self, const struct sip_hop *hop, rt_ms now)
{
	const unsigned row = row_of(hop);
	const int way = way_of(self, row, hop);

	return way >= 0 && self->row[row][way].until > now;
}

void dns_failed_last(const struct dns_failed *self, struct sip_hop *hops, int n, rt_ms now)
{
	struct sip_hop bad[DNS_HOPS_MAX];
	int good = 0, nbad = 0;

	for (int i = 0; i < n; i++) {
		if (nbad < DNS_HOPS_MAX && dns_failed_has(self, &hops[i], now))
			bad[nbad++] = hops[i];
		else
			hops[good++] = hops[i];
	}
	for (int i = 0; i < nbad; i++)
		hops[good + i] = bad[i];
}
