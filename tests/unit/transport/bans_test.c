/* SPDX-License-Identifier: MIT */
/* Banned sources, against a real Redis: what `peal ban` writes is in force at once, and stays while Redis is away. */
#include "shell.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "kit/redis_server.h"

static const char *const listen_words[] = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0" };
static struct kit_redis redis;
static struct svc *svc;
static int written;

static int start(void **state)
{
	(void)state;
	kit_redis_start(&redis, 0, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	kit_redis_stop(&redis);
	return 0;
}

static void on_written(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self;
	(void)token;
	(void)reply;
	assert_int_equal(err, 0);
	written = 1;
}

static void redis_says(struct loc_redis *r, int argc, const struct slice *argv)
{
	written = 0;
	while (loc_redis_call(r, on_written, 0, 0, argc, argv) < 0)
		kit_redis_turn(r);
	assert_true(kit_redis_until(r, &written));
}

/* As `peal ban add` and `rm` do it. */
static void ban(struct loc_redis *r, const char *network, const char *until)
{
	redis_says(r, 4, (struct slice[]){ SLICE("ZADD"), SLICE("bans"), slice_str(until), slice_str(network) });
	redis_says(r, 2, (struct slice[]){ SLICE("INCR"), SLICE("bans:version") });
	redis_says(r, 3, (struct slice[]){ SLICE("PUBLISH"), SLICE("bans"), SLICE("x") });
}

static void allow(struct loc_redis *r, const char *network)
{
	redis_says(r, 3, (struct slice[]){ SLICE("ZREM"), SLICE("bans"), slice_str(network) });
	redis_says(r, 2, (struct slice[]){ SLICE("INCR"), SLICE("bans:version") });
	redis_says(r, 3, (struct slice[]){ SLICE("PUBLISH"), SLICE("bans"), SLICE("x") });
}

static void turns(void)
{
	for (int i = 0; i < 20; i++) {
		loc_redis_flush(svc->redis);
		(void)!loc_redis_tick(svc->redis, rt_clock_ms());
		if (loc_redis_fd(svc->redis) >= 0)
			loc_redis_ready(svc->redis, EPOLLIN | EPOLLOUT, rt_clock_ms());
		if (loc_redis_fd2(svc->redis) >= 0)
			loc_redis_ready2(svc->redis, EPOLLIN | EPOLLOUT, rt_clock_ms());
		shell_turn(svc, 5);
	}
}

static int open_actor(void **state)
{
	struct loc_redis *r = loc_redis_new(redis.url, 1000, rt_clock_ms());

	(void)state;
	assert_non_null(r);
	redis_says(r, 1, (struct slice[]){ SLICE("FLUSHALL") });
	shell_redis = r;
	svc = shell_open(&transport_actor, listen_words, 2);
	turns();
	return 0;
}

static int close_actor(void **state)
{
	struct loc_redis *r = svc->redis;

	(void)state;
	svc->redis = 0;
	loc_redis_destroy(&r);
	shell_redis = 0;
	shell_close(&svc);
	return 0;
}

static int dial(int type)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[type == SOCK_STREAM].local, &address);
	const int fd = socket(AF_INET, type, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

static void ask(int fd)
{
	static const char text[] = "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n"
				   "From: <sip:a@example.com>;tag=1\r\nTo: <sip:example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				   "Content-Length: 0\r\n\r\n";

	assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
	turns();
}

static void a_ban_is_in_force_at_once_and_goes_again(void **state)
{
	const int udp = dial(SOCK_DGRAM), tcp = dial(SOCK_STREAM);
	char byte;

	(void)state;
	ask(udp);
	ask(tcp);
	assert_int_equal(svc->posts, 2);
	ban(svc->redis, "127.0.0.0/8", "+inf");
	turns();
	ask(udp);
	assert_int_equal(svc->posts, 2);
	assert_int_equal(recv(tcp, &byte, 1, MSG_DONTWAIT), 0); /* what was open ends */
	close(tcp);
	assert_true(shell_count(svc, "sip_banned_total") > 0);
	const int again = dial(SOCK_STREAM);
	turns();
	assert_true(recv(again, &byte, 1, MSG_DONTWAIT) == 0);
	close(again);
	allow(svc->redis, "127.0.0.0/8");
	turns();
	ask(udp);
	assert_int_equal(svc->posts, 3);
	close(udp);
}

static void a_ban_ends_at_its_time_without_redis(void **state)
{
	const int udp = dial(SOCK_DGRAM);

	(void)state;
	ban(svc->redis, "127.0.0.1", "1795300100"); /* the shell's wall clock stands 100 s before */
	turns();
	kit_redis_kill(&redis);
	ask(udp);
	assert_int_equal(svc->posts, 0);
	svc->wall_ms = 1795300100000;
	ask(udp);
	assert_int_equal(svc->posts, 1);
	close(udp);
	kit_redis_launch(&redis, 0);
}

static void without_a_message_the_next_poll_sees_it(void **state)
{
	const int udp = dial(SOCK_DGRAM);

	(void)state;
	redis_says(svc->redis, 4, (struct slice[]){ SLICE("ZADD"), SLICE("bans"), SLICE("+inf"), SLICE("127.0.0.1") });
	redis_says(svc->redis, 2, (struct slice[]){ SLICE("INCR"), SLICE("bans:version") });
	ask(udp);
	assert_int_equal(svc->posts, 1);
	shell_wait(svc, 5000);
	turns();
	ask(udp);
	assert_int_equal(svc->posts, 1);
	close(udp);
}

/* `redis-cli ZADD bans ...` and nothing else: who edits by hand need not know of the version. */
static void a_bare_edit_counts_within_its_time(void **state)
{
	const int udp = dial(SOCK_DGRAM);

	(void)state;
	redis_says(svc->redis, 4, (struct slice[]){ SLICE("ZADD"), SLICE("bans"), SLICE("+inf"), SLICE("127.0.0.1") });
	shell_wait(svc, 5000);
	turns();
	ask(udp);
	assert_int_equal(svc->posts, 0);
	redis_says(svc->redis, 4, (struct slice[]){ SLICE("ZADD"), SLICE("bans"), SLICE("1"), SLICE("127.0.0.1") }); /* as many as before */
	shell_wait(svc, 5000);
	turns();
	ask(udp);
	assert_int_equal(svc->posts, 0);
	for (int i = 0; i < 11; i++) {
		shell_wait(svc, 5000);
		turns();
	}
	ask(udp);
	assert_int_equal(svc->posts, 1);
	close(udp);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_ban_is_in_force_at_once_and_goes_again),
		T(without_a_message_the_next_poll_sees_it),
		T(a_bare_edit_counts_within_its_time),
		T(a_ban_ends_at_its_time_without_redis),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
