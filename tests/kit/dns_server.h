/* SPDX-License-Identifier: MIT */
/*
 * dns_server: a small name server in a thread of the test, on a port of its own at 127.0.0.1, UDP and TCP.
 *
 * Its zone is lines of text, NULL at the end:
 *   "example.test 60 NAPTR 10 50 s SIP+D2U _sip._udp.example.test"     owner, ttl, type, data as a zone file has it
 *   "_sip._udp.example.test 60 SRV 0 10 5060 a.example.test"
 *   "a.example.test 60 A 192.0.2.1"          AAAA likewise; CNAME too, above what it names
 *   "test 60 SOA 7"                          names below `test` that do not exist are said not to, for 7 seconds
 *   "hole.test 0 DROP"                       no answer, ever; "DROP AAAA": none to that type
 *   "slow.test 0 DELAY 300"                  every answer 300 ms late
 *   "broken.test 0 SERVFAIL"                 and REFUSED
 * A UDP answer that does not fit is cut and marked so (TC), as a real server would.
 */
#ifndef KIT_DNS_SERVER_H
#define KIT_DNS_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kit/test.h"

enum { KIT_DNS_LATE = 64, KIT_DNS_CONNS = 8, KIT_DNS_LOG = 4096, KIT_DNS_BYTES = 16384 };

struct kit_dns_late {
	uint64_t due;
	struct sockaddr_in to;
	uint32_t n;
	uint8_t bytes[KIT_DNS_BYTES];
};

struct kit_dns {
	const char *const *zone;
	int udp, tcp, port, conn[KIT_DNS_CONNS], nconn, wake[2];
	struct kit_dns_late late[KIT_DNS_LATE];
	int nlate;
	pthread_t thread;
	pthread_mutex_t lock;
	struct {
		char name[256];
		int type;
		bool tcp;
	} log[KIT_DNS_LOG];
	int nlog;
};

struct kit_dns_out {
	uint8_t *p;
	uint32_t n;
};

static inline uint64_t kit_dns_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline int kit_dns_type(const char *word)
{
	static const struct {
		const char *name;
		int type;
	} all[] = { { "A", 1 }, { "CNAME", 5 }, { "SOA", 6 }, { "AAAA", 28 }, { "SRV", 33 }, { "NAPTR", 35 } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(word, all[i].name))
			return all[i].type;
	return 0;
}

/* ---- Writing ---- */

static inline void kit_dns_put(struct kit_dns_out *o, uint32_t v, int bytes)
{
	while (bytes--)
		o->p[o->n++] = (uint8_t)(v >> 8 * bytes);
}

static inline void kit_dns_put_name(struct kit_dns_out *o, const char *name)
{
	while (*name && strcmp(name, ".")) {
		const uint32_t n = (uint32_t)strcspn(name, ".");

		kit_dns_put(o, n, 1);
		memcpy(o->p + o->n, name, n);
		o->n += n;
		name += n + (name[n] == '.');
	}
	kit_dns_put(o, 0, 1);
}

static inline void kit_dns_put_text(struct kit_dns_out *o, const char *text)
{
	kit_dns_put(o, (uint32_t)strlen(text), 1);
	memcpy(o->p + o->n, text, strlen(text));
	o->n += (uint32_t)strlen(text);
}

/* One record: `word` is its data in words. */
static inline void kit_dns_put_record(struct kit_dns_out *o, const char *owner, int type, uint32_t ttl, char **word)
{
	uint32_t at;

	kit_dns_put_name(o, owner);
	kit_dns_put(o, (uint32_t)type, 2);
	kit_dns_put(o, 1, 2);
	kit_dns_put(o, ttl, 4);
	at = o->n;
	kit_dns_put(o, 0, 2);
	if (type == 1 || type == 28) {
		inet_pton(type == 1 ? AF_INET : AF_INET6, word[0], o->p + o->n);
		o->n += type == 1 ? 4 : 16;
	} else if (type == 5) {
		kit_dns_put_name(o, word[0]);
	} else if (type == 33) {
		for (int i = 0; i < 3; i++)
			kit_dns_put(o, (uint32_t)atoi(word[i]), 2);
		kit_dns_put_name(o, word[3]);
	} else if (type == 35) {
		kit_dns_put(o, (uint32_t)atoi(word[0]), 2);
		kit_dns_put(o, (uint32_t)atoi(word[1]), 2);
		kit_dns_put_text(o, word[2]);
		kit_dns_put_text(o, word[3]);
		kit_dns_put_text(o, "");
		kit_dns_put_name(o, word[4]);
	} else if (type == 6) {
		kit_dns_put_name(o, "ns.test");
		kit_dns_put_name(o, "root.test");
		for (int i = 0; i < 4; i++)
			kit_dns_put(o, 1, 4);
		kit_dns_put(o, (uint32_t)atoi(word[0]), 4);
	}
	o->p[at] = (uint8_t)((o->n - at - 2) >> 8);
	o->p[at + 1] = (uint8_t)(o->n - at - 2);
}

