/* SPDX-License-Identifier: MIT */
/* netlist: a short list walked in order; an address is a network of all its bits. */
#include "sip/netlist.h"

int net_read(struct net *out, struct slice word)
{
	const int slash = slice_find(word, '/');
	const struct slice host = slash < 0 ? word : slice_head(word, (uint32_t)slash);
	struct net net = { 0 };
	uint32_t bits, all;

	if (sip_hop_ip(&net.base, host, SIP_UDP, 0) < 0)
		return RT_BAD;
	all = net.base.family == 4 ? 32 : 128;
	bits = all;
	if (slash >= 0 && (!slice_u32(slice_from(word, (uint32_t)slash + 1), &bits) || bits > all))
		return RT_BAD;
	net.bits = (uint8_t)bits;
	*out = net;
	return 0;
}

int netlist_add(struct netlist *self, struct slice word)
{
	struct net net;

	if (net_read(&net, word) < 0)
		return RT_BAD;
	if (self->n == NETLIST_MAX)
		return RT_BIG;
	self->net[self->n++] = net;
	return 0;
}

static bool covers(const struct net *net, const struct sip_hop *hop)
{
	const uint32_t bytes = net->bits / 8, rest = net->bits % 8;
	const uint8_t mask = (uint8_t)(0xff << (8 - rest));

	if (net->base.family != hop->family || memcmp(net->base.ip, hop->ip, bytes) != 0)
		return false;
	return rest == 0 || ((net->base.ip[bytes] ^ hop->ip[bytes]) & mask) == 0;
}

bool netlist_has(const struct netlist *self, const struct sip_hop *hop)
{
	for (uint32_t i = 0; i < self->n; i++)
		if (covers(&self->net[i], hop))
			return true;
	return false;
}
