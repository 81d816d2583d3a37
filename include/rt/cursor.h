/* SPDX-License-Identifier: MIT */
/* cursor: writes into a fixed buffer and remembers its first failure: write ten things, check once. */
#ifndef RT_CURSOR_H
#define RT_CURSOR_H

#include "rt/err.h"
#include "rt/slice.h"

struct rt_cursor {
	char *p;       /* start of the buffer */
	uint32_t n;    /* written */
	uint32_t size; /* room */
	int err;       /* 0, or RT_NOMEM since some write did not fit */
};

static inline struct rt_cursor rt_cursor_on(char *p, uint32_t size)
{
	return (struct rt_cursor){ p, 0, size, 0 };
}

void rt_cursor_put(struct rt_cursor *c, struct slice s);
void rt_cursor_char(struct rt_cursor *c, char ch);
void rt_cursor_u64(struct rt_cursor *c, uint64_t v);              /* decimal */
void rt_cursor_hex(struct rt_cursor *c, uint64_t v, int digits);  /* lower case, zero padded */
void rt_cursor_printf(struct rt_cursor *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define rt_cursor_lit(c, lit) rt_cursor_put((c), SLICE(lit))

static inline struct slice rt_cursor_text(const struct rt_cursor *c)
{
	return (struct slice){ c->p, c->n };
}

#endif
