/* SPDX-License-Identifier: MIT */
/* aliases_test: what several edges tell of their peers, and which of their connections is taken. */
#include "kit/test.h"
#include "wire/aliases.h"

static const struct slice one = { "tls:192.0.2.7:5061 2 1f00000003 sip.example.net\n", 48 };

static struct wire_members *edges(void)
{
	struct wire_members *members = wire_members_new();

	for (uint32_t id = 1; id <= 3; id++) {
		const struct wire_member m = { .id = id, .tier = WIRE_TRANSPORT, .state = id == 3 ? WIRE_DRAINING : WIRE_LIVE, .version = 1 };

		assert_int_equal(wire_members_put(members, &m), 0);
	}
	return members;
}

static struct sip_hop hop(const char *text)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_parse(&h, slice_str(text)), 0);
	return h;
}

struct scene {
	struct wire_members *members;
	struct wire_aliases *aliases;
};

static int scene_open(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->members = edges();
	s->aliases = wire_aliases_new();
	*state = s;
	return 0;
}

static int scene_close(void **state)
{
	struct scene *s = *state;

	wire_aliases_destroy(&s->aliases);
	wire_members_destroy(&s->members);
	free(s);
	return 0;
}

static void take(struct scene *s, uint32_t edge, const char *text)
{
	assert_int_equal(wire_aliases_take(s->aliases, s->members, edge, slice_str(text)), 1);
	assert_int_equal(wire_aliases_take(s->aliases, s->members, edge, slice_str(text)), 0);
}

static uint32_t edge_of(struct scene *s, const char *to, uint32_t like)
{
	const struct sip_hop h = hop(to);

	return wire_aliases_edge(s->aliases, s->members, &h, like);
}

static const struct wire_alias *named(struct scene *s, const char *host, uint16_t port, uint32_t like, uint64_t key)
{
	return wire_aliases_named(s->aliases, s->members, slice_str(host), port, SIP_TLS, like, key);
}

static void a_line_reads_as_it_was_written(void **state)
{
	const struct wire_alias a = { .hop = hop("tls:192.0.2.7:5061"), .host = SLICE("sip.example.net"), .flow = 0x1f00000003, .listener = 2 };
	char text[128];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	(void)state;
	wire_alias_render(&c, &a);
	assert_true(slice_eq(rt_cursor_text(&c), one));
}

static void a_peer_is_found_by_address_and_by_name(void **state)
{
	struct scene *s = *state;
	const struct wire_alias *a;

	assert_null(named(s, "sip.example.net", 5061, 0, 1));
	take(s, 1, one.p);
	assert_int_equal(wire_aliases_count(s->aliases), 1);
	assert_int_equal(edge_of(s, "tls:192.0.2.7:5061", 2), 1);
	assert_int_equal(edge_of(s, "tcp:192.0.2.7:5061", 2), 0);
	assert_int_equal(edge_of(s, "tls:192.0.2.7:5060", 2), 0);
	a = named(s, "SIP.Example.NET", 5061, 0, 1);
	assert_non_null(a);
	assert_int_equal(a->flow, 0x1f00000003);
	assert_int_equal(a->edge, 1);
	assert_int_equal(a->listener, 2);
	assert_null(named(s, "sip.example.net", 5062, 0, 1));
	assert_null(named(s, "example.net", 5061, 0, 1));
}

static void the_edge_at_hand_goes_first(void **state)
{
	struct scene *s = *state;

	take(s, 1, one.p);
	take(s, 2, one.p);
	for (uint32_t like = 1; like <= 2; like++) {
		assert_int_equal(edge_of(s, "tls:192.0.2.7:5061", like), like);
		for (uint64_t key = 0; key < 50; key++)
			assert_int_equal(named(s, "sip.example.net", 5061, like, key)->edge, like);
	}
}

static void several_connections_share_by_key(void **state)
{
	struct scene *s = *state;
	int first = 0;

	take(s, 1, "tls:192.0.2.7:5061 0 a00000001 p.test\ntls:192.0.2.7:5061 0 a00000002 p.test\n");
	for (uint64_t key = 0; key < 200; key++)
		first += named(s, "p.test", 5061, 1, key)->flow == 0xa00000001;
	assert_in_range(first, 60, 140);
}

static void what_is_told_again_takes_the_place_of_the_old(void **state)
{
	struct scene *s = *state;

	take(s, 1, one.p);
	take(s, 2, "tcp:192.0.2.8:5060 0 1 b.test\n");
	take(s, 1, "tls:192.0.2.9:5061 0 1 c.test\n");
	assert_int_equal(edge_of(s, "tls:192.0.2.7:5061", 0), 0);
	assert_int_equal(edge_of(s, "tls:192.0.2.9:5061", 0), 1);
	assert_int_equal(edge_of(s, "tcp:192.0.2.8:5060", 0), 2);
	take(s, 1, "");
	assert_int_equal(edge_of(s, "tls:192.0.2.9:5061", 0), 0);
	assert_int_equal(wire_aliases_count(s->aliases), 1);
}

static void edges_that_are_gone_or_going_are_not_taken(void **state)
{
	struct scene *s = *state;

	take(s, 1, one.p);
	take(s, 3, "tcp:192.0.2.8:5060 0 1 b.test\n");
	assert_int_equal(edge_of(s, "tcp:192.0.2.8:5060", 3), 0);
	wire_members_drop(s->members, 1);
	assert_int_equal(edge_of(s, "tls:192.0.2.7:5061", 1), 0);
	assert_null(named(s, "sip.example.net", 5061, 1, 1));
	take(s, 2, "tcp:192.0.2.9:5060 0 1 b.test\n");
	assert_int_equal(wire_aliases_count(s->aliases), 2);
}

static void lines_that_do_not_read_change_nothing(void **state)
{
	static const char *const bad[] = {
		"x\n", "tls:192.0.2.7:5061 2 1f\n", "tls:192.0.2.7:5061 16 1f h\n", "tls:192.0.2.7:5061 2 zz h\n", "tls:192.0.2.7:5061 2 1f h",
	};
	struct scene *s = *state;

	take(s, 1, one.p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wire_aliases_take(s->aliases, s->members, 1, slice_str(bad[i])), RT_BAD);
	assert_int_equal(edge_of(s, "tls:192.0.2.7:5061", 0), 1);
}

static void a_list_has_an_end(void **state)
{
	static char text[(WIRE_ALIASES_MAX + 1) * 40];
	struct scene *s = *state;
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	for (int i = 0; i < WIRE_ALIASES_MAX; i++)
		rt_cursor_printf(&c, "tcp:192.0.2.7:%d 0 %x h%d\n", 5060 + i, i + 1, i);
	assert_int_equal(wire_aliases_take(s->aliases, s->members, 1, rt_cursor_text(&c)), 1);
	assert_int_equal(wire_aliases_count(s->aliases), WIRE_ALIASES_MAX);
	rt_cursor_lit(&c, "tcp:192.0.2.7:5000 0 1 one.more\n");
	assert_int_equal(wire_aliases_take(s->aliases, s->members, 1, rt_cursor_text(&c)), RT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_reads_as_it_was_written),
		cmocka_unit_test_setup_teardown(a_peer_is_found_by_address_and_by_name, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(the_edge_at_hand_goes_first, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(several_connections_share_by_key, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(what_is_told_again_takes_the_place_of_the_old, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(edges_that_are_gone_or_going_are_not_taken, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(lines_that_do_not_read_change_nothing, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(a_list_has_an_end, scene_open, scene_close),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
