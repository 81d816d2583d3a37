/* SPDX-License-Identifier: MIT */
/*
 * redis_server: a real redis-server for one test program: its own folder, a unix socket, optionally a port; gone with the test.
 * A missing redis-server fails the test: a store that was not tried against Redis was not tested.
 */
#ifndef KIT_REDIS_SERVER_H
#define KIT_REDIS_SERVER_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loc/redis.h"
#include "rt/clock.h"

struct kit_redis {
	char folder[64], socket[96], url[160];
	int port; /* 0: the socket only */
	pid_t pid;
};

enum { KIT_REDIS_WORDS = 24 };

static inline void kit_redis_child(const struct kit_redis *r, const char *password, const char *const *more)
{
	char port[16];
	const char *words[KIT_REDIS_WORDS + 16] = { "redis-server", "--port", port, "--bind", "127.0.0.1", "--unixsocket", r->socket,
		                                    "--save", "", "--appendonly", "no" };
	int n = 11;

	snprintf(port, sizeof(port), "%d", r->port);
	if (password) {
		words[n++] = "--requirepass";
		words[n++] = password;
	}
	for (int i = 0; more && more[i] && i < KIT_REDIS_WORDS; i++)
		words[n++] = more[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(r->folder) || !freopen("log", "w", stdout) || !freopen("log", "a", stderr))
		_exit(126);
	execvp("redis-server", (char *const *)(uintptr_t)words);
	_exit(127);
}

static inline int kit_redis_answers(const struct kit_redis *r)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fine;

	memcpy(to.sun_path, r->socket, sizeof(r->socket));
	fine = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
	if (fd >= 0)
		close(fd);
	return fine;
}

static inline void kit_redis_launch_with(struct kit_redis *r, const char *password, const char *const *more)
{
	int status = 0;

	r->pid = fork();
	if (r->pid == 0)
		kit_redis_child(r, password, more);
	for (int i = 0; i < 500 && r->pid > 0; i++) {
		if (kit_redis_answers(r))
			return;
		if (waitpid(r->pid, &status, WNOHANG) == r->pid)
			break;
		usleep(10000);
	}
	fprintf(stderr, "redis-server did not start (install Debian's redis-server; its log: %s/log)\n", r->folder);
	exit(1);
}

static inline void kit_redis_launch(struct kit_redis *r, const char *password)
{
	kit_redis_launch_with(r, password, 0);
}

/* more: further words of its command line, NULL at the end. */
static inline void kit_redis_start_with(struct kit_redis *r, int port, const char *password, const char *const *more)
{
	char folder[] = "/tmp/peal-redis-XXXXXX";

	if (!mkdtemp(folder))
		exit(1);
	*r = (struct kit_redis){ .port = port };
	snprintf(r->folder, sizeof(r->folder), "%s", folder);
	snprintf(r->socket, sizeof(r->socket), "%s/socket", folder);
	snprintf(r->url, sizeof(r->url), "unix://%s/socket", folder);
	kit_redis_launch_with(r, password, more);
}

static inline void kit_redis_start(struct kit_redis *r, int port, const char *password)
{
	kit_redis_start_with(r, port, password, 0);
}

static inline void kit_redis_kill(struct kit_redis *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, 0, 0);
	}
	r->pid = 0;
	unlink(r->socket);
}

static inline void kit_redis_stop(struct kit_redis *r)
{
	char path[sizeof(r->folder) + 8];

	kit_redis_kill(r);
	snprintf(path, sizeof(path), "%s/log", r->folder);
	unlink(path);
	rmdir(r->folder);
}

/* What the shell does, once: flush, sleep, read, tick. */
static inline void kit_redis_turn(struct loc_redis *redis)
{
	struct pollfd p[2];
	rt_ms now = rt_clock_ms(), next;

	loc_redis_flush(redis);
	next = loc_redis_tick(redis, now);
	p[0] = (struct pollfd){ loc_redis_fd(redis), (short)loc_redis_events(redis), 0 };
	p[1] = (struct pollfd){ loc_redis_fd2(redis), (short)loc_redis_events2(redis), 0 };
	poll(p, 2, (int)(next - now));
	now = rt_clock_ms();
	if (p[0].revents)
		loc_redis_ready(redis, (uint32_t)p[0].revents, now);
	if (p[1].revents)
		loc_redis_ready2(redis, (uint32_t)p[1].revents, now);
}

/* Turn until *flag is set, at most 5 seconds; whether it was. */
static inline int kit_redis_until(struct loc_redis *redis, const int *flag)
{
	const rt_ms end = rt_clock_ms() + 5000;

	while (!*flag && rt_clock_ms() < end)
		kit_redis_turn(redis);
	return *flag;
}

#endif
