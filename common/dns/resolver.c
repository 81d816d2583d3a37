/* SPDX-License-Identifier: MIT */
/*
 * resolver: searches, each a plan that is run again when an answer it waits for has come; questions, asked through c-ares.
 *
 *   search --needs--> question --ares_query--> network
 *     ^                  |
 *     +----- waiting ----+      a question may have many searches waiting, a search many questions
 *
 * All searches have the same time, so the list in order of birth is the list in order of deadline.
 */
#include "dns/resolver.h"

#include <ares.h>
#include <stdlib.h>
#include <sys/time.h>

#include "failed.h"
#include "hosts.h"
#include "limits.h"
#include "plan.h"
#include "question.h"
#include "reach.h"
#include "rt/clock.h"
#include "rt/table.h"

enum {
	ASKED_MAX = 160,    /* questions of one search: NAPTR, SRVs, and two for each of their targets */
	TRIES = 3,          /* of one question, at each server: after 1/8, 2/8 and 4/8 of a search's time */
	TRY_PART = 8,
	TRY_MIN = 50,       /* ms */
	EDNS_BYTES = 1232,  /* over UDP without fragments; more comes by TCP */
	SERVERS_TEXT = 1024,
};

struct search {
	rt_handle handle;
	struct search *next, *prev;      /* by deadline */
	struct search *next_ready;
	bool ready;
	rt_ms deadline;
	uint64_t seed, token;
	dns_done_fn *done;
	void *arg;
	struct dns_target target;
	uint32_t nasked;
	rt_handle asked[ASKED_MAX];
};

struct dns_resolver {
	struct dns_hooks hooks;
	ares_channel channel;
	struct dns_questions *questions;
	struct rt_pool *searches;
	struct rt_table *waiting; /* question -> searches */
	struct dns_hosts *hosts;
	struct dns_failed failed;
	struct search *first, *last;
	struct search *ready, **ready_end;
	struct dns_reading reading;
	uint64_t seed;
	uint32_t timeout_ms;
	uint8_t families, transports;
	rt_ms now;
	bool closing;
};

static const struct dns_answer no_room = { .err = RT_DOWN };

/* ---- Searches ---- */

static void link_search(struct dns_resolver *self, struct search *s)
{
	s->prev = self->last;
	if (self->last)
		self->last->next = s;
	else
		self->first = s;
	self->last = s;
}

static void unlink_search(struct dns_resolver *self, struct search *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		self->first = s->next;
	if (s->next)
		s->next->prev = s->prev;
	else
		self->last = s->prev;
}

static void unready(struct dns_resolver *self, struct search *s)
{
	struct search **link = &self->ready;

	while (*link && *link != s)
		link = &(*link)->next_ready;
	if (!*link)
		return;
	*link = s->next_ready;
	if (self->ready_end == &s->next_ready)
		self->ready_end = link;
}

static void make_ready(struct dns_resolver *self, struct search *s)
{
	if (s->ready)
		return;
	s->ready = true;
	s->next_ready = 0;
	*self->ready_end = s;
	self->ready_end = &s->next_ready;
}

/* Tell the owner; the search is gone before it hears, so it may ask again at once. */
static void finish(struct dns_resolver *self, struct search *s, int err, struct sip_hop *hops, int n)
{
	dns_done_fn *done = s->done;
	void *arg = s->arg;
	const uint64_t token = s->token;

	for (uint32_t i = 0; i < s->nasked; i++) {
		struct dns_question *q = dns_questions_get(self->questions, s->asked[i]);

		if (q)
			q->held--;
	}
	unlink_search(self, s);
	if (s->ready)
		unready(self, s);
	rt_pool_give(self->searches, s->handle);
	dns_unroutable_last(hops, n);
	dns_failed_last(&self->failed, hops, n, self->now);
	done(arg, token, n ? 0 : err, hops, n);
}

/* ---- Questions ---- */

