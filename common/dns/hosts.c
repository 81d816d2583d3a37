/* SPDX-License-Identifier: MIT */
/* hosts: the file as a short list, read again when it changes. */
#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sip/hop.h"

enum { HOSTS_MAX = 1024, LINE_MAX_BYTES = 1024, LOOK_MS = 5000, TTL = 60 };

struct host {
	char name[DNS_NAME_MAX + 1];
	struct sip_hop address;
};

struct dns_hosts {
	char path[256];
	struct host *host;
	uint32_t n;
	rt_ms looked;
	struct timespec changed;
	struct dns_answer answer;
};

static void read_line(struct dns_hosts *self, struct slice line)
{
	const int comment = slice_find(line, '#');
	struct sip_hop address;
	struct slice word;

	if (comment >= 0)
		line = slice_head(line, (uint32_t)comment);
	line = slice_trim(line);
	if (!slice_word(&line, &word) || sip_hop_ip(&address, word, SIP_UDP, 0) < 0)
		return;
	while (slice_word(&line, &word) && self->n < HOSTS_MAX) {
		struct host *h = &self->host[self->n];

		h->address = address;
		if (slice_cstr(word, h->name, sizeof(h->name)))
			self->n++;
	}
}

static void load(struct dns_hosts *self)
{
	char line[LINE_MAX_BYTES];
	struct stat st;
	FILE *f;

	if (stat(self->path, &st) < 0 || memcmp(&st.st_mtim, &self->changed, sizeof(st.st_mtim)) == 0)
		return;
	f = fopen(self->path, "re");
	if (!f)
		return;
	self->changed = st.st_mtim;
	self->n = 0;
	while (fgets(line, sizeof(line), f))
		read_line(self, slice_str(line));
	fclose(f);
}

struct dns_hosts *dns_hosts_new(const char *path)
{
	struct dns_hosts *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->host = calloc(HOSTS_MAX, sizeof(*self->host));
	if (!self->host || !slice_cstr(slice_str(path), self->path, sizeof(self->path))) {
		dns_hosts_destroy(&self);
		return 0;
	}
	load(self);
	return self;
}

void dns_hosts_destroy(struct dns_hosts **self_p)
{
	if (*self_p)
		free((*self_p)->host);
	free(*self_p);
	*self_p = 0;
}

/* "example.com" of "_sip._udp.example.com" */
static struct slice base_of(struct slice name)
{
	while (name.n && name.p[0] == '_') {
		const int dot = slice_find(name, '.');

		if (dot < 0)
			break;
		name = slice_from(name, (uint32_t)dot + 1);
	}
	return name;
}

static bool is_localhost(struct slice name)
{
	const struct slice word = SLICE("localhost");

	if (name.n < word.n || !slice_eq_nocase(slice_from(name, name.n - word.n), word))
		return false;
	return name.n == word.n || name.p[name.n - word.n - 1] == '.';
}

static void add_address(struct dns_answer *a, enum dns_type type, const struct sip_hop *hop)
{
	const bool fits = (type == DNS_A && hop->family == 4) || (type == DNS_AAAA && hop->family == 6);

	if (!fits || a->n == DNS_RECORDS_MAX)
		return;
	memset(&a->record[a->n], 0, sizeof(a->record[a->n]));
	memcpy(a->record[a->n++].ip, hop->ip, sizeof(hop->ip));
}

const struct dns_answer *dns_hosts_answer(struct dns_hosts *self, enum dns_type type, struct slice name, rt_ms now)
{
	static const struct sip_hop loopback = { .ip = { 127, 0, 0, 1 }, .family = 4 };
	struct dns_answer *a = &self->answer;
	const struct slice base = base_of(name);
	bool known = is_localhost(base);

	if (now - self->looked >= LOOK_MS) {
		self->looked = now;
		load(self);
	}
	a->n = 0;
	if (known)
		add_address(a, type, &loopback);
	for (uint32_t i = 0; i < self->n; i++) {
		if (is_localhost(base) || !slice_eq_nocase(slice_str(self->host[i].name), base))
			continue;
		known = true;
		add_address(a, type, &self->host[i].address);
	}
	a->err = a->n ? 0 : RT_ABSENT;
	a->ttl = TTL;
	return known ? a : 0;
}
