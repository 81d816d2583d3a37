/* SPDX-License-Identifier: MIT */
/* wait: a loop asks those it gives work to how long work waits there (pulse), and answers those who ask it. */
#ifndef WAIT_H
#define WAIT_H

#include "loop.h"

/* Put the questions that are due; returns when to call again. */
rt_ms wait_ask(struct svc_loop *loop, rt_ms now);

/* Such a question, or the answer to one of ours: true. Any other ECHO: false. */
bool wait_echo(struct svc_loop *loop, struct svc *svc, const struct wire_parcel *in);

#endif
