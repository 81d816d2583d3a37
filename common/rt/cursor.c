/* SPDX-License-Identifier: MIT */
/* cursor: a write either fits whole or is left out and remembered. */
#include "rt/cursor.h"

#include <stdarg.h>
#include <stdio.h>

/* Room for n bytes, or NULL with the error set. */
static char *claim(struct rt_cursor *c, uint32_t n)
{
	char *p = c->p + c->n;

	if (c->err || n > c->size - c->n) {
		c->err = RT_NOMEM;
		return 0;
	}
	c->n += n;
	return p;
}

void rt_cursor_put(struct rt_cursor *c, struct slice s)
{
	char *p = claim(c, s.n);

	if (p && s.n)
		memcpy(p, s.p, s.n);
}

void rt_cursor_char(struct rt_cursor *c, char ch)
{
	char *p = claim(c, 1);

	if (p)
		*p = ch;
}

void rt_cursor_u64(struct rt_cursor *c, uint64_t v)
{
	char digits[20];
	uint32_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	rt_cursor_put(c, slice_of(digits + at, (uint32_t)sizeof(digits) - at));
}

void rt_cursor_hex(struct rt_cursor *c, uint64_t v, int digits)
{
	char *p = digits > 0 ? claim(c, (uint32_t)digits) : 0;

	for (int i = digits; p && i-- > 0; v >>= 4)
		p[i] = "0123456789abcdef"[v & 15];
}

void rt_cursor_printf(struct rt_cursor *c, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		rt_cursor_put(c, slice_of(small, (uint32_t)n));
		return;
	}
	/* Longer than the scratch: straight into the buffer, which must also hold the NUL for a moment. */
	if (c->err || n < 0 || (uint32_t)n >= c->size - c->n) {
		c->err = RT_NOMEM;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(c->p + c->n, c->size - c->n, fmt, ap);
	va_end(ap);
	c->n += (uint32_t)n;
}