/* ---- Answering ---- */

struct kit_dns_asked {
	char name[256];
	int type;
	uint32_t end;  /* of the question */
	uint32_t room; /* for the answer: EDNS or 512 */
	int delay, rcode, answers, authorities;
	bool drop, exists;
};

static inline bool kit_dns_read(struct kit_dns_asked *a, const uint8_t *p, uint32_t n)
{
	uint32_t at = 12, to = 0;

	memset(a, 0, sizeof(*a));
	while (at < n && p[at] && at + 1 + p[at] < n && to + p[at] + 1u < sizeof(a->name)) {
		if (to)
			a->name[to++] = '.';
		memcpy(a->name + to, p + at + 1, p[at]);
		to += p[at];
		at += 1u + p[at];
	}
	if (at + 5 > n)
		return false;
	a->type = p[at + 1] << 8 | p[at + 2];
	a->end = at + 5;
	a->room = 512;
	if (p[11] && a->end + 5 <= n && p[a->end + 2] == 41) /* OPT */
		a->room = (uint32_t)p[a->end + 3] << 8 | p[a->end + 4];
	return true;
}

static inline void kit_dns_apply(struct kit_dns_asked *a, char *name, const char *line, struct kit_dns_out *o, bool negative)
{
	char copy[512], *word[12] = { 0 }, *save = 0;
	int n = 0, type;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w && n < 11; w = strtok_r(0, " ", &save))
		word[n++] = w;
	type = kit_dns_type(word[2]);
	if (negative && type == 6 && strlen(name) > strlen(word[0]) &&
	    !strcmp(name + strlen(name) - strlen(word[0]), word[0])) {
		kit_dns_put_record(o, word[0], type, (uint32_t)atoi(word[1]), word + 3);
		a->authorities++;
	}
	if (negative || strcasecmp(word[0], name))
		return;
	a->exists = true;
	if (!strcmp(word[2], "DROP"))
		a->drop |= !word[3] || kit_dns_type(word[3]) == a->type;
	else if (!strcmp(word[2], "DELAY"))
		a->delay = atoi(word[3]);
	else if (!strcmp(word[2], "SERVFAIL"))
		a->rcode = 2;
	else if (!strcmp(word[2], "REFUSED"))
		a->rcode = 5;
	if (type && (type == a->type || type == 5)) {
		kit_dns_put_record(o, word[0], type, (uint32_t)atoi(word[1]), word + 3);
		a->answers++;
		if (type == 5)
			snprintf(name, 256, "%s", word[3]);
	}
}

/* The bytes of the answer; 0: none is given. */
static inline uint32_t kit_dns_answer(struct kit_dns *s, struct kit_dns_asked *a, const uint8_t *q, uint32_t n, uint8_t *bytes,
				      bool tcp)
{
	struct kit_dns_out o = { bytes, 0 };
	char name[256];

	if (!kit_dns_read(a, q, n))
		return 0;
	pthread_mutex_lock(&s->lock);
	if (s->nlog < KIT_DNS_LOG) {
		memcpy(s->log[s->nlog].name, a->name, sizeof(a->name));
		s->log[s->nlog].type = a->type;
		s->log[s->nlog++].tcp = tcp;
	}
	pthread_mutex_unlock(&s->lock);
	memcpy(bytes, q, a->end);
	o.n = a->end;
	memcpy(name, a->name, sizeof(name));
	for (const char *const *line = s->zone; *line; line++)
		kit_dns_apply(a, name, *line, &o, false);
	for (const char *const *line = s->zone; !a->answers && *line; line++)
		kit_dns_apply(a, name, *line, &o, true);
	bytes[2] = 0x81;
	bytes[3] = (uint8_t)(0x80 | (a->rcode ? a->rcode : a->exists ? 0 : 3));
	if (!tcp && o.n > a->room) {
		bytes[2] |= 2; /* TC */
		o.n = a->end;
		a->answers = a->authorities = 0;
	}
	bytes[6] = 0;
	bytes[7] = (uint8_t)a->answers;
	bytes[8] = 0;
	bytes[9] = (uint8_t)a->authorities;
	bytes[10] = bytes[11] = 0;
	return a->drop ? 0 : o.n;
}

