/* SPDX-License-Identifier: MIT */
/*
 * hop: what a parcel costs on its way, for each form of the bus; CPU of all threads of both sides, and time.
 *
 *   hop [rounds]       one line a form: in flight 64 (saturated) and 1 (each parcel a wake); then packing and opening alone
 *
 * Two actors of svc, as in tests/unit/svc/bus_test.c: a round is two hops of an 800-byte INVITE.
 */
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "kit/redis_server.h"
#include "svc/main.h"
#include "wire/pack.h"

static uint32_t rounds = 200000, window;
static int report_fd;
static const char *tiers_of_ping;

static struct sip_index room;
static struct sip_msg invite;
static char text[1024];

static void make_invite(void)
{
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	rt_cursor_printf(&c, "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;rport\r\n"
			     "Max-Forwards: 70\r\nFrom: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
			     "To: Bob <sip:bob@biloxi.example.com>\r\nCall-ID: 3848276298220188511@atlanta.example.com\r\n"
			     "CSeq: 1 INVITE\r\nContact: <sip:alice@client.atlanta.example.com>\r\n"
			     "User-Agent: bench\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE\r\nSupported: path, outbound\r\n"
			     "Content-Type: application/sdp\r\nContent-Length: 300\r\n\r\n%300s", "");
	if (c.err || sip_msg_parse(&invite, &room, rt_cursor_text(&c), 0))
		abort();
}

static double seconds(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct figures {
	double wall, cpu;
};

static void tell(struct figures f)
{
	if (write(report_fd, &f, sizeof(f)) != sizeof(f))
		_exit(3);
}

/* ---- Actors ---- */

struct ping {
	struct svc *svc;
	struct rt_timer timer;
	uint32_t sent, back, to;
	struct figures began;
};

static void more(struct ping *self)
{
	struct wire_head head = { .verb = WIRE_OFFER, .to = self->to };

	while (self->sent < rounds && self->sent - self->back < window && svc_post(self->svc, &head, &invite) == 0)
		self->sent++;
}

static void ping_parcel(void *arg, const struct wire_parcel *in)
{
	struct ping *self = arg;

	(void)in;
	self->back++;
	if (self->back == rounds)
		tell((struct figures){ seconds(CLOCK_MONOTONIC) - self->began.wall, cpu() - self->began.cpu });
	more(self);
}

/* Begin when the other one is there; on this loop or, with two loops, on the other. */
static void ping_timer(void *arg, struct rt_timer *t)
{
	struct ping *self = arg;
	const uint32_t near = svc_pick_near(self->svc, WIRE_REGISTRAR, 0);
	uint32_t iter = 0;
	const struct wire_member *m;

	if (self->sent)
		return;
	self->to = svc_config(self->svc)->server_threads == 1 ? near : 0;
	while (!self->to && near && (m = wire_members_each(svc_members(self->svc), &iter)))
		if (m->tier == WIRE_REGISTRAR && m->id != near && svc_id(self->svc) < near)
			self->to = m->id;
	if (!self->to || svc_now(self->svc) < 300)
		svc_timer_start(self->svc, t, 0, 'P', 50);
	self->began = (struct figures){ seconds(CLOCK_MONOTONIC), cpu() };
	if (self->to)
		more(self);
}

static int ping_open(void **self_p, struct svc *svc)
{
	struct ping *self = calloc(1, sizeof(*self));

	self->svc = svc;
	*self_p = self;
	svc_timer_start(svc, &self->timer, 0, 'P', 500);
	return 0;
}

static void ping_close(void **self_p)
{
	free(*self_p);
}

static int pong_open(void **self_p, struct svc *svc)
{
	*self_p = svc;
	return 0;
}

static void pong_parcel(void *self, const struct wire_parcel *in)
{
	struct wire_head head = *in->head;

	head.to = in->head->from;
	(void)!svc_post(self, &head, &in->msg);
}

static void pong_close(void **self_p)
{
	(void)self_p;
	if (strcmp(tiers_of_ping, "proxy") == 0)
		tell((struct figures){ 0, cpu() });
}

static const struct svc_actor ping = { WIRE_PROXY, ping_open, ping_parcel, ping_timer, 0, 0, 0, 0, ping_close };
static const struct svc_actor pong = { WIRE_REGISTRAR, pong_open, pong_parcel, ping_timer, 0, 0, 0, 0, pong_close };

/* ---- Forms ---- */

struct form {
	const char *name, *tiers, *threads, *host;
};

static pid_t launch(const struct kit_redis *redis, const struct form *form, const char *tiers, const char *host, int fd)
{
	static const struct svc_actor *const actors[] = { &ping, &pong, 0 };
	char option[64], folder[128], *argv[] = { (char[]){ "hop" }, option, 0 };
	pid_t pid;

	fflush(0);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (host && (unshare(CLONE_NEWUTS) || sethostname(host, strlen(host))))
		_exit(77);
	report_fd = fd;
	tiers_of_ping = form->tiers;
	setenv("PEAL_REDIS_URL", redis->url, 1);
	snprintf(folder, sizeof(folder), "%s/%s", redis->folder, host ? host : "here");
	setenv("PEAL_SERVER_STATE", folder, 1);
	setenv("PEAL_SERVER_THREADS", form->threads, 1);
	setenv("PEAL_LOG_LEVEL", "error", 1);
	if (form->host)
		setenv("PEAL_SERVER_BUS", "tcp://127.0.0.1", 1);
	snprintf(option, sizeof(option), "--tiers=%s", tiers);
	_exit(svc_main(2, argv, "hop", actors));
}

static void end(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, 0, 0);
	}
}

