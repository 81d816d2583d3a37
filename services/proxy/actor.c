/* SPDX-License-Identifier: MIT */
/*
 * actor: the proxy.
 *
 *   takes   OFFER     a request to decide                  -> job.c
 *           RESULT    what became of a FORK                -> job.c, probe.c
 *           ABANDON   its caller cancelled, or is gone     -> job.c
 *           ARRIVED   a response no transaction waits for  -> reply.c
 *           ALIASES   which peers a transport is connected with
 *           UNSENT    a stateless message did not leave: nothing to do, 16.11
 *           ECHO      are you alive?
 *   sends   ANSWER, FORK, GIVE_UP to the transaction that offered; DEPART to a transport
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "auth/digest.h"
#include "gatelist.h"
#include "job.h"
#include "loc/store.h"
#include "probe.h"
#include "rt/table.h"
#include "wait.h"

enum { USERS_REMEMBERED = 4096 };

void proxy_look_around(struct proxy *p)
{
	p->e.config = svc_config(p->svc);
	p->e.members = svc_members(p->svc);
	p->e.arena = svc_arena(p->svc);
	p->e.now = svc_wall(p->svc);
}

/* ---- DNS: its descriptors and its clock are the loop's ---- */

static void on_dns_ready(void *self, int fd, uint32_t ready)
{
	struct proxy *const p = self;

	proxy_look_around(p);
	dns_resolver_ready(p->dns, fd, ready & (EPOLLIN | EPOLLERR | EPOLLHUP), ready & EPOLLOUT, svc_now(p->svc));
}

static void watch(void *arg, int fd, bool read, bool write)
{
	struct proxy *const p = arg;

	if (svc_watch(p->svc, fd, (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u), on_dns_ready))
		rt_log(RT_LOG_E, "proxy.dns", 0, "fd=%d unwatched=1", fd);
}

static void unwatch(void *arg, int fd)
{
	svc_unwatch(((struct proxy *)arg)->svc, fd);
}

static void dns_wind(struct proxy *p)
{
	const rt_ms now = svc_now(p->svc), due = dns_resolver_tick(p->dns, now);

	if (due == UINT64_MAX)
		return;
	if (!rt_timer_running(&p->dns_tick) || p->dns_tick.due > due)
		svc_timer_start(p->svc, &p->dns_tick, 0, 'D', due > now ? (uint32_t)(due - now) : 10);
}

static struct dns_resolver *resolver(struct proxy *p)
{
	const struct svc_config *const config = svc_config(p->svc);
	const struct dns_hooks hooks = { p, watch, unwatch };
	struct dns_options options = { .timeout_ms = (uint32_t)config->proxy_dns_timeout, .families = 3,
		                       .transports = 1 << SIP_UDP | 1 << SIP_TCP | 1 << SIP_TLS | 1 << SIP_WS | 1 << SIP_WSS,
		                       .seed = (uint32_t)svc_trail(p->svc) };

	for (uint32_t i = 0; i < config->proxy_dns_servers.n && i < sizeof(options.servers) / sizeof(options.servers[0]); i++)
		options.servers[options.nserver++] = config->proxy_dns_servers.word[i];
	return dns_resolver_new(&options, &hooks, svc_now(p->svc));
}

/* ---- Verbs ---- */

static void echo(struct proxy *p, const struct wire_parcel *in)
{
	struct wire_head head = *in->head;

	head.flags |= WIRE_BACK;
	head.to = in->head->from;
	if (svc_post(p->svc, &head, 0))
		rt_log(RT_LOG_D, "proxy.echo", in->head->trail, "lost=1");
}

static void learn(struct proxy *p, const struct wire_parcel *in)
{
	const int err = wire_aliases_take(p->aliases, p->e.members, in->head->from, in->msg.text);

	if (err < 0)
		rt_log(RT_LOG_W, "proxy.aliases", 0, "edge=%u why=%s", in->head->from, rt_err_name(err));
	else if (err)
		rt_log(RT_LOG_D, "proxy.aliases", 0, "proxy=%u edge=%u known=%u", svc_id(p->svc), in->head->from, wire_aliases_count(p->aliases));
}

static void parcel(void *self, const struct wire_parcel *in)
{
	struct proxy *const p = self;

	proxy_look_around(p);
	switch ((enum wire_verb)in->head->verb) {
	case WIRE_OFFER:
		if (in->msg.index && sip_msg_is_request(&in->msg))
			proxy_job_offer(p, in);
		break;
	case WIRE_RESULT:
		if (in->head->txn)
			proxy_job_result(p, in);
		else
			probes_result(p->probes, in);
		break;
	case WIRE_ABANDON:
		proxy_job_abandon(p, in);
		break;
	case WIRE_ARRIVED:
		if (in->msg.index && !sip_msg_is_request(&in->msg))
			proxy_reply_stateless(p, in);
		break;
	case WIRE_ALIASES:
		learn(p, in);
		break;
	case WIRE_ECHO:
		if (!(in->head->flags & WIRE_BACK))
			echo(p, in);
		break;
	default:
		break;
	}
}

static void timer(void *self, struct rt_timer *t)
{
	struct proxy *const p = self;

	proxy_look_around(p);
	if (t == &p->dns_tick)
		dns_wind(p);
	else if (t == &p->watch)
		proxy_orphans_look(p);
	else if (!gatelist_timer(p->gates, t) && !proxy_waits_timer(p->waits, t) && !probes_timer(p->probes, t))
		proxy_job_timer(p, t->owner);
}

static void flush(void *self)
{
	dns_wind(self);
}

