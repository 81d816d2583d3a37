/* SPDX-License-Identifier: MIT */
/* binding: the part of a record that apply.lua is given; a binding that outlives what its texts were read from. */
#ifndef BINDING_H
#define BINDING_H

#include "loc/store.h"
#include "rt/cursor.h"

/* "cseq":..,"call_id":".." .. } : what follows the head's last comma. */
void binding_render_tail(struct rt_cursor *c, const struct loc_binding *b);

/* Its texts at `at`, which has binding_bytes(b) bytes of room. Returns where they end. */
size_t binding_bytes(const struct loc_binding *b);
char *binding_copy(struct loc_binding *out, const struct loc_binding *b, char *at);

#endif
