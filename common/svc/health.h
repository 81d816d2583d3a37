/* SPDX-License-Identifier: MIT */
/* health: three questions over HTTP, answered by a thread of its own from what the loops left in atomics. */
#ifndef HEALTH_H
#define HEALTH_H

struct health;
struct svc_process;

/*
 * Listen on <state>/health/<process>-<pid>.sock, and at server.health when it is set and free.
 *   GET /healthz   200: every loop turns
 *   GET /readyz    200: joined, not draining, and a live member of each tier we send to
 *   GET /metrics   Prometheus text
 * NULL: not even the socket; said why. A worker lives without it.
 */
struct health *health_open(struct svc_process *process);
void health_close(struct health **self_p);

#endif
