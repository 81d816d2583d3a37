/* SPDX-License-Identifier: MIT */
/*
 * log: one event, one line, to standard error:
 *
 *   2026-11-21T10:04:05.123Z W sip.refused trail=7f3a09c3 at=212 rule=Via.sent-by answer=400
 *
 * Only actors, the shell and main programs log. Levels say who must act: E an operator now, W an operator
 * eventually, I one line per transaction life, D state by state, T bytes. Each event name is limited to
 * RT_LOG_BURST lines a second; what was left out is counted in the next line (`suppressed=n`).
 * Writing never blocks: a slow reader loses lines, counted likewise.
 */
#ifndef RT_LOG_H
#define RT_LOG_H

#include <stdint.h>
#include "rt/slice.h"

enum rt_log_level { RT_LOG_E, RT_LOG_W, RT_LOG_I, RT_LOG_D, RT_LOG_T };

extern enum rt_log_level rt_log_max; /* lines above this level are not even formatted */

void rt_log_open(const char *process, enum rt_log_level max); /* "transport", for the process field */

/* `event` is a literal "noun.verb"; `fmt` makes the key=value fields. trail 0 is left out. */
void rt_log_line(enum rt_log_level level, const char *event, uint64_t trail, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define rt_log(level, event, trail, ...)                                                  \
	do {                                                                              \
		if ((level) <= rt_log_max)                                                \
			rt_log_line((level), (event), (trail), __VA_ARGS__);              \
	} while (0)

/* Bytes from the network, made fit for a log line: escaped, cut at 64. Uses one of 8 rotating buffers. */
const char *rt_log_safe(struct slice s);

#endif
