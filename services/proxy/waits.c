/* SPDX-License-Identifier: MIT */
/*
 * waits: those who wait on this worker, by the user they wait for, and the news that concern them.
 *
 *   channel "queue"  --> turn: that job; moved: all who wait for this user ask for their places; wait: remember for whom
 *   events:reg       --> a phone came: sleepers try, and the queue is told; read only while somebody waits here
 *   requests ended   --> a BYE of, or a failed call to, a user somebody waits for: the queue is told
 */
#include <stdlib.h>

#include "rt/table.h"
#include "sip/addr.h"
#include "wait.h"

enum {
	LOOK_MS = 100,              /* between looks at events:reg */
	SETS = 256, WAYS = 4,       /* users somebody waits for, in any worker: as many as that; told anew every third of a lease */
	MEET = 2 * LOC_QUEUE_MAX,   /* jobs told of one event */
};

struct heard { /* somebody waits for this user */
	uint64_t hash;
	rt_ms until;
};

struct proxy_waits {
	struct proxy *p;
	struct rt_table *by_aor; /* hash -> job */
	struct rt_timer again;   /* the next look at events:reg */
	rt_ms any_until;         /* nobody waits for anybody after that */
	char at[40];             /* the last event of events:reg that was read; "": none yet */
	uint32_t reading;        /* looks under way; the last one counts */
	struct heard heard[SETS][WAYS];
};

static uint64_t key_of(const struct proxy_waits *self, struct slice aor)
{
	return rt_hash(self->p->e.tag, aor.p, aor.n);
}

/* ---- Whom somebody waits for ---- */

static struct heard *find(struct proxy_waits *self, uint64_t hash)
{
	struct heard *const set = self->heard[hash % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].hash == hash)
			return &set[i];
	return 0;
}

static void hear(struct proxy_waits *self, struct slice aor)
{
	const uint64_t hash = key_of(self, aor);
	struct heard *const set = self->heard[hash % SETS], *place = find(self, hash);

	for (int i = 0; !place && i < WAYS; i++)
		if (set[i].until <= svc_now(self->p->svc) || i == WAYS - 1)
			place = &set[i];
	*place = (struct heard){ hash, svc_now(self->p->svc) + LOC_QUEUE_LEASE };
	self->any_until = place->until;
}

bool proxy_waits_awaited(struct proxy_waits *self, struct slice aor)
{
	const struct heard *h;

	if (self->any_until <= svc_now(self->p->svc))
		return false;
	h = find(self, key_of(self, aor));
	return h && h->until > svc_now(self->p->svc);
}

/* ---- The list ---- */

static void look(struct proxy_waits *self);

int proxy_waits_add(struct proxy_waits *self, struct proxy_job *j)
{
	const bool first = !rt_table_count(self->by_aor);
	const int err = rt_table_put(self->by_aor, key_of(self, j->wait->aor), j->self);

	if (!err && first) { /* what happened before he came is of no interest */
		self->at[0] = 0;
		look(self); /* and before he is told anything */
	}
	return err;
}

void proxy_waits_drop(struct proxy_waits *self, struct proxy_job *j)
{
	rt_table_drop(self->by_aor, key_of(self, j->wait->aor), j->self);
}

typedef void tell_fn(struct proxy *p, struct proxy_job *j);

/* Each of them, though some may leave meanwhile. How many there were. */
static int tell_all(struct proxy_waits *self, struct slice aor, tell_fn *fn)
{
	uint64_t job[MEET];
	int n = 0;

	for (uint32_t it = 0; n < MEET && rt_table_each(self->by_aor, key_of(self, aor), &it, &job[n]);)
		n++;
	for (int i = 0; i < n; i++) {
		struct proxy_job *const j = proxy_job_enter(self->p, job[i]);

		if (!j)
			continue;
		if (!j->over && slice_eq(j->wait->aor, aor))
			fn(self->p, j);
		proxy_job_leave(self->p, j);
	}
	return n;
}

/* ---- The channel ---- */

static void look_again(struct proxy *p, struct proxy_job *j)
{
	if (j->wait->state == PROXY_PATIENCE_STANDING)
		proxy_wait_renew(p, j);
}

static void his_turn(struct proxy *p, rt_handle job)
{
	struct proxy_job *const j = proxy_job_enter(p, job);

	if (!j)
		return;
	if (j->wait)
		proxy_wait_take(p, j, PROXY_PATIENCE_EV_TURN);
	proxy_job_leave(p, j);
}

