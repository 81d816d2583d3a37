/* SPDX-License-Identifier: MIT */
/* log: one event, one line; bounded in number, never waiting, never torn. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kit/test.h"
#include "limits.h"
#include "rt/log.h"

static int saved_stderr, reader;

static int capture(void **state)
{
	int ends[2];

	(void)state;
	if (pipe(ends) < 0)
		return -1;
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	rt_log_open("tester", RT_LOG_I);
	return 0;
}

static int release(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reader);
	rt_log_open(0, RT_LOG_I);
	return 0;
}

/* Everything written so far. */
static const char *captured(void)
{
	static char text[1 << 17];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(text) - 1 && (got = read(reader, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	return text;
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void a_line_has_time_level_event_trail_and_fields(void **state)
{
	const char *line;
	int y, mo, d, h, mi, s, ms;

	(void)state;
	rt_log(RT_LOG_W, "test.shape", 0x7f3a09c3, "at=%d rule=%s", 212, "Via");
	line = captured();
	assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &y, &mo, &d, &h, &mi, &s, &ms), 7);
	assert_string_equal(line + 24, " W test.shape process=tester trail=7f3a09c3 at=212 rule=Via\n");
	rt_log(RT_LOG_E, "test.bare", 0, "%s", "");
	assert_string_equal(captured() + 24, " E test.bare process=tester\n");
}

static void quiet_levels_are_not_even_formatted(void **state)
{
	int asked = 0;

	(void)state;
	rt_log(RT_LOG_D, "test.quiet", 1, "x=%d", ++asked);
	assert_int_equal(asked, 0);
	assert_string_equal(captured(), "");
}

static void nothing_in_a_field_makes_a_second_line(void **state)
{
	(void)state;
	rt_log(RT_LOG_I, "test.inject", 0, "user=%s", "x\r\n2026-01-01T00:00:00.000Z E forged");
	assert_int_equal(count_lines(captured()), 1);
}

static void a_long_line_is_cut_not_torn(void **state)
{
	static char field[9000];
	const char *line;

	(void)state;
	memset(field, 'x', sizeof(field) - 1);
	rt_log(RT_LOG_I, "test.long", 0, "%s", field);
	line = captured();
	assert_int_equal(count_lines(line), 1);
	assert_in_range(strlen(line), 4000, 4096);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void to_next_second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	usleep((useconds_t)((1000000000 - now.tv_nsec) / 1000 + 2000));
}

static void each_event_name_has_its_own_budget(void **state)
{
	const char *text;

	(void)state;
	to_next_second();
	for (int i = 0; i < RT_LOG_BURST + 30; i++)
		rt_log(RT_LOG_I, "test.flood", 0, "i=%d", i);
	rt_log(RT_LOG_I, "test.other", 0, "still=heard");
	text = captured();
	assert_int_equal(count_lines(text), RT_LOG_BURST + 1);
	assert_non_null(strstr(text, "still=heard"));
	to_next_second();
	rt_log(RT_LOG_I, "test.flood", 0, "i=last");
	assert_non_null(strstr(captured(), " suppressed=30 i=last\n"));
}

static void a_reader_that_does_not_read_stops_nobody(void **state)
{
	static char field[3000], name[200][32];
	const char *text;

	(void)state;
	memset(field, 'x', sizeof(field) - 1);
	alarm(10); /* a write that waits ends the test */
	for (int i = 0; i < 200; i++) { /* 600 KB into a pipe of 64 */
		snprintf(name[i], sizeof(name[i]), "test.slow%d", i);
		rt_log(RT_LOG_I, name[i], 0, "%s", field);
	}
	alarm(0);
	text = captured();
	assert_in_range(count_lines(text), 1, 199);
	rt_log(RT_LOG_I, name[199], 0, "now=read");
	assert_non_null(strstr(captured(), " suppressed=1 now=read\n"));
}

/* Standard error of a service manager is a socket. */
static void a_socket_is_not_waited_for_either(void **state)
{
	static char field[3000];
	char line[8192];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	rt_log_open("socket", RT_LOG_I);
	rt_log(RT_LOG_I, "test.socket", 0, "x=1");
	n = read(ends[0], line, sizeof(line) - 1);
	assert_true(n > 24);
	line[n] = 0;
	assert_string_equal(line + 24, " I test.socket process=socket x=1\n");
	memset(field, 'x', sizeof(field) - 1);
	alarm(10);
	for (int i = 0; i < 400; i++) /* over any socket's buffer, over eight names to stay in their budgets */
		rt_log(RT_LOG_I, &"test.s0\0test.s1\0test.s2\0test.s3\0test.s4\0test.s5\0test.s6\0test.s7"[i % 8 * 8], 0,
		       "%s", field);
	alarm(0);
	close(ends[0]);
	rt_log(RT_LOG_I, "test.socket", 0, "nobody=there"); /* and no SIGPIPE */
}

static void *talk(void *event)
{
	for (int i = 0; i < 40; i++)
		rt_log(RT_LOG_I, event, 1, "from=%s user=%s", (const char *)event, rt_log_safe(SLICE("a b")));
	return 0;
}

static void lines_of_several_threads_never_mix(void **state)
{
	static char event[4][16] = { "test.red", "test.green", "test.blue", "test.grey" };
	pthread_t thread[4];
	const char *line;
	int n = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], 0, talk, event[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], 0);
	for (line = captured(); *line; line = strchr(line, '\n') + 1, n++) {
		char said[16], from[16];

		assert_int_equal(sscanf(line + 24, " I %15s process=tester trail=00000001 from=%15s user=a\\x20b\n", said, from), 2);
		assert_string_equal(said, from);
	}
	assert_int_equal(n, 160);
}

static void bytes_from_the_network_are_made_fit(void **state)
{
	char longer[200];

	(void)state;
	assert_string_equal(rt_log_safe(SLICE("sip:a@b")), "sip:a@b");
	assert_string_equal(rt_log_safe(SLICE("a b\r\n\\\xff\0")), "a\\x20b\\x0d\\x0a\\x5c\\xff\\x00");
	assert_string_equal(rt_log_safe(SLICE_NONE), "");
	memset(longer, 1, sizeof(longer));
	assert_int_equal(strlen(rt_log_safe(slice_of(longer, 200))), 64 * 4 + 3);
	assert_int_equal(strlen(rt_log_safe(slice_of(longer, 64))), 64 * 4);
	assert_true(rt_log_safe(SLICE("one")) != rt_log_safe(SLICE("two")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_time_level_event_trail_and_fields, capture, release),
		cmocka_unit_test_setup_teardown(quiet_levels_are_not_even_formatted, capture, release),
		cmocka_unit_test_setup_teardown(nothing_in_a_field_makes_a_second_line, capture, release),
		cmocka_unit_test_setup_teardown(a_long_line_is_cut_not_torn, capture, release),
		cmocka_unit_test_setup_teardown(each_event_name_has_its_own_budget, capture, release),
		cmocka_unit_test_setup_teardown(a_reader_that_does_not_read_stops_nobody, capture, release),
		cmocka_unit_test_setup_teardown(a_socket_is_not_waited_for_either, capture, release),
		cmocka_unit_test_setup_teardown(lines_of_several_threads_never_mix, capture, release),
		cmocka_unit_test(bytes_from_the_network_are_made_fit),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
