/* SPDX-License-Identifier: MIT */
/* json: one flat object on one line: names, strings and numbers, nothing nested. */
#ifndef JSON_H
#define JSON_H

#include "rt/arena.h"
#include "rt/cursor.h"

/* What stands between the quotes of a string. */
void json_put_escaped(struct rt_cursor *c, struct slice s);

struct json_pair {
	struct slice name, value; /* as written; a string without its quotes */
	bool string;
};

/* Next pair of "{...}": 1, 0 at the end, RT_BAD. *rest begins as the whole object. */
int json_next(struct slice *rest, struct json_pair *out);

/* Escapes undone; in the arena only when there were some. SLICE_NONE: the arena is full or an escape is malformed. */
struct slice json_text(struct slice value, struct rt_arena *a);

#endif
