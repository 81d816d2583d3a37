/* SPDX-License-Identifier: MIT */
/*
 * fake_svc: the shell of one actor, for tests: a clock the test turns, and every parcel it posts kept for the test to read.
 *
 *   test --> fake_parcel() --> actor.parcel        fake_run_until() --> actor.timer
 *   test <-- fake_next()   <-- svc_post
 *
 * It defines the functions of svc/actor.h, so include it in one file of a test program and nowhere else.
 */
#ifndef KIT_FAKE_SVC_H
#define KIT_FAKE_SVC_H

#include <sys/epoll.h>

#include "kit/test.h"
#include "svc/actor.h"

enum { FAKE_POSTS = 4096, FAKE_COUNTERS = 64, FAKE_WATCHES = 64 };

#define FAKE_EPOCH 4102444800u /* 2100-01-01: a real Redis must not find the test's bindings expired */

struct fake_post {
	struct wire_head head;
	struct slice text, name; /* name: the bytes behind the text */
	struct sip_index *index; /* NULL when none was posted */
};

struct svc {
	const struct svc_actor *actor;
	void *self;
	rt_ms now;
	struct rt_wheel *wheel;
	struct rt_arena *arena;
	struct svc_config *config;
	struct wire_members *members;
	struct loc_redis *redis;
	uint32_t forgotten;
	uint32_t id;
	uint32_t slow, wait;                         /* the one actor that svc_wait knows something of, ms */
	uint64_t trail;
	int (*refuse)(const struct wire_head *head); /* what svc_post answers instead of taking a parcel; may be NULL */
	struct fake_post post[FAKE_POSTS];
	uint32_t npost, seen;
	struct {
		const char *name;
		uint64_t value;
	} counter[FAKE_COUNTERS];
	uint32_t ncounter;
	struct {
		int fd;
		svc_ready_fn *fn;
	} watch[FAKE_WATCHES];
	uint32_t nwatch;
};

/* ---- For the test ---- */

static inline void fake_member(struct svc *svc, uint32_t id, enum wire_tier tier)
{
	struct wire_member m = { .id = id, .tier = (uint8_t)tier, .state = WIRE_LIVE, .version = 1, .host = "here" };

	assert_int_equal(wire_members_put(svc->members, &m), 0);
}

/* environment: "PEAL_SERVER_DOMAINS=example.com", ..., NULL */
static inline struct svc *fake_new(const struct svc_actor *actor, uint32_t id, char *const environment[])
{
	struct svc *svc = calloc(1, sizeof(*svc));
	char error[512] = "";

	assert_non_null(svc);
	svc->actor = actor;
	svc->id = id;
	svc->now = 1000000;
	svc->wheel = rt_wheel_new(svc->now);
	svc->arena = rt_arena_new(1 << 20);
	svc->members = wire_members_new();
	if (svc_config_load(&svc->config, 0, environment, error) < 0)
		fail_msg("configuration: %s", error);
	fake_member(svc, id, actor->tier);
	return svc;
}

static inline void fake_open(struct svc *svc)
{
	assert_int_equal(svc->actor->open(&svc->self, svc), 0);
}

static inline void fake_destroy(struct svc **svc_p)
{
	struct svc *svc = *svc_p;

	if (svc->self)
		svc->actor->close(&svc->self);
	for (uint32_t i = 0; i < svc->npost; i++) {
		free((void *)(uintptr_t)svc->post[i].text.p);
		free(svc->post[i].index);
	}
	wire_members_destroy(&svc->members);
	svc_config_destroy(&svc->config);
	rt_arena_destroy(&svc->arena);
	rt_wheel_destroy(&svc->wheel);
	free(svc);
	*svc_p = 0;
}

static inline void fake_flush(struct svc *svc)
{
	if (svc->actor->flush)
		svc->actor->flush(svc->self);
	rt_arena_reset(svc->arena);
}

/* A parcel for the actor; `text` is parsed when it is a message, with head->name_n bytes behind it; NULL for none. */
static inline void fake_parcel(struct svc *svc, const struct wire_head *head, const char *text)
{
	static struct sip_index room;
	struct wire_parcel in = { .head = head };
	struct sip_fault why = { 0 };

	if (text && sip_msg_parse(&in.msg, &room, slice_str(text), &why) < 0)
		fail_msg("the test's message does not parse: %s at %u\n%s", why.rule, why.at, text);
	if (head->name_n)
		in.name = slice_of(in.msg.text.p + in.msg.text.n, head->name_n);
	svc->actor->parcel(svc->self, &in);
	fake_flush(svc);
}

/* As fake_parcel, with bare text and no index. */
static inline void fake_parcel_text(struct svc *svc, const struct wire_head *head, const char *text)
{
	const struct wire_parcel in = { .head = head, .msg = { .text = slice_str(text) } };

	svc->actor->parcel(svc->self, &in);
	fake_flush(svc);
}

/* Fire the timer that is due next, not after `until`; false when there is none. The clock then shows its time. */
static inline bool fake_fire(struct svc *svc, rt_ms until)
{
	struct rt_timer *t = 0;
	rt_ms next;

	while (!t) {
		next = rt_wheel_next(svc->wheel);
		if (next > until) {
			svc->now = until;
			return false;
		}
		if (next > svc->now)
			svc->now = next;
		t = rt_wheel_pop(svc->wheel, svc->now);
	}
	svc->actor->timer(svc->self, t);
	fake_flush(svc);
	return true;
}

