/* SPDX-License-Identifier: MIT */
/*
 * life_test: workers that come, leave, die and hang; Redis that is late, goes and comes back empty; signals.
 *
 *   watcher (as proxy)     writes a line whenever the number of registrars it sees changes, and on reload and drain
 *   sleeper (as registrar) does nothing; holds a load for TEST_HOLD ms after SIGTERM
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kit/redis_server.h"
#include "kit/test.h"
#include "svc/main.h"

enum { PATIENCE_MS = 15000 };

static int report_fd = -1;

static void report(const char *text)
{
	if (write(report_fd, text, strlen(text)) < 0)
		_exit(3);
}

/* ---- The two actors ---- */

struct actor {
	struct svc *svc;
	struct rt_timer look;
	int seen;
	bool draining;
	rt_ms drained;
};

static void look(void *arg, struct rt_timer *t)
{
	struct actor *self = arg;
	uint32_t iter = 0;
	const struct wire_member *m;
	int live = 0;
	char text[32];

	while ((m = wire_members_each(svc_members(self->svc), &iter)))
		live += m->tier == WIRE_REGISTRAR && m->state == WIRE_LIVE;
	if (live != self->seen) {
		snprintf(text, sizeof(text), "sees %d\n", live);
		report(text);
	}
	self->seen = live;
	svc_timer_start(self->svc, t, 0, 'L', 10);
}

static int watcher_open(void **self_p, struct svc *svc)
{
	struct actor *self = calloc(1, sizeof(*self));

	self->svc = svc;
	*self_p = self;
	svc_timer_start(svc, &self->look, 0, 'L', 10);
	return 0;
}

static int sleeper_open(void **self_p, struct svc *svc)
{
	struct actor *self = calloc(1, sizeof(*self));

	self->svc = svc;
	*self_p = self;
	return 0;
}

static int refused_open(void **self_p, struct svc *svc)
{
	(void)self_p;
	(void)svc;
	return RT_CONFIG;
}

static void no_parcel(void *self, const struct wire_parcel *in)
{
	(void)self;
	(void)in;
}

static int reload(void *arg)
{
	const struct actor *self = arg;

	report(svc_config(self->svc)->transaction_t1 == 77 ? "t1 is 77\n" : "t1 is not 77\n");
	return 0;
}

static void drain(void *arg)
{
	struct actor *self = arg;

	self->draining = true;
	self->drained = svc_now(self->svc);
}

static uint32_t load(const void *arg)
{
	const struct actor *self = arg;
	const char *hold = getenv("TEST_HOLD");

	return hold && (!self->draining || svc_now(self->svc) - self->drained < (rt_ms)atoi(hold));
}

static void close_actor(void **self_p)
{
	struct actor *self = *self_p;

	svc_timer_stop(self->svc, &self->look);
	free(self);
	*self_p = 0;
}

static const struct svc_actor watcher = { WIRE_PROXY, watcher_open, no_parcel, look, 0, reload, drain, load, close_actor };
static const struct svc_actor sleeper = { WIRE_REGISTRAR, sleeper_open, no_parcel, look, 0, 0, drain, load, close_actor };
static const struct svc_actor refused = { WIRE_TRANSACTION, refused_open, no_parcel, look, 0, 0, drain, load, close_actor };

/* ---- Processes ---- */

struct run {
	struct kit_redis redis;
	char state[64], config[80];
	int report[2];
};

