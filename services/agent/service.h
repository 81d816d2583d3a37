/* SPDX-License-Identifier: MIT */
/* service: the addresses the agent answers, as a table. */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include "rt/slice.h"

struct agent_service {
	struct slice name;
	const char *what;     /* for a person */
	int early;            /* provisional response; 0: none */
	int final;            /* said after it; 0: it rings on */
	int give_up;          /* what a call that rings on gets in the end */
	bool reliable;        /* the early response goes reliably to whoever can, whatever the policy */
	bool media;           /* the call has sound: SDP in the early response when that is reliable, and in the 2xx */
};

const struct agent_service *agent_service_find(struct slice user); /* NULL: none of ours */

#endif
