/* SPDX-License-Identifier: MIT */
/* node: the membership as the operator's command sees it. */
#ifndef NODE_H
#define NODE_H

#include "cli.h"
#include "wire/members.h"

enum { NODE_FORGOTTEN_MS = 3500 }; /* three missed announcements */

typedef void node_fn(struct cli *cli, const struct wire_member *m, void *arg);
int node_each(struct cli *cli, node_fn *fn, void *arg); /* how many; -1 after saying why */
bool node_fresh(const struct wire_member *m);           /* announced itself lately */

#endif
