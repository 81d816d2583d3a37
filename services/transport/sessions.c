/* SPDX-License-Identifier: MIT */
#include "sessions.h"

#include <stdlib.h>

#include "rt/hash.h"

enum { PLACES = 512, NAME_MAX_BYTES = 256 };

struct sessions {
	struct session {
		SSL_SESSION *session;
		struct sip_hop there;
		char name[NAME_MAX_BYTES];
	} place[PLACES];
};

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

void sessions_clear(struct sessions *self)
{
	for (int i = 0; i < PLACES; i++) {
		SSL_SESSION_free(self->place[i].session);
		self->place[i].session = 0;
	}
}

void sessions_destroy(struct sessions **self_p)
{
	if (*self_p)
		sessions_clear(*self_p);
	free(*self_p);
	*self_p = 0;
}

static uint32_t place_of(const struct sip_hop *there)
{
	return (uint32_t)(rt_mix(sip_hop_hash(there), 1) % PLACES);
}

void sessions_put(struct sessions *self, const struct sip_hop *there, struct slice name, SSL_SESSION *session)
{
	struct session *s = &self->place[place_of(there)];

	SSL_SESSION_free(s->session);
	s->session = session;
	s->there = *there;
	if (slice_cstr(name, s->name, sizeof(s->name)))
		return;
	SSL_SESSION_free(session);
	s->session = 0;
}

SSL_SESSION *sessions_get(const struct sessions *self, const struct sip_hop *there, struct slice name)
{
	const struct session *s = &self->place[place_of(there)];
	const bool same = s->session && sip_hop_same(&s->there, there) && slice_eq_nocase(slice_str(s->name), name);

	return same && SSL_SESSION_is_resumable(s->session) ? s->session : 0;
}
