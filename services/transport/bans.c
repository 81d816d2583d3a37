/* SPDX-License-Identifier: MIT */
/*
 * bans: open addressing, linear probing, never more than half full.
 *
 *   lengths[0]  of IPv4   32, 24          for each: the source with the other bits off --> place[hash]
 *   lengths[1]  of IPv6   64
 */
#include "bans.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "sip/netlist.h"

enum { PLACES = 2 * TRANSPORT_BANS, LENGTHS = 129 };
_Static_assert((PLACES & (PLACES - 1)) == 0, "a power of two");

struct ban {
	struct net net; /* its port holds the bits, so that the hash covers them; family 0: free */
	int64_t until;
};

struct bans {
	uint32_t n;
	uint8_t nlength[2], length[2][LENGTHS];
	struct ban place[PLACES];
};

struct bans *bans_new(void)
{
	return calloc(1, sizeof(struct bans)); /* pages are touched as they are needed */
}

void bans_destroy(struct bans **self_p)
{
	free(*self_p);
	*self_p = 0;
}

void bans_clear(struct bans *self)
{
	if (self->n)
		memset(self, 0, sizeof(*self));
}

static struct net network_of(const struct sip_hop *ip, uint8_t bits)
{
	struct net net = { .base = { .family = ip->family, .port = bits }, .bits = bits };

	memcpy(net.base.ip, ip->ip, (bits + 7u) / 8);
	if (bits % 8)
		net.base.ip[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
	return net;
}

static uint32_t place_of(const struct bans *self, const struct net *net)
{
	uint32_t at = (uint32_t)sip_hop_hash(&net->base) & (PLACES - 1);

	while (self->place[at].net.base.family && !sip_hop_same(&self->place[at].net.base, &net->base))
		at = (at + 1) & (PLACES - 1);
	return at;
}

static void note_length(struct bans *self, uint8_t family, uint8_t bits)
{
	const int six = family == 6;

	if (memchr(self->length[six], bits, self->nlength[six]))
		return;
	self->length[six][self->nlength[six]++] = bits;
}

int bans_add(struct bans *self, struct slice network, int64_t until)
{
	struct net net;
	struct ban *ban;

	if (net_read(&net, network) < 0)
		return RT_BAD;
	net = network_of(&net.base, net.bits);
	ban = &self->place[place_of(self, &net)];
	if (!ban->net.base.family) {
		if (self->n == TRANSPORT_BANS)
			return RT_BIG;
		self->n++;
		ban->net = net;
		note_length(self, net.base.family, net.bits);
	}
	if (ban->until < until)
		ban->until = until;
	return 0;
}

bool bans_has(const struct bans *self, const struct sip_hop *source, int64_t now)
{
	const int six = source->family == 6;

	for (uint32_t i = 0; i < self->nlength[six]; i++) {
		const struct net net = network_of(source, self->length[six][i]);
		const struct ban *ban = &self->place[place_of(self, &net)];

		if (ban->net.base.family && ban->until > now)
			return true;
	}
	return false;
}

uint32_t bans_count(const struct bans *self)
{
	return self->n;
}