static inline void fake_run_until(struct svc *svc, rt_ms until)
{
	while (fake_fire(svc, until))
		;
}

/* The oldest post not read yet, or NULL. */
static inline const struct fake_post *fake_next(struct svc *svc)
{
	return svc->seen < svc->npost ? &svc->post[svc->seen++] : 0;
}

static inline struct sip_msg fake_msg(const struct fake_post *p)
{
	return (struct sip_msg){ .text = p->text, .index = p->index };
}

static inline uint64_t fake_counter(const struct svc *svc, const char *name)
{
	for (uint32_t i = 0; i < svc->ncounter; i++)
		if (strcmp(svc->counter[i].name, name) == 0)
			return svc->counter[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

/* ---- For the actor: svc/actor.h ---- */

int svc_post(struct svc *svc, const struct wire_head *head, const struct sip_msg *msg)
{
	struct fake_post *p = &svc->post[svc->npost];
	const int refused = svc->refuse ? svc->refuse(head) : 0;
	char *text;

	if (refused)
		return refused;
	assert_true(svc->npost < FAKE_POSTS);
	p->head = *head;
	p->head.from = svc->id;
	if (msg && msg->text.n) {
		text = malloc(msg->text.n + head->name_n);
		memcpy(text, msg->text.p, msg->text.n + head->name_n);
		p->text = slice_of(text, msg->text.n);
		p->name = slice_of(text + msg->text.n, head->name_n);
	}
	if (msg && msg->index) {
		assert_int_equal(sip_msg_check(msg->index, SIP_INDEX_BYTES(msg->index->nfield), msg->text.n), 0);
		p->index = calloc(1, sizeof(*p->index));
		memcpy(p->index, msg->index, SIP_INDEX_BYTES(msg->index->nfield));
	}
	svc->npost++;
	return 0;
}

uint32_t svc_pick(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	return wire_members_pick(svc->members, tier, key);
}

uint32_t svc_wait(const struct svc *svc, uint32_t id)
{
	return id == svc->slow ? svc->wait : 0;
}
uint32_t svc_pick_near(struct svc *svc, enum wire_tier tier, uint64_t key)
{
	return svc_pick(svc, tier, key);
}

uint32_t svc_id(const struct svc *svc)
{
	return svc->id;
}

const struct wire_members *svc_members(const struct svc *svc)
{
	return svc->members;
}

void svc_announce(struct svc *svc, const struct wire_listener *listeners, int n)
{
	struct wire_member m = *wire_members_get(svc->members, svc->id);

	m.nlistener = (uint8_t)n;
	memcpy(m.listener, listeners, (size_t)n * sizeof(*listeners));
	assert_int_equal(wire_members_put(svc->members, &m), 0);
}

rt_ms svc_now(const struct svc *svc)
{
	return svc->now;
}

int64_t svc_wall(const struct svc *svc)
{
	return (int64_t)(svc_wall_ms(svc) / 1000);
}

uint32_t svc_forgotten(const struct svc *svc)
{
	return svc->forgotten;
}

uint64_t svc_wall_ms(const struct svc *svc)
{
	return (uint64_t)FAKE_EPOCH * 1000 + svc->now;
}

struct rt_arena *svc_arena(struct svc *svc)
{
	return svc->arena;
}

void svc_timer_start(struct svc *svc, struct rt_timer *t, uint64_t owner, uint8_t name, uint32_t delay_ms)
{
	rt_wheel_stop(svc->wheel, t);
	t->owner = owner;
	t->name = name;
	t->actor = 0;
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
	return svc->config;
}

struct rt_key svc_secret(const struct svc *svc, const char *use)
{
	const struct rt_key key = { 1, 2 };

	(void)svc;
	return (struct rt_key){ rt_hash(key, use, strlen(use)), 3 };
}

struct loc_redis *svc_redis(struct svc *svc)
{
	return svc->redis;
}

int svc_watch(struct svc *svc, int fd, uint32_t events, svc_ready_fn *fn)
{
	(void)events;
	for (uint32_t i = 0; i < svc->nwatch; i++)
		if (svc->watch[i].fd == fd)
			return 0;
	assert_true(svc->nwatch < FAKE_WATCHES);
	svc->watch[svc->nwatch].fd = fd;
	svc->watch[svc->nwatch++].fn = fn;
	return 0;
}

void svc_unwatch(struct svc *svc, int fd)
{
	for (uint32_t i = 0; i < svc->nwatch; i++)
		if (svc->watch[i].fd == fd)
			svc->watch[i] = svc->watch[--svc->nwatch];
}

uint64_t *svc_counter(struct svc *svc, const char *name, const char *help)
{
	(void)help;
	for (uint32_t i = 0; i < svc->ncounter; i++)
		if (strcmp(svc->counter[i].name, name) == 0)
			return &svc->counter[i].value;
	assert_true(svc->ncounter < FAKE_COUNTERS);
	svc->counter[svc->ncounter].name = name;
	return &svc->counter[svc->ncounter++].value;
}

#endif
