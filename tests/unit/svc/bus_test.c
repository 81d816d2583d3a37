/* SPDX-License-Identifier: MIT */
/*
 * bus_test: the same two actors on one loop, on two loops, in two processes and on two hosts, with a real Redis between.
 *
 *   ping (as proxy)  --OFFER n, message-->  pong (as registrar)  --ANSWER n, the same message-->  ping
 *
 * Nothing above the bus may know which form runs: one body, four forms.
 */
#include <sched.h>
#include <sys/wait.h>

#include "kit/redis_server.h"
#include "kit/test.h"
#include "svc/main.h"

#ifdef __SANITIZE_THREAD__
enum { ROUNDS = 200 }; /* every byte that libzmq's thread received looks like a race that has to be suppressed */
#else
enum { ROUNDS = 3000 };
#endif
enum { WINDOW = 200, PATIENCE_MS = 20000 };

static const char invite[] = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
			     "Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9\r\n"
			     "Max-Forwards: 70\r\n"
			     "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
			     "To: Bob <sip:bob@biloxi.example.com>\r\n"
			     "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
			     "CSeq: 1 INVITE\r\n"
			     "Contact: <sip:alice@client.atlanta.example.com;transport=tcp>\r\n"
			     "Content-Length: 5\r\n"
			     "\r\n"
			     "v=0\r\n";

/* ---- ping ---- */

struct ping {
	struct svc *svc;
	struct rt_timer timer;
	struct sip_index index;
	struct sip_msg msg;
	uint32_t sent, back, draining, inside; /* inside: a callback is running */
	rt_ms began;
	bool far;
};

static int report_fd = -1;

static void report(const char *text)
{
	if (write(report_fd, text, strlen(text)) < 0)
		_exit(3);
}

static void ping_end(struct ping *self, const char *text)
{
	if (self->sent > ROUNDS)
		return;
	self->sent = ROUNDS + 1;
	report(text);
}

static uint32_t far_pong(struct ping *self)
{
	const uint32_t near = svc_pick_near(self->svc, WIRE_REGISTRAR, 1);
	uint32_t iter = 0;
	const struct wire_member *m;

	while ((m = wire_members_each(svc_members(self->svc), &iter)))
		if (m->tier == WIRE_REGISTRAR && m->id != near)
			return m->id;
	return 0;
}

static void ping_more(struct ping *self)
{
	struct wire_head head = { .verb = WIRE_OFFER, .trail = 7, .flow = 99, .listener = 3 };

	head.to = self->far ? far_pong(self) : svc_pick_near(self->svc, WIRE_REGISTRAR, 1);
	while (head.to && self->sent < ROUNDS && self->sent - self->back < WINDOW) {
		head.txn = self->sent + 1;
		if (svc_post(self->svc, &head, &self->msg))
			return; /* full or not there yet: the timer tries again */
		self->sent++;
	}
}

static void ping_parcel(void *arg, const struct wire_parcel *in)
{
	struct ping *self = arg;

	if (self->inside++)
		ping_end(self, "a callback ran inside another\n");
	if (in->head->verb != WIRE_ANSWER || in->head->txn != self->back + 1 || in->head->flow != 99)
		ping_end(self, "parcels came out of order or changed\n");
	else if (!slice_eq(in->msg.text, self->msg.text) || in->msg.index->facts.cseq != 1 ||
		 !slice_eq(sip_msg_get(&in->msg, SIP_HDR_CALL_ID), SLICE("3848276298220188511@atlanta.example.com")))
		ping_end(self, "the message changed on its way\n");
	self->back++;
	if (self->back == ROUNDS)
		ping_end(self, "fine\n");
	ping_more(self);
	self->inside--;
}

static void ping_timer(void *arg, struct rt_timer *t)
{
	struct ping *self = arg;

	if (svc_now(self->svc) - self->began > PATIENCE_MS)
		ping_end(self, "gave up waiting\n");
	ping_more(self);
	svc_timer_start(self->svc, t, 0, 'P', 10);
}

static int ping_open(void **self_p, struct svc *svc)
{
	struct ping *self = calloc(1, sizeof(*self));

	self->svc = svc;
	self->began = svc_now(svc);
	self->far = getenv("TEST_FAR") != 0;
	*self_p = self;
	if (sip_msg_parse(&self->msg, &self->index, slice_str(invite), 0))
		return RT_CONFIG;
	svc_timer_start(svc, &self->timer, 0, 'P', 10);
	return 0;
}

static void any_drain(void *self)
{
	(void)self;
}

static uint32_t ping_load(const void *arg)
{
	(void)arg;
	return 0;
}

static void ping_close(void **self_p)
{
	struct ping *self = *self_p;

	svc_timer_stop(self->svc, &self->timer);
	free(self);
	*self_p = 0;
}

static const struct svc_actor ping_actor = { WIRE_PROXY, ping_open, ping_parcel, ping_timer, 0, 0, any_drain, ping_load, ping_close };

