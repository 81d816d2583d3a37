/* SPDX-License-Identifier: MIT */
/*
 * shell: a shell of one actor for tests: what it posts is kept, its timers run on a clock the test owns, its sockets are real.
 * Defines the functions of svc/actor.h that a transport calls, so the real shell is not linked in.
 */
#ifndef TEST_SHELL_H
#define TEST_SHELL_H

#include <poll.h>
#include <sys/epoll.h>

#include "kit/test.h"
#include "svc/actor.h"

enum { SHELL_POSTS = 1024, SHELL_COUNTERS = 64, SHELL_WATCHES = 16 };

struct post {
	struct wire_head head;
	struct slice text;              /* owned */
	struct sip_index *index;        /* owned; NULL: none */
};

struct svc {
	struct svc_config config;
	struct rt_wheel *wheel;
	rt_ms now;
	struct pollfd fd[SHELL_WATCHES];
	svc_ready_fn *ready[SHELL_WATCHES];
	int nfd;
	void *actor;
	const struct svc_actor *what;
	struct post post[SHELL_POSTS];
	int posts, refuse;              /* refuse: what svc_post returns instead */
	uint32_t transaction, proxy;    /* what svc_pick finds */
	uint32_t wait;                  /* and how long one waits there, ms */
	uint64_t counter[SHELL_COUNTERS];
	const char *counter_name[SHELL_COUNTERS];
	int counters;
	struct wire_listener listener[WIRE_LISTENERS_MAX];
	int listeners;
	uint64_t trail;
	struct loc_redis *redis;        /* NULL: none */
	uint64_t wall_ms;
};

static struct loc_redis *shell_redis; /* what the next shell gets */

int svc_post(struct svc *svc, const struct wire_head *head, const struct sip_msg *msg)
{
	struct post *p = &svc->post[svc->posts];

	if (svc->refuse)
		return svc->refuse;
	assert_true(svc->posts < SHELL_POSTS);
	svc->posts++;
	*p = (struct post){ .head = *head };
	p->head.from = 7;
	if (msg && msg->text.n) {
		char *copy = malloc(msg->text.n);

		memcpy(copy, msg->text.p, msg->text.n);
		p->text = slice_of(copy, msg->text.n);
	}
	if (msg && msg->index) {
		p->index = malloc(sizeof(*p->index));
		memcpy(p->index, msg->index, SIP_INDEX_BYTES(msg->index->nfield));
		assert_int_equal(sip_msg_check(p->index, SIP_INDEX_BYTES(p->index->nfield), p->text.n), 0);
	}
	return 0;
}

uint32_t svc_pick(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	(void)key;
	return tier == WIRE_TRANSACTION ? svc->transaction : svc->proxy;
}

uint32_t svc_pick_near(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	return svc_pick(svc, tier, key);
}

uint32_t svc_wait(const struct svc *svc, uint32_t id)
{
	(void)id;
	return svc->wait;
}

uint32_t svc_id(const struct svc *svc)
{
	(void)svc;
	return 7;
}

const struct wire_members *svc_members(const struct svc *svc)
{
	static struct wire_members *none;

	(void)svc;
	if (!none)
		none = wire_members_new();
	return none;
}

void svc_announce(struct svc *svc, const struct wire_listener *listeners, int n)
{
	memcpy(svc->listener, listeners, (size_t)n * sizeof(*listeners));
	svc->listeners = n;
}

rt_ms svc_now(const struct svc *svc)
{
	return svc->now;
}

uint64_t svc_wall_ms(const struct svc *svc)
{
	return svc->wall_ms;
}

void svc_timer_start(struct svc *svc, struct rt_timer *t, uint64_t owner, uint8_t name, uint32_t delay_ms)
{
	t->owner = owner;
	t->name = name;
	rt_wheel_start(svc->wheel, t, svc->now + delay_ms);
}

void svc_timer_stop(struct svc *svc, struct rt_timer *t)
{
	rt_wheel_stop(svc->wheel, t);
}

uint64_t svc_trail(struct svc *svc)
{
	return ++svc->trail;
}

const struct svc_config *svc_config(const struct svc *svc)
{
	return &svc->config;
}

struct rt_key svc_secret(const struct svc *svc, const char *use)
{
	(void)svc;
	return (struct rt_key){ (unsigned char)use[0], 99 };
}

int svc_watch(struct svc *svc, int fd, uint32_t events, svc_ready_fn *fn)
{
	int i = 0;

	while (i < svc->nfd && svc->fd[i].fd != fd)
		i++;
	assert_true(i < SHELL_WATCHES);
	svc->nfd += i == svc->nfd;
	svc->fd[i] = (struct pollfd){ .fd = fd, .events = (short)events };
	svc->ready[i] = fn;
	return 0;
}

void svc_unwatch(struct svc *svc, int fd)
{
	for (int i = 0; i < svc->nfd; i++)
		if (svc->fd[i].fd == fd)
			svc->fd[i].fd = -1; /* poll passes over it */
}

