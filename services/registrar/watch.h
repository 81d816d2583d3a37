/* SPDX-License-Identifier: MIT */
/* watch: the notifier of the "reg" event package, RFC 3680 over RFC 6665. */
#ifndef WATCH_H
#define WATCH_H

#include "call.h"

int watch_open(struct registrar *self); /* 0 | RT_NOMEM */
void watch_close(struct registrar *self);

/* Who a SUBSCRIBE says he is; counts only where nobody is asked for a password. */
struct slice watch_caller(struct registrar *self, const struct reg_call *call);

/* May he watch this address? His own, or registrar.watchers names him. */
bool watch_is_allowed(struct registrar *self, const struct reg_call *call, struct slice who);

/* A SUBSCRIBE whose sender may. Ends the call. */
void watch_subscribe(struct registrar *self, struct reg_call *call);

void watch_look(struct registrar *self);  /* the timer: what happened? */
void watch_sweep(struct registrar *self); /* the turn of this registrar: subscriptions that ended */
void watch_result(struct registrar *self, const struct wire_parcel *in);

#endif
