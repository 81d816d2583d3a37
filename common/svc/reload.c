/* SPDX-License-Identifier: MIT */
/* reload: the main thread reads and decides, loops take what it decided, loop 0 speaks with Redis. */
#include "reload.h"

#include <signal.h>
#include <unistd.h>

#include "loc/redis.h"
#include "process.h"
#include "rt/clock.h"

enum { RELOAD_WAIT = 2000 }; /* ms until a loop has taken a new snapshot */

#define CHANNEL  SLICE("config:apply")
#define KEEP     SLICE("60") /* seconds the answers stay */

void reload_open(struct reload *self)
{
	*self = (struct reload){ 0 };
	pthread_mutex_init(&self->lock, 0);
}

static void forget_candidate(struct reload *self)
{
	if (self->candidate)
		svc_config_destroy(&self->candidate);
	self->token[0] = 0;
}

/* Nobody reads them any more. */
static void forget_late(struct reload *self)
{
	while (self->nlate)
		svc_config_destroy(&self->late[--self->nlate]);
}

void reload_close(struct reload *self)
{
	forget_candidate(self);
	forget_late(self);
	pthread_mutex_destroy(&self->lock);
}

/* ---- Taking ---- */

void reload_set_log_level(const struct svc_config *config)
{
	static const char letter[] = "ewidt";

	rt_log_max = (enum rt_log_level)(strchr(letter, config->log_level.p[0]) - letter);
}

/* What the loops were built with stays until the next start. */
static void say_what_waits(const struct svc_config *was, const struct svc_config *is)
{
	const struct {
		const char *key;
		bool changed;
	} row[] = {
		{ "server.threads", was->server_threads != is->server_threads },
		{ "server.state", !slice_eq(was->server_state, is->server_state) },
		{ "server.bus", !slice_eq(was->server_bus, is->server_bus) },
		{ "server.bus_key", !slice_eq(was->server_bus_key, is->server_bus_key) },
		{ "server.health", !slice_eq(was->server_health, is->server_health) },
		{ "redis.url", !slice_eq(was->redis_url, is->redis_url) },
		{ "redis.timeout", was->redis_timeout != is->redis_timeout },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].changed)
			rt_log(RT_LOG_W, "config.waits", 0, "%s takes effect when this worker is started again", row[i].key);
}

/* Has every loop taken the new snapshot? Then nobody reads the old one any more. */
static bool all_took(struct svc_process *process, const struct svc_config *config)
{
	const rt_ms until = rt_clock_ms() + RELOAD_WAIT;
	int i = 0;

	while (i < process->nloop) {
		if (atomic_load(&process->loop[i]->taken) == config)
			i++;
		else if (rt_clock_ms() > until)
			return false;
		else
			usleep(1000);
	}
	return true;
}

/* What became of it, for who asked. */
static const char *take(struct svc_process *process, struct svc_config *config)
{
	struct svc_config *old = process->config;
	const char *answer = "taken";

	reload_set_log_level(config);
	say_what_waits(old, config);
	atomic_store(&process->config, config);
	process_tell_all(process, "RELOAD");
	if (all_took(process, config)) {
		svc_config_destroy(&old);
		forget_late(&process->reload);
	} else {
		if (process->reload.nlate < RELOAD_LATE) /* the next ones are lost: of a loop that hangs, /healthz tells */
			process->reload.late[process->reload.nlate++] = old;
		rt_log(RT_LOG_W, "config.slow", 0, "a loop did not take the new configuration in %d ms", RELOAD_WAIT);
		answer = "slow: a loop has not taken it yet; the log of that worker says more";
	}
	for (int i = 0; i < process->nloop; i++)
		if (atomic_load(&process->loop[i]->kept_old))
			answer = "in part: a tier kept what it could not change; the log of that worker says what";
	rt_log(RT_LOG_I, "config.reloaded", 0, "file=%s", process->config_file ? process->config_file : "(none)");
	return answer;
}