static void run(const struct kit_redis *redis, const struct form *form, uint32_t in_flight, uint32_t count)
{
	const bool apart = strcmp(form->tiers, "proxy") == 0;
	struct figures f = { 0 }, other = { 0 };
	pid_t a, b = 0;
	int p[2];

	window = in_flight;
	rounds = count;
	if (pipe(p))
		exit(1);
	if (apart)
		b = launch(redis, form, "registrar", form->host, p[1]);
	a = launch(redis, form, form->tiers, 0, p[1]);
	if (read(p[0], &f, sizeof(f)) != sizeof(f))
		exit(1);
	end(b);
	if (apart && read(p[0], &other, sizeof(other)) != sizeof(other))
		exit(1);
	end(a);
	printf("%-10s in flight %3u: %6.2f us CPU a hop, %6.2f us a hop\n", form->name, in_flight, (f.cpu + other.cpu) / count / 2 * 1e6,
	       f.wall / count / 2 * 1e6);
	fflush(stdout);
	close(p[0]);
	close(p[1]);
}

static void pack_alone(void)
{
	enum { TURNS = 200000 };
	struct wire_head head = { .verb = WIRE_OFFER };
	struct wire_pack pack;
	struct wire_parcel in;
	struct wire_walk walk;
	double began = seconds(CLOCK_MONOTONIC);

	wire_pack_init(&pack);
	for (int i = 0; i < TURNS; i++) {
		if (wire_pack_full(&pack))
			wire_pack_reset(&pack);
		if (wire_pack_add(&pack, &head, &invite))
			abort();
	}
	printf("pack one parcel            %6.0f ns\n", (seconds(CLOCK_MONOTONIC) - began) / TURNS * 1e9);
	for (int trusted = 1; trusted >= 0; trusted--) {
		int opened = 0;

		began = seconds(CLOCK_MONOTONIC);
		while (opened < TURNS) {
			if (wire_walk_open(&walk, pack.p, pack.n))
				abort();
			while (wire_walk_next(&walk, &in, trusted) == 1)
				opened++;
		}
		printf("open one parcel%-12s%6.0f ns\n", trusted ? ", trusted" : "", (seconds(CLOCK_MONOTONIC) - began) / opened * 1e9);
	}
	wire_pack_clear(&pack);
}

int main(int argc, char **argv)
{
	static const struct form forms[] = {
		{ "same loop", "proxy,registrar", "1", 0 },
		{ "inproc", "proxy,registrar", "2", 0 },
		{ "ipc", "proxy", "1", 0 },
		{ "tcp+curve", "proxy", "1", "peal-bench" },
	};
	const uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : rounds;
	struct kit_redis redis;

	make_invite();
	pack_alone();
	kit_redis_start(&redis, 0, 0);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		run(&redis, &forms[i], 64, count);
		run(&redis, &forms[i], 1, count / 10);
	}
	kit_redis_stop(&redis);
	return 0;
}
