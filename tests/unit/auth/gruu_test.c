/* SPDX-License-Identifier: MIT */
/* gruu: what one makes, the other reads; what a stranger makes, nobody does. */
#include "kit/test.h"

#include "auth/gruu.h"

static const struct rt_key key = { 11, 22 }, other_key = { 11, 23 };
static struct rt_arena *arena;

#define INSTANCE SLICE("<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>")
#define ALICE SLICE("alice@example.com")

static int read_it(struct slice text, struct rt_key with, struct auth_gruu *out)
{
	struct sip_uri uri;

	assert_int_equal(0, sip_uri_parse(&uri, text));
	assert_text(uri.host, "example.com");
	return auth_gruu_read(&uri, with, arena, out);
}

/* RFC 5627 9: the form of the example */
static void a_public_gruu_reads_as_in_rfc5627_9(void **state)
{
	char text[200];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct auth_gruu g;

	(void)state;
	auth_gruu_public(&c, SLICE("sip:a@h"), ALICE, INSTANCE);
	assert_text(rt_cursor_text(&c), "sip:alice@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
	assert_int_equal(0, read_it(rt_cursor_text(&c), key, &g));
	assert_text(g.user, "alice");
	assert_false(g.temporary);
	assert_true(auth_gruu_names(&g, INSTANCE, SLICE("any call")));
	assert_true(auth_gruu_names(&g, SLICE("<urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6>"), SLICE("any call")));
	assert_false(auth_gruu_names(&g, SLICE("<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf7>"), SLICE("any call")));
}

static void a_sips_contact_gets_sips_gruus_rfc5630_3_3(void **state)
{
	char text[512];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct auth_gruu g;

	(void)state;
	auth_gruu_public(&c, SLICE("SIPS:a@h"), ALICE, INSTANCE);
	assert_text(rt_cursor_text(&c), "sips:alice@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
	assert_int_equal(0, read_it(rt_cursor_text(&c), key, &g));
	c = rt_cursor_on(text, sizeof(text));
	auth_gruu_temporary(&c, key, SLICE("sips:a@h"), ALICE, INSTANCE, SLICE("call-1"));
	assert_int_equal(0, c.err);
	assert_true(slice_starts_nocase(rt_cursor_text(&c), SLICE("sips:tgruu.")));
	assert_int_equal(0, read_it(rt_cursor_text(&c), key, &g));
	assert_text(g.user, "alice");
}

static void an_odd_instance_survives(void **state)
{
	char text[200];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct auth_gruu g;

	(void)state;
	auth_gruu_public(&c, SLICE("sip:a@h"), ALICE, SLICE("<urn:x;y=\"%>"));
	assert_int_equal(0, read_it(rt_cursor_text(&c), key, &g));
	assert_text(g.instance, "<urn:x;y=\"%>");
}

static void a_temporary_gruu_hides_and_opens(void **state)
{
	char text[512], second[512];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text)), d = rt_cursor_on(second, sizeof(second));
	struct auth_gruu g;

	(void)state;
	auth_gruu_temporary(&c, key, SLICE("sip:a@h"), ALICE, INSTANCE, SLICE("call-1"));
	auth_gruu_temporary(&d, key, SLICE("sip:a@h"), ALICE, INSTANCE, SLICE("call-1"));
	assert_int_equal(0, c.err);
	assert_false(slice_eq(rt_cursor_text(&c), rt_cursor_text(&d))); /* RFC 5627 3.1.2: each is another */
	text[c.n] = 0;
	assert_null(strstr(text, "alice"));
	assert_null(strstr(text, "f81d4fae"));
	assert_int_equal(0, read_it(rt_cursor_text(&c), key, &g));
	assert_true(g.temporary);
	assert_text(g.user, "alice");
	assert_true(auth_gruu_names(&g, INSTANCE, SLICE("call-1")));
	assert_false(auth_gruu_names(&g, INSTANCE, SLICE("call-2")));
	assert_int_equal(RT_BAD, read_it(rt_cursor_text(&c), other_key, &g));
}

static void a_changed_temporary_gruu_does_not_open(void **state)
{
	char text[512];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));
	struct auth_gruu g;
	const uint32_t from = sizeof("sip:tgruu.") - 1;
	uint32_t to;

	(void)state;
	auth_gruu_temporary(&c, key, SLICE("sip:a@h"), ALICE, INSTANCE, SLICE("call-1"));
	to = (uint32_t)slice_find(rt_cursor_text(&c), '@');
	for (uint32_t i = from; i + 1 < to; i++) { /* the last digit may hold bits that mean nothing */
		const char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(RT_BAD, read_it(rt_cursor_text(&c), key, &g));
		text[i] = was;
	}
	assert_int_equal(RT_BAD, read_it(SLICE("sip:tgruu.@example.com;gr"), key, &g));
	assert_int_equal(RT_BAD, read_it(SLICE("sip:tgruu.!!@example.com;gr"), key, &g));
	assert_int_equal(RT_BAD, read_it(SLICE("sip:alice@example.com;gr"), key, &g));
	assert_int_equal(RT_ABSENT, read_it(SLICE("sip:alice@example.com"), key, &g));
}

static int start(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 20);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_public_gruu_reads_as_in_rfc5627_9),
		cmocka_unit_test(a_sips_contact_gets_sips_gruus_rfc5630_3_3),
		cmocka_unit_test(an_odd_instance_survives),
		cmocka_unit_test(a_temporary_gruu_hides_and_opens),
		cmocka_unit_test(a_changed_temporary_gruu_does_not_open),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
