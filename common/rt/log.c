/* SPDX-License-Identifier: MIT */
/*
 * log: a line is made on the stack and leaves by one write that cannot wait.
 *
 * Counting per event name is shared by all threads of a process and needs no lock: the table only ever gains names
 * (they are literals), and each name's second and count are one atomic word.
 */
#include "rt/log.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "rt/cursor.h"

enum {
	LINE_MAX_BYTES = 4096, /* PIPE_BUF on Linux: a pipe takes it whole or not at all */
	EVENTS = 512,          /* names counted apart; the rest share the last counter */
	SAFE_BYTES = 64,
	SAFE_BUFFERS = 8,
};
_Static_assert((int)LINE_MAX_BYTES <= PIPE_BUF, "a line must not be torn");

struct counter {
	_Atomic(const char *) event;
	_Atomic uint64_t window;   /* | second 32 | lines 32 | */
	_Atomic uint32_t left_out; /* since the last line that got through */
};

enum rt_log_level rt_log_max = RT_LOG_I;

static char process_name[32];
static struct counter counters[EVENTS + 1];
static int out_fd = STDERR_FILENO;
static bool out_is_socket;

/*
 * Non-blocking for us alone: the flag belongs to the open file, which a shell may share, so pipes and terminals are
 * opened a second time and sockets are told per send. A regular file never blocks.
 */
static void open_output(void)
{
	struct stat st;
	int fd;

	out_fd = STDERR_FILENO;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	out_is_socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		out_fd = fd;
}

void rt_log_open(const char *process, enum rt_log_level max)
{
	if (out_fd != STDERR_FILENO)
		close(out_fd);
	rt_log_max = max;
	slice_cstr(slice_str(process ? process : ""), process_name, sizeof(process_name));
	open_output();
}

static bool write_line(struct slice line)
{
	const ssize_t n = out_is_socket
		? send(out_fd, line.p, line.n, MSG_DONTWAIT | MSG_NOSIGNAL)
		: write(out_fd, line.p, line.n);

	return n == (ssize_t)line.n;
}

static struct counter *counter_of(const char *event)
{
	uint32_t at = 2166136261u;

	for (const char *c = event; *c; c++)
		at = (at ^ (unsigned char)*c) * 16777619u;
	for (int tries = 0; tries < EVENTS; tries++, at++) {
		struct counter *c = &counters[at % EVENTS];
		const char *name = atomic_load(&c->event);

		if (!name && atomic_compare_exchange_strong(&c->event, &name, event))
			return c;
		if (name == event || strcmp(name, event) == 0)
			return c;
	}
	return &counters[EVENTS];
}

/* May one more line of this event go out in this second? */
static bool admit(struct counter *c, uint32_t second)
{
	uint64_t was = atomic_load(&c->window), next;

	do {
		const bool same = (uint32_t)(was >> 32) == second;

		if (same && (uint32_t)was >= RT_LOG_BURST)
			return false;
		next = same ? was + 1 : (uint64_t)second << 32 | 1;
	} while (!atomic_compare_exchange_weak(&c->window, &was, next));
	return true;
}

static void put_time(struct rt_cursor *c, const struct timespec *now)
{
	struct tm tm;

	gmtime_r(&now->tv_sec, &tm);
	rt_cursor_printf(c, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now->tv_nsec / 1000000);
}

/* One line stays one line, whatever the fields held. */
static void flatten(struct rt_cursor *c, uint32_t from)
{
	for (uint32_t i = from; i < c->n; i++)
		if ((unsigned char)c->p[i] < ' ' || c->p[i] == 0x7f)
			c->p[i] = '?';
}

void rt_log_line(enum rt_log_level level, const char *event, uint64_t trail, const char *fmt, ...)
{
	struct counter *count = counter_of(event);
	char buffer[LINE_MAX_BYTES];
	struct rt_cursor c = rt_cursor_on(buffer, sizeof(buffer) - 1);
	struct timespec now;
	uint32_t left_out, room;
	va_list ap;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!admit(count, (uint32_t)now.tv_sec)) {
		atomic_fetch_add(&count->left_out, 1);
		return;
	}
	put_time(&c, &now);
	rt_cursor_char(&c, "EWIDT"[level]);
	rt_cursor_printf(&c, " %.200s", event);
	if (process_name[0])
		rt_cursor_printf(&c, " process=%s", process_name);
	if (trail)
		rt_cursor_printf(&c, " trail=%08llx", (unsigned long long)trail);
	left_out = atomic_exchange(&count->left_out, 0);
	if (left_out)
		rt_cursor_printf(&c, " suppressed=%u", left_out);
	rt_cursor_char(&c, ' ');
	room = c.size - c.n;
	va_start(ap, fmt);
	n = vsnprintf(c.p + c.n, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		c.n += (uint32_t)n < room ? (uint32_t)n : room - 1;
	flatten(&c, 0);
	while (c.n && buffer[c.n - 1] == ' ')
		c.n--;
	buffer[c.n++] = '\n';
	if (!write_line(rt_cursor_text(&c)))
		atomic_fetch_add(&count->left_out, left_out + 1);
}

const char *rt_log_safe(struct slice s)
{
	static _Thread_local char buffer[SAFE_BUFFERS][SAFE_BYTES * 4 + sizeof("...")];
	static _Thread_local unsigned turn;
	char *out = buffer[turn++ % SAFE_BUFFERS];
	struct rt_cursor c = rt_cursor_on(out, sizeof(buffer[0]) - 1);

	for (uint32_t i = 0; i < s.n && i < SAFE_BYTES; i++) {
		const unsigned char ch = (unsigned char)s.p[i];

		if (ch > ' ' && ch < 0x7f && ch != '\\') {
			rt_cursor_char(&c, (char)ch);
		} else {
			rt_cursor_lit(&c, "\\x");
			rt_cursor_hex(&c, ch, 2);
		}
	}
	if (s.n > SAFE_BYTES)
		rt_cursor_lit(&c, "...");
	out[c.n] = 0;
	return out;
}
