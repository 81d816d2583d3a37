/* SPDX-License-Identifier: MIT */
/* keep: a message that must outlive its callback: index and text in one block. */
#ifndef KEEP_H
#define KEEP_H

#include "sip/msg.h"

struct agent_kept;

struct agent_kept *agent_keep(const struct sip_msg *m);             /* NULL: out of memory */
struct sip_msg agent_kept_msg(const struct agent_kept *k);
void agent_keep_swap(struct agent_kept **at, struct agent_kept *k); /* frees what was there; k may be NULL */

#endif
