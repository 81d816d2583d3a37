/* SPDX-License-Identifier: MIT */
/*
 * process: starts the loops, hears signals, and ends.
 *
 *   configuration -> Redis (ids, secret) -> mailboxes -> loops ... SIGHUP reload ... SIGTERM drain ... -> 0
 */
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health.h"
#include "join.h"
#include "rt/clock.h"
#include "sockets.h"

enum {
	DRAIN_LEAST = 200,  /* ms: for what stands in the sockets of a door */
	DRAIN_PARTED = 3000, /* ms at most until everybody has said that they know */
	LOOK = 20,         /* ms between two looks at the loads while draining */
};

int process_loop_of(const struct svc_process *self, uint32_t id)
{
	const uint32_t offset = id - self->first_id;

	return id && offset < (uint32_t)self->nloop * self->nactor ? (int)(offset / self->nactor) : -1;
}

int process_hung(const struct svc_process *self, rt_ms *since)
{
	const rt_ms now = rt_clock_ms();

	for (int i = 0; atomic_load(&self->joined) && i < self->nloop; i++) {
		const rt_ms beat = atomic_load_explicit(&self->loop[i]->beat, memory_order_relaxed);

		*since = now > beat ? now - beat : 0;
		if (*since > PROCESS_HUNG)
			return i;
	}
	return -1;
}

/* To the service manager; ms until it wants to hear of us again. */
static int sign_of_life(struct svc_process *self)
{
	rt_ms since;

	return notify_alive(&self->notify, rt_clock_ms(), process_hung(self, &since) < 0);
}

/* ---- Before the loops ---- */

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	return set;
}

void process_hold_signals(void)
{
	const sigset_t set = our_signals();

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, 0);
}

static bool open_signals(struct svc_process *self)
{
	const sigset_t set = our_signals();

	self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return self->signals >= 0;
}

static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	zsys_set_max_sockets(0); /* as many as libzmq allows */
}

/*
 * libzmq's threads take their turn instead of interrupting ours: on a busy core a loop then finishes its burst, and what it hands
 * over leaves as few and full packs. On an idle core they run at once, as before. Whoever chose another policy by chrt keeps it.
 * Asked of ourselves first, because libzmq aborts when it is refused.
 */
static void calm_bus_threads(void)
{
	const struct sched_param none = { 0 };
	const int was = sched_getscheduler(0);

	if (was != SCHED_OTHER || sched_setscheduler(0, SCHED_BATCH, &none))
		return;
	if (sched_setscheduler(0, was, &none) == 0)
		zsys_set_thread_sched_policy(SCHED_BATCH);
}

static int make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	rt_log(RT_LOG_E, "state.refused", 0, "folder %s cannot be made (%s); create it for this user or set server.state", path,
	       strerror(errno));
	return RT_CONFIG;
}

static int open_state(struct svc_process *self)
{
	char path[PATH_MAX + 16];

	slice_cstr(self->config->server_state, path, PATH_MAX);
	if (make_folder(path, 0755))
		return RT_CONFIG;
	if (!realpath(path, self->state) || strlen(self->state) > WIRE_ENDPOINT_MAX - 32) {
		rt_log(RT_LOG_E, "state.refused", 0, "server.state %s is no path for sockets; it must be shorter than %d bytes", path,
		       WIRE_ENDPOINT_MAX - 32);
		return RT_CONFIG;
	}
	snprintf(path, sizeof(path), "%s/bus", self->state);
	if (make_folder(path, 0700))
		return RT_CONFIG;
	sockets_sweep(path);
	return 0;
}

/* ---- Mailboxes ---- */

static int bind_one(struct svc_loop *loop, const char *address, char bound[WIRE_ENDPOINT_MAX])
{
	if (wire_mailbox_bind(loop->mailbox, address, bound) == 0)
		return 0;
	rt_log(RT_LOG_E, "bus.refused", 0, "cannot listen at %s (%s); see server.state and server.bus", address,
	       zmq_strerror(zmq_errno()));
	return RT_CONFIG;
}

