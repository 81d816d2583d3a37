/* SPDX-License-Identifier: MIT */
/* main: run a process that hosts some tiers. The whole main program of a worker. */
#ifndef SVC_MAIN_H
#define SVC_MAIN_H

#include "svc/actor.h"

/*
 * Read the configuration and environment, start `threads` loops with one actor of each listed tier on each, join the membership,
 * serve until SIGTERM has drained (SIGINT likewise), reload on SIGHUP.
 *   name    "transport": the process in log lines
 *   actors  the tiers this binary can host, NULL at the end; `--tiers a,b` picks some of them (default all)
 * returns the exit code of main: 0 drained, 1 could not start (said why), 2 wrong usage
 */
int svc_main(int argc, char **argv, const char *name, const struct svc_actor *const actors[]);

#endif