/* ---- pong ---- */

static int pong_open(void **self_p, struct svc *svc)
{
	*self_p = svc;
	return 0;
}

static void pong_parcel(void *self, const struct wire_parcel *in)
{
	struct wire_head head = *in->head;

	head.to = in->head->from;
	head.verb = WIRE_ANSWER;
	if (svc_post(self, &head, &in->msg))
		report("pong could not answer\n");
}

static void pong_timer(void *self, struct rt_timer *t)
{
	(void)self;
	(void)t;
}

static void pong_close(void **self_p)
{
	*self_p = 0;
}

static const struct svc_actor pong_actor = { WIRE_REGISTRAR, pong_open, pong_parcel, pong_timer, 0, 0, any_drain, ping_load, pong_close };

/* ---- Running them ---- */

struct run {
	struct kit_redis redis;
	char state[64];
	int report[2];
};

static int setup(void **state)
{
	struct run *run = calloc(1, sizeof(*run));

	kit_redis_start(&run->redis, 0, 0);
	snprintf(run->state, sizeof(run->state), "/tmp/peal-bus-XXXXXX");
	if (!mkdtemp(run->state) || pipe(run->report))
		return -1;
	*state = run;
	return 0;
}

static int teardown(void **state)
{
	struct run *run = *state;
	char command[128];

	kit_redis_stop(&run->redis);
	close(run->report[0]);
	close(run->report[1]);
	snprintf(command, sizeof(command), "rm -rf %s", run->state);
	if (system(command))
		return -1;
	free(run);
	return 0;
}

struct form {
	const char *tiers, *threads, *bus, *host; /* host: another name, as if it were another machine */
	bool far;
};

static pid_t launch(struct run *run, struct form form)
{
	static const struct svc_actor *const actors[] = { &ping_actor, &pong_actor, 0 };
	char tiers[64], folder[128], *argv[] = { (char[]){ "test" }, tiers, 0 };
	pid_t pid;

	fflush(0);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (form.host && (unshare(CLONE_NEWUTS) || sethostname(form.host, strlen(form.host))))
		_exit(77);
	snprintf(folder, sizeof(folder), "%s/%s", run->state, form.host ? form.host : "here");
	report_fd = run->report[1];
	setenv("PEAL_REDIS_URL", run->redis.url, 1);
	setenv("PEAL_SERVER_STATE", folder, 1);
	setenv("PEAL_SERVER_THREADS", form.threads, 1);
	setenv("PEAL_SERVER_BUS", form.bus, 1);
	setenv("PEAL_SERVER_DRAIN", "2", 1);
	if (form.far)
		setenv("TEST_FAR", "1", 1);
	snprintf(tiers, sizeof(tiers), "--tiers=%s", form.tiers);
	exit(svc_main(2, argv, "test", actors));
}

/* SIGTERM, and the exit status that follows. */
static int end(pid_t pid)
{
	int status = -1;

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void expect_fine(struct run *run, int reports)
{
	char text[256] = "";
	size_t n = 0;

	while (reports > 0) {
		struct pollfd p = { run->report[0], POLLIN, 0 };
		ssize_t got;

		assert_int_equal(poll(&p, 1, PATIENCE_MS + 5000), 1);
		got = read(run->report[0], text + n, 1);
		assert_int_equal(got, 1);
		if (text[n] != '\n') {
			n++;
			continue;
		}
		text[n] = 0;
		assert_string_equal(text, "fine");
		n = 0;
		reports--;
	}
}

static void on_one_loop(void **state)
{
	const pid_t both = launch(*state, (struct form){ "proxy,registrar", "1", "", 0, false });

	expect_fine(*state, 1);
	assert_int_equal(end(both), 0);
}

static void on_two_loops(void **state)
{
	const pid_t both = launch(*state, (struct form){ "proxy,registrar", "2", "", 0, true });

	expect_fine(*state, 2);
	assert_int_equal(end(both), 0);
}

static void in_two_processes(void **state)
{
	const pid_t pong = launch(*state, (struct form){ "registrar", "1", "", 0, false });
	const pid_t ping = launch(*state, (struct form){ "proxy", "1", "", 0, false });

	expect_fine(*state, 1);
	assert_int_equal(end(ping), 0);
	assert_int_equal(end(pong), 0);
}

static void on_two_hosts(void **state)
{
	const pid_t pong = launch(*state, (struct form){ "registrar", "1", "tcp://127.0.0.1", "peal-far-away", false });
	const pid_t ping = launch(*state, (struct form){ "proxy", "1", "tcp://127.0.0.1", 0, false });
	int status;

	usleep(300000);
	if (waitpid(pong, &status, WNOHANG) == pong) { /* not root: nobody lets us have another host name */
		end(ping);
		skip();
	}
	expect_fine(*state, 1);
	assert_int_equal(end(ping), 0);
	assert_int_equal(end(pong), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(on_one_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(on_two_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(in_two_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(on_two_hosts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