static void settle(struct dns_resolver *self, struct dns_question *q, const struct dns_answer *answer)
{
	uint64_t h;
	uint32_t i;

	(void)dns_question_settle(q, answer, self->now);
	while (i = 0, rt_table_each(self->waiting, q->handle, &i, &h)) {
		struct search *s = rt_pool_get(self->searches, h);

		rt_table_drop(self->waiting, q->handle, h);
		if (s)
			make_ready(self, s);
	}
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct dns_question *q = arg;
	struct dns_resolver *self = q->owner;
	struct dns_answer *a = &self->reading.answer;

	(void)timeouts;
	if (self->closing)
		return;
	if (bytes && (status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND)) {
		dns_answer_read(&self->reading, q->type, slice_of(q->name, q->name_n), bytes, (uint32_t)n);
	} else {
		a->n = 0;
		a->err = status == ARES_ETIMEOUT ? RT_TIMEOUT : RT_DOWN;
	}
	settle(self, q, a);
}

static bool hold(struct search *s, struct dns_question *q)
{
	if (s->nasked == ASKED_MAX)
		return false;
	s->asked[s->nasked++] = q->handle;
	q->held++;
	return true;
}

static struct dns_question *held_by(const struct dns_resolver *self, const struct search *s, enum dns_type type,
				    struct slice name)
{
	for (uint32_t i = 0; i < s->nasked; i++) {
		struct dns_question *q = dns_questions_get(self->questions, s->asked[i]);

		if (q && q->type == type && slice_eq_nocase(name, slice_of(q->name, q->name_n)))
			return q;
	}
	return 0;
}

static struct dns_question *ask(struct dns_resolver *self, enum dns_type type, struct slice name)
{
	struct dns_question *q = dns_questions_add(self->questions, type, name, self->now);

	if (!q)
		return 0;
	q->owner = self;
	ares_query(self->channel, q->name, 1, type, on_answer, q); /* may answer at once */
	return q;
}

struct needing {
	struct dns_resolver *self;
	struct search *s;
};

/* A search sees one answer to one question, however often its plan is run: what it has asked, it holds. */
static const struct dns_answer *need(void *arg, enum dns_type type, struct slice name)
{
	struct dns_resolver *self = ((struct needing *)arg)->self;
	struct search *s = ((struct needing *)arg)->s;
	const struct dns_answer *known = dns_hosts_answer(self->hosts, type, name, self->now);
	struct dns_question *q = known ? 0 : held_by(self, s, type, name);

	if (known)
		return known;
	if (q)
		return q->answer;
	q = dns_questions_find(self->questions, type, name, self->now);
	if (!q)
		q = ask(self, type, name);
	if (!q || !hold(s, q))
		return &no_room;
	if (!q->answer && rt_table_put(self->waiting, q->handle, s->handle) < 0)
		return &no_room;
	return q->answer;
}

/* ---- Running ---- */

/* `late`: take what there is. */
static void run(struct dns_resolver *self, struct search *s, bool late)
{
	struct needing needing = { self, s };
	struct dns_plan plan = {
		.target = &s->target,
		.families = self->families,
		.transports = self->transports,
		.seed = s->seed,
		.need = need,
		.arg = &needing,
	};

	dns_plan_run(&plan);
	if (plan.missing == 0)
		finish(self, s, plan.err, plan.hop, plan.n);
	else if (late)
		finish(self, s, RT_TIMEOUT, plan.hop, plan.n);
}

static void run_ready(struct dns_resolver *self)
{
	struct search *s;

	while ((s = self->ready)) {
		self->ready = s->next_ready;
		if (!self->ready)
			self->ready_end = &self->ready;
		s->ready = false;
		run(self, s, false);
	}
}

static int start(struct dns_resolver *self, const struct dns_target *target, rt_ms now, dns_done_fn *done, void *arg,
		 uint64_t token)
{
	rt_handle h;
	struct search *s = self->closing ? 0 : rt_pool_take(self->searches, &h);

	self->now = now;
	if (!s)
		return RT_NOMEM;
	s->handle = h;
	s->deadline = now + self->timeout_ms;
	s->seed = rt_mix(self->seed, h);
	s->token = token;
	s->done = done;
	s->arg = arg;
	s->target = *target;
	link_search(self, s);
	run(self, s, false);
	run_ready(self);
	return 0;
}

int dns_resolve(struct dns_resolver *self, const struct sip_uri *uri, rt_ms now, dns_done_fn *done, void *arg, uint64_t token)
{
	struct dns_target target;
	const int err = dns_target_of(&target, uri);

	if (err == 0)
		return start(self, &target, now, done, arg, token);
	done(arg, token, err, 0, 0);
	return 0;
}