/* ---- Life ---- */

/* What does not read was refused with the configuration. */
static void read_peers(struct proxy *p)
{
	const struct svc_words *const words = &p->e.config->proxy_peers;

	p->peers.n = 0;
	for (uint32_t i = 0; i < words->n; i++)
		(void)!netlist_add(&p->peers, words->word[i]);
}

/* Other name servers, perhaps. What is being searched for ends, and its requests with it. */
static int reload(void *self)
{
	struct proxy *const p = self;
	struct dns_resolver *fresh;

	proxy_look_around(p);
	fresh = resolver(p);
	if (!fresh)
		return RT_CONFIG;
	dns_resolver_destroy(&p->dns);
	p->dns = fresh;
	gatelist_reload(p->gates);
	read_peers(p);
	return 0;
}

static void forget_jobs(struct proxy *p)
{
	rt_handle handle;

	for (uint32_t i = 0; p->jobs && i < rt_pool_slots(p->jobs); i++) {
		struct proxy_job *const j = rt_pool_at(p->jobs, i, &handle);

		if (j)
			proxy_keep_drop(&j->keep);
	}
	rt_pool_destroy(&p->jobs);
	rt_blocks_clear(&p->blocks);
}

static void close_actor(void **self_p)
{
	struct proxy *const p = *self_p;

	if (!p)
		return;
	svc_timer_stop(p->svc, &p->dns_tick);
	probes_destroy(&p->probes);
	wire_aliases_destroy(&p->aliases);
	proxy_waits_destroy(&p->waits);
	gatelist_destroy(&p->gates);
	dns_resolver_destroy(&p->dns);
	loc_users_destroy(&p->users);
	proxy_orphans_stop(p);
	rt_table_destroy(&p->by_txn);
	rt_pool_destroy(&p->searches);
	forget_jobs(p);
	auth_thread_stop();
	free(p);
	*self_p = 0;
}

static void count(struct proxy *p)
{
	struct proxy_counters *const c = &p->count;

	c->requests = svc_counter(p->svc, "proxy_requests_total", "requests offered to the proxy");
	c->branches = svc_counter(p->svc, "proxy_branches_total", "client transactions opened");
	c->refused = svc_counter(p->svc, "proxy_refused_total", "requests refused by a check or a rule");
	c->unauthorized = svc_counter(p->svc, "proxy_challenges_total", "407 responses sent");
	c->cancelled = svc_counter(p->svc, "proxy_cancelled_total", "calls cancelled by their caller");
	c->stateless = svc_counter(p->svc, "proxy_stateless_total", "messages forwarded without a transaction");
	c->stale = svc_counter(p->svc, "loc_stale_answers_total", "lookups answered from memory while Redis was away");
	c->stale_auth = svc_counter(p->svc, "auth_stale_answers_total", "callers judged by what was remembered of them while Redis was away");
	c->stray = svc_counter(p->svc, "proxy_stray_total", "results whose context had ended");
}

static int open_actor(void **self_p, struct svc *svc)
{
	struct proxy *const p = calloc(1, sizeof(*p));
	uint32_t stale_users, stale_age;

	if (!p)
		return RT_DOWN;
	*self_p = p;
	p->svc = svc;
	p->e.branch = svc_secret(svc, "branch");
	p->e.dialog = svc_secret(svc, "dialog");
	p->e.tag = svc_secret(svc, "tag");
	p->e.nonce = svc_secret(svc, "nonce");
	p->e.gruu = svc_secret(svc, "gruu");
	proxy_look_around(p);
	stale_users = (uint32_t)p->e.config->redis_stale_users;
	stale_age = (uint32_t)p->e.config->redis_stale_age;
	count(p);
	read_peers(p);
	p->jobs = rt_pool_new(sizeof(struct proxy_job), PROXY_CONTEXTS_MAX);
	p->searches = rt_pool_new(sizeof(struct proxy_search), PROXY_CONTEXTS_MAX);
	p->by_txn = rt_table_new(1024);
	p->users = loc_users_new(svc_redis(svc), stale_users > USERS_REMEMBERED ? stale_users : USERS_REMEMBERED);
	p->dns = resolver(p);
	p->gates = gatelist_new(svc, 'G');
	p->probes = probes_new(p);
	p->aliases = wire_aliases_new();
	p->e.aliases = p->aliases;
	p->waits = proxy_waits_new(p);
	(void)!loc_lookup_remember(svc_redis(svc), stale_users, stale_age, (uint32_t)p->e.config->proxy_lookup_cache);
	(void)!loc_nonce_remember(svc_redis(svc), stale_users);
	if (p->users && stale_users)
		loc_users_remember(p->users, stale_age);
	if (p->gates && p->probes && p->aliases && p->waits && p->jobs && p->searches && p->by_txn && p->users && p->dns) {
		proxy_orphans_start(p);
		return 0;
	}
	rt_log(RT_LOG_E, "proxy.open", 0, "why=\"no memory, or no usable name server in proxy.dns_servers\"");
	close_actor(self_p);
	return RT_DOWN;
}

static void drain(void *self)
{
	proxy_look_around(self);
	proxy_wait_drain(self);
}

static uint32_t load(const void *self)
{
	return rt_pool_live(((const struct proxy *)self)->jobs);
}

const struct svc_actor proxy_actor = {
	.tier = WIRE_PROXY,
	.open = open_actor,
	.parcel = parcel,
	.timer = timer,
	.flush = flush,
	.reload = reload,
	.drain = drain,
	.load = load,
	.close = close_actor,
};