static int setup(void **state)
{
	struct run *run = calloc(1, sizeof(*run));

	kit_redis_start(&run->redis, 0, 0);
	strcpy(run->state, "/tmp/peal-life-XXXXXX");
	if (!mkdtemp(run->state) || pipe(run->report))
		return -1;
	snprintf(run->config, sizeof(run->config), "%s/conf", run->state);
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

static void configure(struct run *run, const char *text)
{
	FILE *f = fopen(run->config, "w");

	fprintf(f, "redis\n    url = \"%s\"\nserver\n    state = %s\n    drain = 2\n%s", run->redis.url, run->state, text);
	fclose(f);
}

static pid_t launch(struct run *run, const char *tier, const char *hold)
{
	static const struct svc_actor *const actors[] = { &watcher, &sleeper, &refused, 0 };
	char tiers[64], config[128], *argv[] = { (char[]){ "test" }, tiers, config, 0 };
	pid_t pid;

	if (access(run->config, F_OK))
		configure(run, "");
	fflush(0);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	report_fd = run->report[1];
	if (hold)
		setenv("TEST_HOLD", hold, 1);
	snprintf(tiers, sizeof(tiers), "--tiers=%s", tier);
	snprintf(config, sizeof(config), "--config=%s", run->config);
	exit(svc_main(3, argv, "test", actors));
}

/* The exit status; -9 for one that was killed. */
static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int end(pid_t pid)
{
	kill(pid, SIGTERM);
	return status_of(pid);
}

/* The next line that an actor wrote, within so many ms. */
static void next_line(struct run *run, const char *want, char text[64], int ms)
{
	const rt_ms began = rt_clock_ms();
	size_t n = 0;

	for (;;) {
		struct pollfd p = { run->report[0], POLLIN, 0 };
		const int left = (int)(began + (rt_ms)ms - rt_clock_ms());

		if (left <= 0 || poll(&p, 1, left) != 1)
			fail_msg("no line in %d ms; wanted: %s", ms, want);
		if (read(run->report[0], text + n, 1) != 1)
			fail_msg("no reporter");
		if (text[n] == '\n')
			break;
		n += n < 63;
	}
	text[n] = 0;
}

/* It must be this one. Returns how long it took. */
static int expect(struct run *run, const char *want, int ms)
{
	const rt_ms began = rt_clock_ms();
	char text[64];

	next_line(run, want, text, ms);
	assert_string_equal(text, want);
	return (int)(rt_clock_ms() - began);
}

/* One of the next lines must be this one. */
static void expect_at_last(struct run *run, const char *want)
{
	char text[64];

	do
		next_line(run, want, text, PATIENCE_MS);
	while (strcmp(text, want) != 0);
}

static void expect_silence(struct run *run, int ms)
{
	struct pollfd p = { run->report[0], POLLIN, 0 };

	assert_int_equal(poll(&p, 1, ms), 0);
}

/* ---- Comings and goings ---- */

static void a_worker_is_seen_at_once_and_missed_at_once(void **state)
{
	const pid_t watching = launch(*state, "proxy", 0);
	pid_t pid = launch(*state, "registrar", 0);

	expect(*state, "sees 1", PATIENCE_MS);
	assert_int_equal(end(pid), 0);
	assert_in_range(expect(*state, "sees 0", PATIENCE_MS), 0, 900);
	pid = launch(*state, "registrar", 0);
	assert_in_range(expect(*state, "sees 1", PATIENCE_MS), 0, 900);
	assert_int_equal(end(pid), 0);
	assert_int_equal(end(watching), 0);
}

static void workers_started_together_find_each_other_and_stay(void **state)
{
	enum { WORKERS = 6 };
	const pid_t watching = launch(*state, "proxy", 0);
	pid_t pid[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		pid[i] = launch(*state, "registrar", 0);
	expect_at_last(*state, "sees 6");
	expect_silence(*state, 2500);
	for (int i = 0; i < WORKERS; i++)
		kill(pid[i], SIGTERM);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(status_of(pid[i]), 0);
	assert_int_equal(end(watching), 0);
}

/* A socket file as a killed process leaves it, or as one that is about to listen has just made it. */
static void leave_socket(struct sockaddr_un *at, const struct run *run, const char *name, int age)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const struct timespec then[2] = { { time(0) - age, 0 }, { time(0) - age, 0 } };

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(at->sun_path, sizeof(at->sun_path), "%.64s/bus/%s", run->state, name);
	assert_int_equal(bind(fd, (const struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(utimensat(AT_FDCWD, at->sun_path, then, 0), 0);
	close(fd);
}

static void old_sockets_of_the_dead_are_swept_and_young_ones_left_alone(void **state)
{
	struct run *run = *state;
	struct sockaddr_un old, young;
	char bus[128];
	pid_t pid;

	snprintf(bus, sizeof(bus), "%s/bus", run->state);
	assert_int_equal(mkdir(bus, 0700), 0);
	leave_socket(&old, run, "900", 60);
	leave_socket(&young, run, "901", 0);
	pid = launch(run, "proxy,registrar", 0);
	expect(run, "sees 1", PATIENCE_MS);
	assert_int_equal(end(pid), 0);
	assert_int_not_equal(access(old.sun_path, F_OK), 0);
	assert_int_equal(access(young.sun_path, F_OK), 0);
}

static void a_killed_worker_is_missed_sooner_than_its_record_expires(void **state)
{
	const pid_t watching = launch(*state, "proxy", 0), pid = launch(*state, "registrar", 0);

	expect(*state, "sees 1", PATIENCE_MS);
	kill(pid, SIGKILL);
	assert_int_equal(status_of(pid), -SIGKILL);
	assert_in_range(expect(*state, "sees 0", PATIENCE_MS), 0, 2000);
	assert_int_equal(end(watching), 0);
}

static void a_hung_worker_is_left_out_until_it_moves_again(void **state)
{
	const pid_t watching = launch(*state, "proxy", 0), pid = launch(*state, "registrar", 0);

	expect(*state, "sees 1", PATIENCE_MS);
	kill(pid, SIGSTOP);
	assert_in_range(expect(*state, "sees 0", PATIENCE_MS), 1500, 6000);
	kill(pid, SIGCONT);
	assert_in_range(expect(*state, "sees 1", PATIENCE_MS), 0, 2500);
	assert_int_equal(end(pid), 0);
	assert_int_equal(end(watching), 0);
}

/* ---- Redis ---- */

static void while_redis_is_away_the_picture_stays_and_echo_finds_the_dead(void **state)
{
	struct run *run = *state;
	const pid_t watching = launch(run, "proxy", 0), pid = launch(run, "registrar", 0);

	expect(run, "sees 1", PATIENCE_MS);
	kit_redis_kill(&run->redis);
	expect_silence(run, 4500);
	kill(pid, SIGKILL);
	status_of(pid);
	expect(run, "sees 0", PATIENCE_MS);
	kit_redis_launch(&run->redis, 0);
	assert_int_equal(end(watching), 0);
}

static void redis_back_and_empty_nobody_is_missed_and_the_secret_is_restored(void **state)
{
	struct run *run = *state;
	const pid_t watching = launch(run, "proxy", 0), pid = launch(run, "registrar", 0);
	pid_t late;

	expect(run, "sees 1", PATIENCE_MS);
	kit_redis_kill(&run->redis);
	usleep(3500000);
	kit_redis_launch(&run->redis, 0);
	expect_silence(run, 5000);
	late = launch(run, "registrar", 0); /* its id must be nobody else's: it is seen as a second one */
	expect(run, "sees 2", PATIENCE_MS);
	assert_int_equal(end(late), 0);
	expect(run, "sees 1", PATIENCE_MS);
	assert_int_equal(end(pid), 0);
	assert_int_equal(end(watching), 0);
}

static void a_worker_waits_for_redis(void **state)
{
	struct run *run = *state;
	pid_t pid, impatient;

	kit_redis_kill(&run->redis);
	pid = launch(run, "proxy,registrar", 0);
	impatient = launch(run, "registrar", 0);
	expect_silence(run, 700);
	assert_int_equal(end(impatient), 0); /* told to stop while it waits */
	kit_redis_launch(&run->redis, 0);
	expect(run, "sees 1", PATIENCE_MS);
	assert_int_equal(end(pid), 0);
}

static void answered(void *flag, uint64_t token, int err, const redisReply *reply)
{
	(void)token;
	(void)reply;
	*(int *)flag = err ? -1 : 1;
}

static void another_layout_of_keys_refuses_to_start(void **state)
{
	struct run *run = *state;
	const struct slice set[] = { SLICE("SET"), SLICE("schema"), SLICE("7") };
	struct loc_redis *redis = loc_redis_new(run->redis.url, 1000, rt_clock_ms());
	int flag = 0;

	while (loc_redis_call(redis, answered, &flag, 0, 3, set))
		kit_redis_turn(redis);
	assert_int_equal(kit_redis_until(redis, &flag), 1);
	loc_redis_destroy(&redis);
	assert_int_equal(status_of(launch(run, "proxy", 0)), 1);
}

/* ---- Signals ---- */

static void sigterm_waits_for_what_is_in_hand(void **state)
{
	struct run *run = *state;
	const pid_t pid = launch(run, "proxy,registrar", "700");
	rt_ms began;

	expect(run, "sees 1", PATIENCE_MS);
	began = rt_clock_ms();
	kill(pid, SIGTERM);
	expect(run, "sees 0", PATIENCE_MS); /* draining is not live */
	assert_int_equal(status_of(pid), 0);
	assert_in_range(rt_clock_ms() - began, 700, 1900);
}

static void what_does_not_end_is_left_after_server_drain_seconds(void **state)
{
	struct run *run = *state;
	const pid_t pid = launch(run, "proxy,registrar", "100000");
	rt_ms began;

	expect(run, "sees 1", PATIENCE_MS);
	began = rt_clock_ms();
	assert_int_equal(end(pid), 0);
	assert_in_range(rt_clock_ms() - began, 2000, 3500);
}

static void a_second_sigterm_ends_it_at_once(void **state)
{
	struct run *run = *state;
	const pid_t pid = launch(run, "proxy,registrar", "100000");

	expect(run, "sees 1", PATIENCE_MS);
	kill(pid, SIGTERM);
	expect(run, "sees 0", PATIENCE_MS);
	assert_int_equal(end(pid), 1);
}

static void sighup_brings_a_new_configuration_and_refuses_a_bad_one(void **state)
{
	struct run *run = *state;
	const pid_t pid = launch(run, "proxy,registrar", 0);

	expect(run, "sees 1", PATIENCE_MS);
	configure(run, "transaction\n    t1 = 77\n");
	kill(pid, SIGHUP);
	expect(run, "t1 is 77", PATIENCE_MS);
	configure(run, "transaction\n    t1 = soon\n");
	kill(pid, SIGHUP);
	expect_silence(run, 500);
	configure(run, "");
	kill(pid, SIGHUP);
	expect(run, "t1 is not 77", PATIENCE_MS);
	assert_int_equal(end(pid), 0);
}

/* ---- Refusals ---- */

static void an_actor_that_cannot_open_ends_the_process(void **state)
{
	assert_int_equal(status_of(launch(*state, "proxy,transaction", 0)), 1);
}

static void wrong_usage_is_status_2(void **state)
{
	assert_int_equal(status_of(launch(*state, "proxy,proxy", 0)), 2);
	assert_int_equal(status_of(launch(*state, "kings", 0)), 2);
	assert_int_equal(status_of(launch(*state, "", 0)), 2);
}

static void a_bad_configuration_is_status_1(void **state)
{
	configure(*state, "    bus = nowhere\n");
	assert_int_equal(status_of(launch(*state, "proxy", 0)), 1);
	configure(*state, "    bus = tcp://203.0.113.77\n"); /* none of our addresses */
	assert_int_equal(status_of(launch(*state, "proxy", 0)), 1);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(a_worker_is_seen_at_once_and_missed_at_once),
		LIFE(workers_started_together_find_each_other_and_stay),
		LIFE(old_sockets_of_the_dead_are_swept_and_young_ones_left_alone),
		LIFE(a_killed_worker_is_missed_sooner_than_its_record_expires),
		LIFE(a_hung_worker_is_left_out_until_it_moves_again),
		LIFE(while_redis_is_away_the_picture_stays_and_echo_finds_the_dead),
		LIFE(redis_back_and_empty_nobody_is_missed_and_the_secret_is_restored),
		LIFE(a_worker_waits_for_redis),
		LIFE(another_layout_of_keys_refuses_to_start),
		LIFE(sigterm_waits_for_what_is_in_hand),
		LIFE(what_does_not_end_is_left_after_server_drain_seconds),
		LIFE(a_second_sigterm_ends_it_at_once),
		LIFE(sighup_brings_a_new_configuration_and_refuses_a_bad_one),
		LIFE(an_actor_that_cannot_open_ends_the_process),
		LIFE(wrong_usage_is_status_2),
		LIFE(a_bad_configuration_is_status_1),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
