/* SPDX-License-Identifier: MIT */
/* scan: all keys of a pattern, a batch at a time. */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include <time.h>
#include "cli.h"

struct scan {
	redisContext *redis; /* NULL: ours, all of it */
	int (*batch)(struct scan *self, const redisReply *keys); /* an exit status; not CLI_DONE ends the scan */
	struct cli *cli;
	void *arg;
	int64_t seen; /* for the progress; the batch counts */
	time_t told;
};

/* A key may come twice, and one that comes or goes meanwhile may be missed: SCAN promises no more. An exit status. */
int scan_keys(struct scan *self, const char *pattern);

/* On a terminal once a second, and always the last time. */
void scan_progress(struct scan *self, const char *what, bool last);

#endif
