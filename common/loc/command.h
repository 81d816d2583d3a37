/* SPDX-License-Identifier: MIT */
/* command: one command in the protocol, kept so that it can be sent again: after NOSCRIPT, or to another node of a cluster. */
#ifndef COMMAND_H
#define COMMAND_H

#include "link.h"
#include "loc/redis.h"

struct command {
	struct loc_script *script; /* NULL: the tail is the whole command after its count */
	int argc;                  /* arguments in the tail */
	int slot;                  /* -1: no key */
	uint32_t hops;             /* redirects it went through */
	uint32_t n;
	char tail[];
};

struct command *command_new(int argc, const struct slice *argv);                                              /* NULL: no memory */
struct command *command_new_script(struct loc_script *script, int nkeys, int argc, const struct slice *argv); /* likewise */

/* Queue it, a script by its digest or by its text: whole or not at all. 0 | RT_DOWN */
int command_put(const struct command *self, struct loc_link *link, bool by_digest);

#endif
