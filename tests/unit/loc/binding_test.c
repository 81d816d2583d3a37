/* SPDX-License-Identifier: MIT */
/* binding: records both ways, what a damaged one does, and which contacts share an id. */
#include "kit/test.h"

#include "loc/store.h"
#include "rt/arena.h"
#include "rt/cursor.h"

static struct rt_arena *arena;

static struct slice render(const struct loc_binding *b)
{
	static char text[8192];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	loc_binding_render(&c, b);
	assert_int_equal(0, c.err);
	return rt_cursor_text(&c);
}

static void a_record_comes_back_as_it_was(void **state)
{
	const struct loc_binding b = {
		.id = SLICE("id"), .contact = SLICE("sip:\xc3\xa4@h"), .params = SLICE("a=\"b\\\"c\";d"), .path = SLICE("<sip:p;lr>"),
		.received = SLICE("tls:[2001:db8::1]:5061"), .instance = SLICE("<urn:uuid:1>"), .call_id = SLICE("c\t\x01\"\\/"),
		.user_agent = SLICE("UA \"x\""), .flow = UINT64_MAX, .expires_at = INT64_MAX, .registered_at = 1, .updated_at = 2,
		.edge = UINT32_MAX, .cseq = UINT32_MAX, .reg_id = 7, .listener = UINT16_MAX, .q = 333,
	};
	struct loc_binding got;

	(void)state;
	assert_int_equal(0, loc_binding_parse(&got, SLICE("id"), render(&b), arena));
	assert_true(slice_eq(b.contact, got.contact) && slice_eq(b.params, got.params) && slice_eq(b.path, got.path));
	assert_true(slice_eq(b.received, got.received) && slice_eq(b.instance, got.instance) && slice_eq(b.call_id, got.call_id));
	assert_true(slice_eq(b.user_agent, got.user_agent) && b.flow == got.flow && b.expires_at == got.expires_at);
	assert_true(b.registered_at == got.registered_at && b.updated_at == got.updated_at && b.edge == got.edge);
	assert_true(b.cseq == got.cseq && b.reg_id == got.reg_id && b.listener == got.listener && b.q == got.q);
}

static void every_q_comes_back(void **state)
{
	(void)state;
	for (uint16_t q = 0; q <= 1000; q++) {
		const struct loc_binding b = { .contact = SLICE("sip:h"), .expires_at = 1, .q = q };
		struct loc_binding got;

		assert_int_equal(0, loc_binding_parse(&got, SLICE("id"), render(&b), arena));
		assert_int_equal(q, got.q);
		rt_arena_reset(arena);
	}
}

static void names_in_any_order_and_unknown_ones_are_read(void **state)
{
	struct loc_binding b;

	(void)state;
	assert_int_equal(0, loc_binding_parse(&b, SLICE("id"), SLICE(" { \"later\" : true , \"q\":0.5,\"contact\" : \"sip:\\u00e4\\/h\", "
	                                                             "\"expires_at\":5 , \"flow\":\"7\" } "), arena));
	assert_text(b.contact, "sip:\xc3\xa4/h");
	assert_int_equal(500, b.q);
	assert_int_equal(7, b.flow);
	assert_text(b.path, "");
}

static void damaged_records_are_bad(void **state)
{
	static const char *const bad[] = {
		"", "{", "{}", "[]", "{\"contact\":\"sip:h\"}", "{\"expires_at\":5}", "{\"contact\":5,\"expires_at\":5}",
		"{\"contact\":\"sip:h\",\"expires_at\":-5}", "{\"contact\":\"sip:h\",\"expires_at\":5", "{\"contact\":\"sip:h\",\"expires_at\":5}x",
		"{\"contact\":\"sip:h,\"expires_at\":5}", "{\"contact\":\"sip:h\" \"expires_at\":5}", "{\"contact\":\"sip:h\",\"expires_at\":5,\"q\":7}",
		"{\"contact\":\"sip:h\",\"expires_at\":5,\"listener\":65536}", "{\"contact\":\"sip:h\",\"expires_at\":5,\"cseq\":4294967296}",
		"{\"contact\":{},\"expires_at\":5}",
	};
	struct loc_binding b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(RT_BAD, loc_binding_parse(&b, SLICE("id"), slice_str(bad[i]), arena));
}

static struct slice id_of(const char *uri)
{
	struct slice id;

	assert_int_equal(0, loc_contact_id(slice_str(uri), arena, &id));
	return id;
}

/* RFC 3261 19.1.4: what is compared always is in the first part, what counts only when both have it in the second. */
static void ids_follow_19_1_4(void **state)
{
	(void)state;
	assert_text(id_of("SIP:%61lice@H.Example;Transport=TCP"), "c:sip:alice@h.example;transport=tcp");
	assert_text(id_of("sip:a@h;X=Y;lr;user=phone;b"), "c:sip:a@h;user=phone#x=y;lr;b");
	assert_text(id_of("sips:a@h:5061?Subject=x"), "c:sips:a@h:5061&subject=x");
	assert_text(id_of("sip:a@h;%58=%79%3b"), "c:sip:a@h#x=y%3b");
	assert_text(id_of("tel:+1-201-555-0123"), "c:tel:+12015550123");
	assert_text(id_of("mailto:A@B.example"), "c:mailto:A@B.example");
	assert_text(id_of("not a uri"), "c:not a uri");
}

static int start(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 16);
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
		cmocka_unit_test(a_record_comes_back_as_it_was),
		cmocka_unit_test(every_q_comes_back),
		cmocka_unit_test(names_in_any_order_and_unknown_ones_are_read),
		cmocka_unit_test(damaged_records_are_bad),
		cmocka_unit_test(ids_follow_19_1_4),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