static inline void kit_dns_on_udp(struct kit_dns *s)
{
	uint8_t q[2048], bytes[KIT_DNS_BYTES];
	struct kit_dns_asked a;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	const ssize_t n = recvfrom(s->udp, q, sizeof(q), 0, (struct sockaddr *)&from, &len);
	const uint32_t out = n > 12 ? kit_dns_answer(s, &a, q, (uint32_t)n, bytes, false) : 0;
	struct kit_dns_late *l;

	if (!out)
		return;
	if (!a.delay) {
		(void)!sendto(s->udp, bytes, out, 0, (struct sockaddr *)&from, len);
	} else if (s->nlate < KIT_DNS_LATE) {
		l = &s->late[s->nlate++];
		l->due = kit_dns_now() + (uint64_t)a.delay;
		l->to = from;
		l->n = out;
		memcpy(l->bytes, bytes, out);
	}
}

static inline void kit_dns_on_tcp(struct kit_dns *s, int i)
{
	uint8_t q[2048], bytes[KIT_DNS_BYTES + 2];
	struct kit_dns_asked a;
	const ssize_t n = recv(s->conn[i], q, sizeof(q), 0); /* a query comes in one piece on loopback */
	uint32_t out;

	if (n <= 14) {
		close(s->conn[i]);
		s->conn[i] = s->conn[--s->nconn];
		return;
	}
	out = kit_dns_answer(s, &a, q + 2, (uint32_t)n - 2, bytes + 2, true);
	bytes[0] = (uint8_t)(out >> 8);
	bytes[1] = (uint8_t)out;
	if (out)
		(void)!send(s->conn[i], bytes, out + 2, MSG_NOSIGNAL);
}

static inline int kit_dns_send_late(struct kit_dns *s) /* ms until the next one; -1: none */
{
	const uint64_t now = kit_dns_now();
	int wait = -1;

	for (int i = 0; i < s->nlate; i++) {
		if (s->late[i].due <= now) {
			(void)!sendto(s->udp, s->late[i].bytes, s->late[i].n, 0, (struct sockaddr *)&s->late[i].to,
				      sizeof(s->late[i].to));
			s->late[i--] = s->late[--s->nlate];
		} else if (wait < 0 || s->late[i].due - now < (uint64_t)wait) {
			wait = (int)(s->late[i].due - now);
		}
	}
	return wait;
}

static inline void *kit_dns_run(void *arg)
{
	struct kit_dns *s = arg;

	for (;;) {
		struct pollfd p[3 + KIT_DNS_CONNS] = { { s->wake[0], POLLIN, 0 }, { s->udp, POLLIN, 0 }, { s->tcp, POLLIN, 0 } };
		const int conns = s->nconn;

		for (int i = 0; i < conns; i++)
			p[3 + i] = (struct pollfd){ s->conn[i], POLLIN, 0 };
		poll(p, (nfds_t)(3 + conns), kit_dns_send_late(s));
		if (p[0].revents)
			return 0;
		if (p[1].revents)
			kit_dns_on_udp(s);
		for (int i = conns - 1; i >= 0; i--)
			if (p[3 + i].revents)
				kit_dns_on_tcp(s, i);
		if (p[2].revents && s->nconn < KIT_DNS_CONNS)
			s->conn[s->nconn++] = accept(s->tcp, 0, 0);
	}
}

/* ---- For the test ---- */

static inline struct kit_dns *kit_dns_start(const char *const zone[])
{
	struct kit_dns *s = calloc(1, sizeof(*s));
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	assert_non_null(s);
	s->zone = zone;
	s->tcp = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->tcp, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->tcp, 8), 0);
	assert_int_equal(getsockname(s->tcp, (struct sockaddr *)&at, &len), 0);
	s->udp = socket(AF_INET, SOCK_DGRAM, 0); /* the same port: free for UDP, or the test fails here */
	assert_int_equal(bind(s->udp, (struct sockaddr *)&at, sizeof(at)), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pipe(s->wake), 0);
	pthread_mutex_init(&s->lock, 0);
	assert_int_equal(pthread_create(&s->thread, 0, kit_dns_run, s), 0);
	return s;
}

static inline void kit_dns_stop(struct kit_dns **s_p)
{
	struct kit_dns *s = *s_p;

	(void)!write(s->wake[1], "x", 1);
	pthread_join(s->thread, 0);
	for (int i = 0; i < s->nconn; i++)
		close(s->conn[i]);
	close(s->udp);
	close(s->tcp);
	close(s->wake[0]);
	close(s->wake[1]);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*s_p = 0;
}

/* How often a question has come; name NULL: any. */
static inline int kit_dns_count(struct kit_dns *s, const char *name, const char *type)
{
	int n = 0;

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->nlog; i++)
		n += (!name || !strcasecmp(name, s->log[i].name)) && (!type || s->log[i].type == kit_dns_type(type));
	pthread_mutex_unlock(&s->lock);
	return n;
}

#endif
