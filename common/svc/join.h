/* SPDX-License-Identifier: MIT */
/* join: the one conversation with Redis that waits: before any loop runs. */
#ifndef JOIN_H
#define JOIN_H

#include "process.h"

/*
 * Wait for Redis (saying so once), check its layout version, take the cluster's secret and ids for all actors.
 * returns 0, RT_CONFIG (said why: the layout is another version's, or the url does not read), RT_DOWN (told to stop while waiting)
 */
RT_MUSTUSE
int join_cluster(struct svc_process *process);

#endif
