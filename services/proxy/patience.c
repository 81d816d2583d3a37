/* SPDX-License-Identifier: MIT */
/* patience: the table. A cell left out: the event means nothing there. */
#include "patience.h"

/* clang-format off */
static const struct proxy_patience_rule machine[PROXY_PATIENCES][PROXY_PATIENCE_EVENTS] = {
[PROXY_PATIENCE_IDLE] = {
	[PROXY_PATIENCE_EV_BUSY]    = { PROXY_PATIENCE_JOINING,  PROXY_PATIENCE_STAND },
	[PROXY_PATIENCE_EV_BEHIND]  = { PROXY_PATIENCE_BEHIND,   PROXY_PATIENCE_STAND },
	[PROXY_PATIENCE_EV_ABSENT]  = { PROXY_PATIENCE_SLEEPING, PROXY_PATIENCE_WAKE | PROXY_PATIENCE_SAY },
	[PROXY_PATIENCE_EV_PARTLY]  = { PROXY_PATIENCE_SAME,     PROXY_PATIENCE_WAKE },
	[PROXY_PATIENCE_EV_AWAKE]   = { PROXY_PATIENCE_SAME,     PROXY_PATIENCE_JOIN },
},
[PROXY_PATIENCE_BEHIND] = {
	[PROXY_PATIENCE_EV_PLACE]   = { PROXY_PATIENCE_STANDING, PROXY_PATIENCE_SAY },
	[PROXY_PATIENCE_EV_TURN]    = { PROXY_PATIENCE_TRYING,   PROXY_PATIENCE_TRY }, /* they went meanwhile */
	[PROXY_PATIENCE_EV_REFUSED] = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_TRY }, /* let the phones speak for themselves */
	[PROXY_PATIENCE_EV_LATE]    = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_FINAL },
},
[PROXY_PATIENCE_JOINING] = {
	[PROXY_PATIENCE_EV_PLACE]   = { PROXY_PATIENCE_STANDING, PROXY_PATIENCE_SAY },
	[PROXY_PATIENCE_EV_TURN]    = { PROXY_PATIENCE_TRYING,   PROXY_PATIENCE_TRY },
	[PROXY_PATIENCE_EV_REFUSED] = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_FINAL },
	[PROXY_PATIENCE_EV_LATE]    = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_FINAL },
},
[PROXY_PATIENCE_STANDING] = {
	[PROXY_PATIENCE_EV_PLACE]   = { PROXY_PATIENCE_SAME,     PROXY_PATIENCE_SAY },
	[PROXY_PATIENCE_EV_TURN]    = { PROXY_PATIENCE_TRYING,   PROXY_PATIENCE_TRY },
	[PROXY_PATIENCE_EV_LATE]    = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_FINAL },
},
[PROXY_PATIENCE_TRYING] = { /* time does not run out while a phone rings */
	[PROXY_PATIENCE_EV_BUSY]    = { PROXY_PATIENCE_STANDING, PROXY_PATIENCE_BACK },
},
[PROXY_PATIENCE_SLEEPING] = {
	[PROXY_PATIENCE_EV_AWAKE]   = { PROXY_PATIENCE_IDLE,     PROXY_PATIENCE_TRY },
	[PROXY_PATIENCE_EV_LATE]    = { PROXY_PATIENCE_DONE,     PROXY_PATIENCE_FINAL },
},
};
/* clang-format on */

struct proxy_patience_rule proxy_patience_step(enum proxy_patience now, enum proxy_patience_event ev)
{
	return machine[now][ev];
}

bool proxy_patience_queued(enum proxy_patience s)
{
	return s == PROXY_PATIENCE_BEHIND || s == PROXY_PATIENCE_JOINING || s == PROXY_PATIENCE_STANDING || s == PROXY_PATIENCE_TRYING;
}

bool proxy_patience_waiting(enum proxy_patience s)
{
	return s == PROXY_PATIENCE_SLEEPING || (proxy_patience_queued(s) && s != PROXY_PATIENCE_TRYING);
}

const char *proxy_patience_name(enum proxy_patience s)
{
	static const char *const name[PROXY_PATIENCES] = {
#define X(n) #n,
		PROXY_PATIENCE_STATE_MAP(X)
#undef X
	};

	return name[s];
}

const char *proxy_patience_event_name(enum proxy_patience_event ev)
{
	static const char *const name[PROXY_PATIENCE_EVENTS] = {
#define X(n, text) text,
		PROXY_PATIENCE_EVENT_MAP(X)
#undef X
	};

	return name[ev];
}
