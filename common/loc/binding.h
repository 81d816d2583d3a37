/* SPDX-License-Identifier: MIT */
/* binding: the part of a record that apply.lua is given. */
#ifndef BINDING_H
#define BINDING_H

#include "loc/store.h"
#include "rt/cursor.h"

/* "cseq":..,"call_id":".." .. } : what follows the head's last comma. */
void binding_render_tail(struct rt_cursor *c, const struct loc_binding *b);

#endif
