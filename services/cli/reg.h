/* SPDX-License-Identifier: MIT */
/* reg: the verbs of `peal reg` that have a file of their own. */
#ifndef CLI_REG_H
#define CLI_REG_H

#include "cli.h"

int reg_reindex(struct cli *cli); /* reindex.c */
int reg_watch(struct cli *cli);   /* watch.c */
int reg_import(struct cli *cli);  /* import.c */

/* A field of reg:<aor> that is a binding, not a nonce in use ("n:..."). */
static inline bool reg_is_binding(const redisReply *id)
{
	return strncmp(id->str, "n:", 2) != 0;
}

static inline struct slice reg_text(const redisReply *r)
{
	return r->str ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

#endif