static void on_news(void *arg, struct slice channel, struct slice text)
{
	struct proxy_waits *const self = arg;
	enum loc_news news;
	struct loc_waiter who;
	struct slice aor;

	(void)channel;
	proxy_look_around(self->p);
	if (loc_queue_news(text, &news, &who, &aor))
		return;
	if (news == LOC_NEWS_WAIT)
		hear(self, aor);
	else if (news == LOC_NEWS_MOVED)
		tell_all(self, aor, look_again);
	else if (who.worker == svc_id(self->p->svc))
		his_turn(self->p, who.job);
}

/* ---- Registrations ---- */

static void wake_up(struct proxy *p, struct proxy_job *j)
{
	proxy_wait_take(p, j, PROXY_PATIENCE_EV_AWAKE);
}

static void registered(struct proxy_waits *self, const struct loc_registered *e)
{
	const bool came = slice_eq(e->kind, SLICE("add"));

	if (!came && !slice_eq(e->kind, SLICE("refresh")))
		return;
	if (tell_all(self, e->aor, wake_up) && came)
		loc_queue_free(svc_redis(self->p->svc), e->aor, e->at);
}

/* Where to begin is known now; who asked before that may have missed a phone, and looks once more. */
static void begun(struct proxy_waits *self)
{
	for (uint32_t i = 0; i < rt_pool_slots(self->p->jobs); i++) {
		rt_handle handle;
		const struct proxy_job *const waits = rt_pool_at(self->p->jobs, i, &handle);
		struct proxy_job *const j = waits && waits->wait ? proxy_job_enter(self->p, handle) : 0;

		if (!j)
			continue;
		wake_up(self->p, j);
		proxy_job_leave(self->p, j);
	}
}

static void on_registered(void *arg, int err, const struct loc_registered *e, int n, bool more)
{
	struct proxy_waits *const self = arg;
	const bool first = !self->at[0];

	if (--self->reading)
		return;
	proxy_look_around(self->p);
	for (int i = 0; !err && i < n; i++) {
		slice_cstr(e[i].at, self->at, sizeof(self->at));
		if (!first)
			registered(self, &e[i]);
	}
	if (!err && first) {
		if (!n)
			slice_cstr(SLICE("0-0"), self->at, sizeof(self->at));
		begun(self);
	}
	if (rt_table_count(self->by_aor))
		svc_timer_start(self->p->svc, &self->again, 0, 'W', more ? 1 : LOOK_MS);
}

static void look(struct proxy_waits *self)
{
	if (!loc_registered_since(svc_redis(self->p->svc), slice_str(self->at), on_registered, self))
		self->reading++;
	else
		svc_timer_start(self->p->svc, &self->again, 0, 'W', LOOK_MS);
}

bool proxy_waits_timer(struct proxy_waits *self, struct rt_timer *t)
{
	if (t != &self->again)
		return false;
	if (!self->reading && rt_table_count(self->by_aor))
		look(self);
	return true;
}

/* ---- Calls that end ---- */

static void may_be_free(struct proxy_waits *self, const struct sip_msg *m, enum sip_hdr header)
{
	struct proxy *const p = self->p;
	const struct svc_domain *domain;
	struct sip_addr addr;
	struct sip_uri uri;
	struct slice aor;

	if (sip_addr_uri(sip_msg_get(m, header), &addr, &uri) || !(domain = proxy_element_domain(&p->e, &uri)))
		return;
	uri.host = domain->name;
	if (!sip_uri_aor(&uri, p->e.arena, &aor) && proxy_waits_awaited(self, aor))
		loc_queue_free(svc_redis(p->svc), aor, SLICE(""));
}

/* A call is over, did not come about, or rang at phones that did not get it: both its ends may be free. */
void proxy_waits_ended(struct proxy_waits *self, const struct proxy_job *j)
{
	const bool bye = proxy_request_is(&j->req, SIP_BYE);
	const bool missed = proxy_request_is(&j->req, SIP_INVITE) && j->status && j->status != 486 &&
	                    (!sip_status_success(j->status) || j->ctx.n > 1);

	if (self->any_until <= svc_now(self->p->svc) || (j->wait && j->wait->queue_until) ||
	    (!bye && !missed))
		return;
	may_be_free(self, &j->req.msg, SIP_HDR_FROM);
	may_be_free(self, &j->req.msg, SIP_HDR_TO);
}

/* ---- Life ---- */

struct proxy_waits *proxy_waits_new(struct proxy *p)
{
	struct proxy_waits *const self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->p = p;
	self->by_aor = rt_table_new(64);
	if (self->by_aor) {
		(void)!loc_redis_subscribe(svc_redis(p->svc), SLICE("queue"), on_news, self);
		return self;
	}
	free(self);
	return 0;
}

void proxy_waits_destroy(struct proxy_waits **self_p)
{
	struct proxy_waits *const self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	svc_timer_stop(self->p->svc, &self->again);
	rt_table_destroy(&self->by_aor);
	free(self);
}