static int secure(const struct svc_process *self, struct svc_loop *loop)
{
	if (wire_mailbox_secure(loop->mailbox, self->bus_key) == 0)
		return 0;
	rt_log(RT_LOG_E, "bus.refused", 0, "this libzmq has no CURVE, so tcp would be open to everybody; leave server.bus empty");
	return RT_CONFIG;
}

/* "tcp://192.0.2.1" takes any port; with a port, each loop takes the next one. */
static void tcp_address(const struct svc_process *self, int number, char out[WIRE_ENDPOINT_MAX])
{
	const struct slice bus = self->config->server_bus;
	uint32_t colon = bus.n, port;

	while (colon > 6 && bus.p[colon - 1] != ':' && bus.p[colon - 1] != ']')
		colon--;
	if (colon > 6 && bus.p[colon - 1] == ':' && slice_u32(slice_from(bus, colon), &port))
		snprintf(out, WIRE_ENDPOINT_MAX, SLICE_FMT ":%u", SLICE_ARG(slice_head(bus, colon - 1)), port + (uint32_t)number);
	else
		snprintf(out, WIRE_ENDPOINT_MAX, SLICE_FMT ":*", SLICE_ARG(bus));
}

static int bind_loop(struct svc_process *self, struct svc_loop *loop, char ipc[], char tcp[])
{
	char address[WIRE_ENDPOINT_MAX], bound[WIRE_ENDPOINT_MAX];
	const uint32_t id = self->first_id + (uint32_t)loop->number * self->nactor;
	int err = 0;

	if (self->nloop > 1) {
		snprintf(address, sizeof(address), "inproc://loop-%d", loop->number);
		err = bind_one(loop, address, bound);
	}
	snprintf(address, sizeof(address), "ipc://%.70s/bus/%u", self->state, id);
	if (!err)
		err = bind_one(loop, address, ipc);
	if (err || !self->config->server_bus.n)
		return err;
	tcp_address(self, loop->number, address);
	err = secure(self, loop);
	return err ? err : bind_one(loop, address, tcp);
}

static int make_loop(struct svc_process *self, int number)
{
	struct svc_loop *loop = loop_new(self, number);
	char ipc[WIRE_ENDPOINT_MAX] = "", tcp[WIRE_ENDPOINT_MAX] = "";
	int err;

	if (!loop)
		return RT_NOMEM;
	self->loop[number] = loop;
	err = bind_loop(self, loop, ipc, tcp);
	for (uint32_t i = 0; !err && i < self->nactor; i++) {
		struct svc *svc = &loop->actor[loop->nactor++];
		struct wire_member *m = &svc->record;

		*svc = (struct svc){ .loop = loop, .what = self->actor[i], .at = (uint16_t)i };
		m->id = self->first_id + (uint32_t)number * self->nactor + i;
		m->tier = (uint8_t)self->actor[i]->tier;
		m->state = WIRE_LIVE;
		m->version = WIRE_VERSION;
		m->oldest = WIRE_VERSION_OLDEST;
		m->pid = (uint32_t)getpid();
		memcpy(m->host, self->host, sizeof(m->host));
		memcpy(m->ipc, ipc, sizeof(m->ipc));
		memcpy(m->tcp, tcp, sizeof(m->tcp));
		board_put(&self->board, m);
	}
	return err;
}

/* ---- Starting and stopping ---- */

static int start(struct svc_process *self)
{
	for (int i = 0; i < self->nloop; i++)
		if (make_loop(self, i))
			return RT_CONFIG;
	for (int i = 0; i < self->nloop; i++) {
		self->thread[i] = zactor_new(loop_run, self->loop[i]);
		if (!self->thread[i] || self->loop[i]->failed)
			return RT_CONFIG;
	}
	rt_log(RT_LOG_I, "process.ready", 0, "pid=%d loops=%d tiers=%u first=%u host=%s", getpid(), self->nloop, self->nactor,
	       self->first_id, self->host);
	atomic_store(&self->joined, true);
	notify_say(&self->notify, "READY=1");
	return 0;
}

void process_tell_all(struct svc_process *self, const char *command)
{
	for (int i = 0; i < self->nloop; i++)
		if (self->thread[i])
			zstr_send(self->thread[i], command);
}

