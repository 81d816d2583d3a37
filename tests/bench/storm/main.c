/* SPDX-License-Identifier: MIT */
/*
 * storm: a load of SIP against one server; one thread plays callers and callees.
 *
 *   schedule -> caller.c -> write.c -> [ server ] -> callee.c -> write.c -> [ server ] -> caller.c -> done
 *                                          check.c looks at every message on both sides
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/random.h>

#include "callee.h"
#include "caller.h"
#include "report.h"

enum { STEP_NS = 10000000, BURST = 256 };

static volatile sig_atomic_t stop; /* 1: begin no more; 2: leave what is in hand, too */

static void on_signal(int number)
{
	(void)number;
	stop = stop + 1;
}

static void on_message(struct sock *s, const struct sockaddr_in *from, struct slice text, uint64_t now)
{
	struct message m;

	if (text.n < 8)
		return; /* keep-alive */
	if (!message_read(&m, text))
		counts.fault[FAULT_syntax]++;
	else if (m.status)
		caller_answer(&m, now);
	else
		callee_request(s, from, &m, now);
}

static void on_repeat(struct op *op, int leg)
{
	if (leg < 0)
		caller_repeat(op);
	else
		callee_repeat(op, leg);
}

/* ---- The schedule ---- */

struct phase {
	double rate, conc; /* one of them */
	uint64_t most;     /* operations; UINT64_MAX: until it is stopped */
	uint64_t begun;
	double next;       /* ns: when the next one is due, at a rate */
};

static bool all_begun(const struct phase *p)
{
	return p->begun >= p->most;
}

static void begin_due(struct phase *p, uint64_t now)
{
	for (int i = 0; i < BURST && !all_begun(p); i++, p->begun++) {
		if (p->rate > 0 ? p->next > (double)now : op_active() >= (uint32_t)p->conc)
			return;
		caller_start(p->rate > 0 ? (uint64_t)p->next : now, now);
		p->next += p->rate > 0 ? 1e9 / p->rate : 0;
	}
}

static int64_t rest_ns(const struct phase *p)
{
	const double left = p->next - (double)now_ns();

	if (p->rate <= 0 || all_begun(p) || left > STEP_NS)
		return STEP_NS;
	return left > 0 ? (int64_t)left : 0;
}

/* One turn: start what is due, send, sleep, hear, time out. */
static void turn(struct phase *p)
{
	uint64_t now = now_ns();

	op_clock(now);
	if (p)
		begin_due(p, now);
	sock_flush_all();
	sock_wait(p ? rest_ns(p) : STEP_NS);
	op_clock(now_ns());
	op_run_timers(on_repeat);
	sock_flush_all();
}

static void run_for(struct phase *p, double seconds)
{
	const uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (!stop && now_ns() < end)
		turn(p);
}

static void drain(double seconds)
{
	const uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (stop < 2 && op_active() && now_ns() < end)
		turn(0);
}

/* ---- The three courses of a run ---- */

/* A number of operations, and everything that does not end well in time has failed. */
static uint64_t run_count(const char *mode, double count, double rate, double conc)
{
	struct phase p = { .rate = rate, .conc = conc, .most = (uint64_t)count, .next = (double)now_ns() };
	struct window w;

	report_begin(&w);
	while (!stop && !all_begun(&p))
		turn(&p);
	drain(options.drain + options.timeout / 1000);
	counts.timeouts += op_active();
	return report_end(&w, mode, 0, true);
}

static uint64_t run_windows(void)
{
	struct phase p = { .rate = options.rate, .conc = options.conc, .most = UINT64_MAX, .next = (double)now_ns() };
	uint64_t failed = 0;
	struct window w;

	run_for(&p, options.warmup);
	for (int i = 0; i < (int)options.windows && !stop; i++) {
		report_begin(&w);
		run_for(&p, options.window);
		failed += report_end(&w, options.mode_name, i, i + 1 == (int)options.windows);
	}
	drain(options.drain);
	return failed;
}

static uint64_t prepare(void)
{
	const enum mode wanted = options.mode;
	uint64_t failed;

	options.mode = MODE_REGISTER;
	failed = run_count("insert", options.aors, 0, options.conc < 64 ? options.conc : 64);
	options.mode = wanted;
	if (failed)
		die("%llu of the registrations that calls need have failed", (unsigned long long)failed);
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { SOCKS_MAX + 64, SOCKS_MAX + 64 };
	uint64_t failed;
	uint32_t run;

	options_read(argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_TIMERSLACK, 1000);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (getrandom(&run, sizeof(run), 0) != sizeof(run))
		die("no random number: %m");
	op_open(run);
	sock_open_all(on_message);
	for (int i = 0; i < options.npid; i++)
		cpu_watch(options.pid[i], false);
	for (int i = 0; i < options.naux; i++)
		cpu_watch(options.aux[i], true);
	if (options.prepare)
		prepare();
	failed = options.count > 0 ? run_count(options.mode_name, options.count, options.rate, options.conc) : run_windows();
	return failed ? 2 : 0;
}
