/* SPDX-License-Identifier: MIT */
/* sources: an address has one place; a stranger takes it over when its count has run out, or is the smaller one. */
#include "auth/sources.h"

uint32_t auth_sources_fail(struct auth_sources *self, const struct sip_hop *source, rt_ms now)
{
	struct sip_hop address = *source;
	uint64_t forgotten;
	uint32_t over;

	if (sip_hop_is_loopback(source))
		return 0;
	address.port = 0; /* all ports of an address are one source */
	address.proto = 0;

	__typeof__(&self->entry[0]) e = &self->entry[sip_hop_hash(&address) % AUTH_SOURCES_ROOM];

	forgotten = (now - e->since) / AUTH_SOURCES_FORGET;
	e->failures = forgotten < e->failures ? e->failures - (uint32_t)forgotten : 0;
	e->since += forgotten * AUTH_SOURCES_FORGET;
	if (memcmp(e->ip, source->ip, sizeof(e->ip))) {
		if (e->failures > AUTH_SOURCES_FREE) {
			e->failures--; /* the other one is busy attacking: he keeps the place, a while */
			return 0;
		}
		memcpy(e->ip, source->ip, sizeof(e->ip));
		e->failures = 0;
		e->since = now;
	}
	if (e->failures < 64)
		e->failures++;
	if (e->failures <= AUTH_SOURCES_FREE)
		return 0;
	over = e->failures - AUTH_SOURCES_FREE - 1;
	return over >= 4 ? AUTH_SOURCES_DELAY_MAX : (uint32_t)AUTH_SOURCES_DELAY << over;
}