static void stop(struct svc_process *self)
{
	process_tell_all(self, "$TERM"); /* all at once; each is waited for below */
	for (int i = 0; i < self->nloop; i++) {
		while (self->thread[i] && !atomic_load(&self->loop[i]->ended))
			usleep(1000);
		zactor_destroy(&self->thread[i]);
	}
	for (int i = 0; i < self->nloop; i++)
		loop_destroy(&self->loop[i]);
}

/* ---- Signals ---- */

static int next_signal(struct svc_process *self, int timeout_ms) /* 0: none */
{
	struct pollfd p = { self->signals, POLLIN, 0 };
	struct signalfd_siginfo info;

	if (poll(&p, 1, timeout_ms) <= 0 || read(self->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static uint32_t load(const struct svc_process *self)
{
	uint32_t sum = 0;

	for (int i = 0; i < self->nloop; i++)
		sum += atomic_load_explicit(&self->loop[i]->load, memory_order_relaxed);
	return sum;
}

/* Does everybody know that we go? Who does not say so in time is on his own. */
static bool parted(const struct svc_process *self, rt_ms since)
{
	bool all = since >= DRAIN_LEAST;

	for (int i = 0; i < self->nloop; i++)
		all &= atomic_load(&self->loop[i]->parted);
	return all || since >= DRAIN_PARTED;
}

static void drain(struct svc_process *self)
{
	const rt_ms began = rt_clock_ms();
	const rt_ms until = began + (rt_ms)self->config->server_drain * 1000;

	atomic_store(&self->draining, true);
	notify_say(&self->notify, "STOPPING=1");
	rt_log(RT_LOG_I, "process.draining", 0, "load=%u limit=%llds", load(self), (long long)self->config->server_drain);
	process_tell_all(self, "DRAIN");
	for (int idle = 0; idle < 2 && rt_clock_ms() < until;) {
		const int signal = next_signal(self, LOOK);

		(void)sign_of_life(self);
		if (signal == SIGTERM || signal == SIGINT) {
			rt_log(RT_LOG_W, "process.killed", 0, "second signal while draining; load=%u is lost", load(self));
			_exit(1);
		}
		idle = load(self) == 0 && parted(self, rt_clock_ms() - began) ? idle + 1 : 0;
	}
	if (load(self))
		rt_log(RT_LOG_W, "process.undrained", 0, "load=%u after server.drain seconds", load(self));
}

static void serve(struct svc_process *self)
{
	for (;;) {
		const int signal = next_signal(self, sign_of_life(self));

		if (signal == SIGHUP)
			reload_now(self);
		else if (signal == SIGUSR1)
			reload_asked(self);
		else if (signal)
			return;
	}
}

int process_run(struct svc_process *self)
{
	struct svc_config *config;
	int err;

	reload_set_log_level(self->config);
	if (self->config->ndomain == 0)
		rt_log(RT_LOG_W, "config.domains", 0, "server.domains is empty: nobody can register or be called here; set it, or PEAL_SERVER_DOMAINS");
	zsys_handler_set(0); /* signals are ours */
	raise_limits();
	calm_bus_threads();
	if (!open_signals(self))
		return 1;
	notify_open(&self->notify);
	gethostname(self->host, sizeof(self->host) - 1);
	self->nloop = (int)self->config->server_threads;
	board_open(&self->board);
	reload_open(&self->reload);
	err = open_state(self);
	if (!err) {
		self->health = health_open(self);
		err = join_cluster(self);
	}
	if (!err)
		err = start(self);
	if (!err) {
		serve(self);
		drain(self);
	}
	health_close(&self->health); /* before the loops it looks at */
	stop(self);
	reload_close(&self->reload);
	board_close(&self->board);
	close(self->signals);
	config = self->config;
	svc_config_destroy(&config);
	if (err == RT_DOWN)
		err = 0; /* told to stop while waiting for Redis */
	rt_log(RT_LOG_I, "process.stopped", 0, "exit=%d", err ? 1 : 0);
	return err ? 1 : 0;
}