uint64_t *svc_counter(struct svc *svc, const char *name, const char *help)
{
	(void)help;
	assert_true(svc->counters < SHELL_COUNTERS);
	svc->counter_name[svc->counters] = name;
	return &svc->counter[svc->counters++];
}

struct loc_redis *svc_redis(struct svc *svc)
{
	return svc->redis;
}

/* ---- For tests ---- */

static inline uint64_t shell_count(const struct svc *svc, const char *name)
{
	for (int i = 0; i < svc->counters; i++)
		if (strcmp(svc->counter_name[i], name) == 0)
			return svc->counter[i];
	fail_msg("no counter %s", name);
	return 0;
}

static inline void shell_forget(struct svc *svc)
{
	for (int i = 0; i < svc->posts; i++) {
		free((void *)(uintptr_t)svc->post[i].text.p);
		free(svc->post[i].index);
	}
	svc->posts = 0;
}

static inline struct sip_msg shell_msg(const struct post *p)
{
	return (struct sip_msg){ p->text, p->index };
}

/* One burst of what is ready within `ms` of real time; false when nothing was. */
static inline bool shell_turn(struct svc *svc, int ms)
{
	const bool ready = poll(svc->fd, (nfds_t)svc->nfd, ms) > 0;
	struct rt_timer *t;

	for (int i = 0; ready && i < svc->nfd; i++)
		if (svc->fd[i].fd >= 0 && svc->fd[i].revents)
			svc->ready[i](svc->actor, svc->fd[i].fd, (uint32_t)svc->fd[i].revents);
	while ((t = rt_wheel_pop(svc->wheel, svc->now)))
		svc->what->timer(svc->actor, t);
	svc->what->flush(svc->actor);
	return ready;
}

/* Bursts until `posts` parcels were posted in all, or half a second passed. */
static inline void shell_until(struct svc *svc, int posts)
{
	for (int i = 0; i < 100 && svc->posts < posts; i++)
		shell_turn(svc, 5);
	assert_int_equal(svc->posts, posts);
}

static inline void shell_quiet(struct svc *svc)
{
	while (shell_turn(svc, 20))
		;
}

static inline void shell_wait(struct svc *svc, rt_ms ms) /* virtual time */
{
	svc->now += ms;
	shell_turn(svc, 0);
}

/* `fill` may change the configuration before the actor opens. */
static inline struct svc *shell_open_with(const struct svc_actor *what, const char *const listen[], int n,
					  void (*fill)(struct svc_config *config))
{
	struct svc *svc = calloc(1, sizeof(*svc));

	rt_log_max = getenv("PEAL_TEST_LOG") ? RT_LOG_T : RT_LOG_E;

	svc->what = what;
	svc->now = 1000000;
	svc->wall_ms = 1795300000123;
	svc->redis = shell_redis;
	svc->wheel = rt_wheel_new(svc->now);
	svc->transaction = 21;
	svc->proxy = 31;
	svc->config.transport_udp_sockets = 1;
	svc->config.transport_buffer = 65536;
	svc->config.transport_max_message = 65535;
	svc->config.transport_connections = 64;
	svc->config.transport_source_connections = 16;
	svc->config.transport_peer_connections = 1;
	svc->config.transport_connect_timeout = 4000;
	svc->config.transport_idle_timeout = 3600;
	svc->config.transport_message_timeout = 10;
	svc->config.transport_client_certificate = SLICE("off");
	svc->config.transport_verify = true;
	for (int i = 0; i < n; i++)
		svc->config.transport_listen.word[i] = slice_str(listen[i]);
	svc->config.transport_listen.n = (uint32_t)n;
	if (fill)
		fill(&svc->config);
	assert_int_equal(what->open(&svc->actor, svc), 0);
	return svc;
}

static inline struct svc *shell_open(const struct svc_actor *what, const char *const listen[], int n)
{
	return shell_open_with(what, listen, n, 0);
}

static inline void shell_close(struct svc **svc_p)
{
	struct svc *svc = *svc_p;

	svc->what->close(&svc->actor);
	assert_null(svc->actor);
	shell_forget(svc);
	rt_wheel_destroy(&svc->wheel);
	free(svc);
	*svc_p = 0;
}

/* Hand the actor a parcel, with the name of whom TLS must meet. */
static inline void shell_give_named(struct svc *svc, const struct wire_head *head, const char *text, const char *name)
{
	struct sip_index room;
	struct wire_parcel in = { head, { slice_str(text), 0 }, slice_str(name) };

	assert_int_equal(sip_msg_parse(&in.msg, &room, in.msg.text, 0), 0);
	svc->what->parcel(svc->actor, &in);
	svc->what->flush(svc->actor);
}

/* Hand the actor a parcel. */
static inline void shell_give(struct svc *svc, const struct wire_head *head, const char *text, bool indexed)
{
	struct sip_index room;
	struct wire_parcel in = { .head = head, .msg = { slice_str(text), 0 } };

	if (indexed)
		assert_int_equal(sip_msg_parse(&in.msg, &room, in.msg.text, 0), 0);
	svc->what->parcel(svc->actor, &in);
	svc->what->flush(svc->actor);
}

#endif