int dns_resolve_response(struct dns_resolver *self, struct slice host, uint16_t port, enum sip_transport proto, rt_ms now,
			 dns_done_fn *done, void *arg, uint64_t token)
{
	struct dns_target target;
	const int err = dns_target_of_via(&target, host, port, proto);

	if (err == 0)
		return start(self, &target, now, done, arg, token);
	done(arg, token, err, 0, 0);
	return 0;
}

void dns_resolver_ready(struct dns_resolver *self, int fd, bool read, bool write, rt_ms now)
{
	self->now = now;
	ares_process_fd(self->channel, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
	run_ready(self);
}

rt_ms dns_resolver_tick(struct dns_resolver *self, rt_ms now)
{
	struct timeval room, *left;
	rt_ms next;

	self->now = now;
	ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its retries */
	run_ready(self);
	while (self->first && self->first->deadline <= now)
		run(self, self->first, true);
	run_ready(self);
	next = self->first ? self->first->deadline : UINT64_MAX;
	left = ares_timeout(self->channel, 0, &room);
	if (left) {
		const rt_ms retry = now + (rt_ms)left->tv_sec * 1000 + (rt_ms)left->tv_usec / 1000 + 1;

		next = retry < next ? retry : next;
	}
	return next;
}

void dns_hop_failed(struct dns_resolver *self, const struct sip_hop *hop, rt_ms now, uint32_t seconds)
{
	dns_failed_add(&self->failed, hop, now + (rt_ms)seconds * 1000);
}

void dns_hop_worked(struct dns_resolver *self, const struct sip_hop *hop)
{
	dns_failed_drop(&self->failed, hop);
}

/* ---- Life ---- */

static void on_socket(void *arg, ares_socket_t fd, int read, int write)
{
	const struct dns_hooks *hooks = &((struct dns_resolver *)arg)->hooks;

	if (read || write)
		hooks->watch(hooks->arg, fd, read, write);
	else
		hooks->unwatch(hooks->arg, fd);
}

static int open_channel(struct dns_resolver *self, const struct dns_options *options)
{
	const int part = (int)(options->timeout_ms / TRY_PART);
	struct ares_options o = {
		.flags = ARES_FLAG_STAYOPEN | ARES_FLAG_EDNS,
		.timeout = part > TRY_MIN ? part : TRY_MIN,
		.tries = TRIES,
		.ednspsz = EDNS_BYTES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = self,
	};
	char text[SERVERS_TEXT];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text) - 1);

	if (ares_init_options(&self->channel, &o,
			      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB)) {
		self->channel = 0;
		return RT_DOWN;
	}
	for (int i = 0; i < options->nserver; i++)
		rt_cursor_printf(&c, "%s" SLICE_FMT, i ? "," : "", SLICE_ARG(options->servers[i]));
	text[c.n] = 0;
	if (c.err || (options->nserver && ares_set_servers_ports_csv(self->channel, text) != ARES_SUCCESS))
		return RT_CONFIG;
	return 0;
}

struct dns_resolver *dns_resolver_new(const struct dns_options *options, const struct dns_hooks *hooks, rt_ms now)
{
	struct dns_resolver *self = calloc(1, sizeof(*self));
	struct rt_key secret;

	if (!self)
		return 0;
	rt_random(&secret, sizeof(secret));
	self->hooks = *hooks;
	self->seed = options->seed;
	self->timeout_ms = options->timeout_ms;
	self->families = options->families;
	self->transports = options->transports;
	self->now = now;
	self->ready_end = &self->ready;
	self->questions = dns_questions_new(DNS_QUESTIONS_MAX, secret);
	self->searches = rt_pool_new(sizeof(struct search), DNS_SEARCHES_MAX);
	self->waiting = rt_table_new(64);
	self->hosts = dns_hosts_new("/etc/hosts");
	if (!self->questions || !self->searches || !self->waiting || !self->hosts || open_channel(self, options) < 0)
		dns_resolver_destroy(&self);
	return self;
}

void dns_resolver_destroy(struct dns_resolver **self_p)
{
	struct dns_resolver *self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	self->closing = true;
	while (self->first)
		finish(self, self->first, RT_DOWN, 0, 0);
	if (self->channel)
		ares_destroy(self->channel);
	dns_questions_destroy(&self->questions);
	rt_pool_destroy(&self->searches);
	rt_table_destroy(&self->waiting);
	dns_hosts_destroy(&self->hosts);
	free(self);
}