void reload_now(struct svc_process *process)
{
	struct svc_config *config;
	char error[512];

	if (svc_config_load(&config, process->config_file, process->environment, error))
		rt_log(RT_LOG_E, "config.refused", 0, "%s; the old configuration stays", error);
	else
		(void)take(process, config);
}

/* ---- Asked by `peal config apply` ---- */

static void answer(struct svc_process *process, const char *token, const char *text)
{
	struct reload *self = &process->reload;

	pthread_mutex_lock(&self->lock);
	snprintf(self->answer, sizeof(self->answer), "%s", text);
	snprintf(self->answer_to, sizeof(self->answer_to), "%s", token);
	pthread_mutex_unlock(&self->lock);
	zstr_send(process->thread[0], "REPLY");
}

static void check(struct svc_process *process, const char *token)
{
	struct reload *self = &process->reload;
	char error[512];

	forget_candidate(self);
	if (svc_config_load(&self->candidate, process->config_file, process->environment, error)) {
		self->candidate = 0;
		rt_log(RT_LOG_W, "config.refused", 0, "%s; the old configuration stays", error);
		answer(process, token, error);
		return;
	}
	snprintf(self->token, sizeof(self->token), "%s", token);
	answer(process, token, "good");
}

/* A process that came between the two has read the new one at its start. */
static void take_candidate(struct svc_process *process, const char *token)
{
	struct reload *self = &process->reload;
	struct svc_config *config = self->candidate;

	if (!config || strcmp(self->token, token) != 0)
		return;
	self->candidate = 0;
	answer(process, token, take(process, config));
}

void reload_asked(struct svc_process *process)
{
	struct reload *self = &process->reload;
	char asked[sizeof(self->asked)];

	pthread_mutex_lock(&self->lock);
	memcpy(asked, self->asked, sizeof(asked));
	self->asked[0] = 0;
	pthread_mutex_unlock(&self->lock);
	if (strncmp(asked, "check ", 6) == 0)
		check(process, asked + 6);
	else if (strncmp(asked, "take ", 5) == 0)
		take_candidate(process, asked + 5);
}

/* ---- Loop 0 ---- */

static void on_message(void *arg, struct slice channel, struct slice text)
{
	struct svc_loop *loop = arg;
	struct reload *self = &loop->process->reload;
	bool fits;

	(void)channel;
	pthread_mutex_lock(&self->lock);
	fits = slice_cstr(text, self->asked, sizeof(self->asked));
	if (!fits)
		self->asked[0] = 0;
	pthread_mutex_unlock(&self->lock);
	if (fits)
		kill(getpid(), SIGUSR1);
}

void reload_listen(struct svc_loop *loop)
{
	if (loc_redis_subscribe(loop->redis, CHANNEL, on_message, loop))
		rt_log(RT_LOG_W, "config.deaf", 0, "no subscription to config:apply; SIGHUP makes this worker read its configuration");
}

static void ignore(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)self;
	(void)token;
	(void)err;
	(void)reply;
}

void reload_reply(struct svc_loop *loop)
{
	struct reload *self = &loop->process->reload;
	char text[sizeof(self->answer)], key[sizeof(self->answer_to) + 16], id[16];

	pthread_mutex_lock(&self->lock);
	memcpy(text, self->answer, sizeof(text));
	snprintf(key, sizeof(key), "config:apply:%s", self->answer_to);
	pthread_mutex_unlock(&self->lock);
	snprintf(id, sizeof(id), "%u", loop->process->first_id);
	const struct slice set[] = { SLICE("HSET"), slice_str(key), slice_str(id), slice_str(text) };
	const struct slice expire[] = { SLICE("EXPIRE"), slice_str(key), KEEP };

	(void)!loc_redis_call(loop->redis, ignore, 0, 0, 4, set); /* who waits for it says that this worker is silent */
	(void)!loc_redis_call(loop->redis, ignore, 0, 0, 3, expire);
}
