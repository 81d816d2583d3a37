/* SPDX-License-Identifier: MIT */
/*
 * order_test: what Redis is told in a burst has left the process before the door lets anything out.
 *
 *   clerk (as transaction)  flush: INCR told                     door (as transport)  flush: reads it by a connection of its own
 */
#include <hiredis/hiredis.h>
#include <sys/wait.h>

#include "kit/redis_server.h"
#include "kit/test.h"
#include "loc/redis.h"
#include "svc/main.h"

enum { ROUNDS = 100, PATIENCE = 20 /* s */, DONE = 3, LATE = 4 };

static int told; /* how many INCR the clerk is to ask for when the burst ends; both actors are on one loop */
static redisContext *own;

static void no_parcel(void *self, const struct wire_parcel *in)
{
	(void)self;
	(void)in;
}

static void close_actor(void **self_p)
{
	free(*self_p);
	*self_p = 0;
}

/* ---- clerk ---- */

struct clerk {
	struct svc *svc;
	struct rt_timer timer;
	bool due;
};

static int clerk_open(void **self_p, struct svc *svc)
{
	struct clerk *self = calloc(1, sizeof(*self));

	self->svc = svc;
	svc_timer_start(svc, &self->timer, 0, 0, 5);
	*self_p = self;
	return 0;
}

static void clerk_timer(void *arg, struct rt_timer *t)
{
	struct clerk *self = arg;

	self->due = loc_redis_some(svc_redis(self->svc));
	told += self->due;
	svc_timer_start(self->svc, t, 0, 0, 5);
}

static void counted(void *arg, uint64_t token, int err, const redisReply *reply)
{
	(void)arg;
	(void)token;
	(void)err;
	(void)reply;
}

static void clerk_flush(void *arg)
{
	struct clerk *self = arg;
	const struct slice incr[] = { SLICE("INCR"), SLICE("told") };

	if (self->due && loc_redis_call(svc_redis(self->svc), counted, self, 0, 2, incr))
		_exit(LATE);
	self->due = false;
}

static const struct svc_actor clerk_actor = { .tier = WIRE_TRANSACTION, .open = clerk_open, .parcel = no_parcel, .timer = clerk_timer,
					      .flush = clerk_flush, .close = close_actor };

/* ---- door ---- */

static int door_open(void **self_p, struct svc *svc)
{
	(void)svc;
	*self_p = calloc(1, 1);
	return 0;
}

static void no_timer(void *self, struct rt_timer *t)
{
	(void)self;
	(void)t;
}

static int heard(void)
{
	redisReply *reply = redisCommand(own, "GET told");
	const int n = reply && reply->str ? atoi(reply->str) : 0;

	freeReplyObject(reply);
	return n;
}

/* The loop stands still meanwhile: what has not left by now does not come. */
static void door_flush(void *self)
{
	const rt_ms end = rt_clock_ms() + 1000;

	(void)self;
	while (heard() != told)
		if (rt_clock_ms() > end)
			_exit(LATE);
	if (told == ROUNDS)
		_exit(DONE);
}

static const struct svc_actor door_actor = { .tier = WIRE_TRANSPORT, .open = door_open, .parcel = no_parcel, .timer = no_timer,
					     .flush = door_flush, .close = close_actor };

/* ---- both on one loop ---- */

static int run(const char *url, const char *folder)
{
	static const struct svc_actor *const actors[] = { &door_actor, &clerk_actor, 0 };
	char *argv[] = { (char[]){ "test" }, 0 };

	setenv("PEAL_REDIS_URL", url, 1);
	setenv("PEAL_SERVER_STATE", folder, 1);
	alarm(PATIENCE);
	own = redisConnectUnix(url + strlen("unix://"));
	return own && !own->err ? svc_main(1, argv, "test", actors) : 1;
}

static void redis_hears_of_it_before_the_door_lets_it_out(void **state)
{
	char folder[] = "/tmp/peal-order-XXXXXX", command[64];
	struct kit_redis redis;
	int status = -1;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(folder));
	kit_redis_start(&redis, 0, 0);
	fflush(0);
	pid = fork();
	if (pid == 0)
		exit(run(redis.url, folder));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	kit_redis_stop(&redis);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(0, system(command));
	assert_true(WIFEXITED(status));
	assert_int_equal(DONE, WEXITSTATUS(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(redis_hears_of_it_before_the_door_lets_it_out) };

	return cmocka_run_group_tests(tests, 0, 0);
}
