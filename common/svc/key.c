/* SPDX-License-Identifier: MIT */
/* key: of the bus; where it comes from and how it is told apart from another. */
#include "svc/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rt/hash.h"

enum { DIGITS = 2 * SVC_KEY_BYTES, FILE_MAX = 4096 };

__attribute__((format(printf, 2, 3))) static int refuse(char why[SVC_KEY_WHY], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, SVC_KEY_WHY, fmt, ap);
	va_end(ap);
	return RT_CONFIG;
}

static bool read_digits(uint8_t out[SVC_KEY_BYTES], struct slice text)
{
	uint64_t byte;

	if (text.n != DIGITS)
		return false;
	for (uint32_t i = 0; i < SVC_KEY_BYTES; i++) {
		if (!slice_hex_u64(slice_of(text.p + 2 * i, 2), &byte))
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static struct slice trim(struct slice s)
{
	while (s.n && strchr(" \t\r\n", s.p[0]))
		s = slice_from(s, 1);
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The first line that says something. */
static struct slice first_line(struct slice text)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		const uint32_t n = end ? (uint32_t)(end - text.p) + 1 : text.n;
		const struct slice line = trim(slice_head(text, n));

		if (line.n && line.p[0] != '#')
			return line;
		text = slice_from(text, n);
	}
	return SLICE("");
}

int svc_key_read(uint8_t out[SVC_KEY_BYTES], struct slice given, char why[SVC_KEY_WHY])
{
	char path[1024], text[FILE_MAX];
	ssize_t n;
	int fd;

	if (read_digits(out, given))
		return 0;
	if (!slice_cstr(given, path, sizeof(path)))
		return refuse(why, "its path is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return refuse(why, "cannot read %.100s (%s); `peal keys new FILE` makes one", path, strerror(errno));
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0 || !read_digits(out, first_line(slice_of(text, (uint32_t)n))))
		return refuse(why, "%.100s does not hold %d hex digits; `peal keys new FILE` makes one", path, DIGITS);
	return 0;
}

void svc_key_mark(char out[SVC_KEY_MARK], const uint8_t key[SVC_KEY_BYTES])
{
	static const char what[] = "the mark of a bus key";
	struct rt_key half[2];

	memcpy(half, key, sizeof(half));
	snprintf(out, SVC_KEY_MARK, "%016llx", (unsigned long long)rt_mix(rt_hash(half[0], what, sizeof(what)), rt_hash(half[1], what, sizeof(what))));
}
