/* SPDX-License-Identifier: MIT */
/* keep: memory that lives as long as one job: the request, its targets, the responses that may be needed again. */
#ifndef PROXY_KEEP_H
#define PROXY_KEEP_H

#include <stddef.h>
#include "rt/blocks.h"
#include "sip/msg.h"

/* A chain of blocks, each at least as large as what was first asked of it; the next small things fit into what is left. */
struct proxy_keep {
	struct rt_blocks *blocks; /* where they come from */
	struct proxy_keep_block *newest;
};

void *proxy_keep_take(struct proxy_keep *k, size_t n);                    /* 16-aligned, zeroed; NULL: no memory */
struct slice proxy_keep_text(struct proxy_keep *k, struct slice s);       /* SLICE_NONE: no memory, or s is absent */
RT_MUSTUSE
int proxy_keep_msg(struct proxy_keep *k, const struct sip_msg *m, struct sip_msg *out); /* 0 | RT_NOMEM */
void proxy_keep_drop(struct proxy_keep *k);                               /* all at once */

#endif
