/* SPDX-License-Identifier: MIT */
/* lookup: what is remembered, how long, and what never. The store answers when the test says so. */
#include "kit/test.h"
#include "lookup.h"

static loc_lookup_fn *pending;
static void *pending_arg;
static uint64_t pending_token;
static int asked, refuse;

int loc_lookup(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	(void)redis;
	(void)aor;
	(void)now;
	pending = done;
	pending_arg = arg;
	pending_token = token;
	asked++;
	return refuse;
}

static struct {
	int count, n, err, fork;
	uint64_t token;
	char contact[64];
} heard;

static void hear(void *arg, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	(void)arg;
	heard.count++;
	heard.token = token;
	heard.err = err;
	heard.n = n;
	heard.fork = policy ? policy->fork : -9;
	heard.contact[0] = 0;
	if (n > 0)
		slice_cstr(b[n - 1].contact, heard.contact, sizeof(heard.contact));
}

static void answer(int n)
{
	static const struct loc_policy policy = { -1, 2, -1, -1, -1 };
	char text[] = "sip:a@192.0.2.1sip:a@192.0.2.2";
	const struct loc_binding b[] = { { .contact = slice_of(text, 15), .id = SLICE("c:1"), .path = SLICE("") },
		                         { .contact = slice_of(text + 15, 15), .instance = SLICE("<urn:x>") } };

	pending(pending_arg, pending_token, 0, b, n, &policy);
	memset(text, 'x', sizeof(text)); /* what was lent is gone now */
}

static int ask(struct proxy_lookup *l, const char *aor, int64_t now, uint64_t token)
{
	return proxy_lookup(l, 0, slice_str(aor), now, 5, hear, 0, token);
}

static void remembers_for_as_long_as_it_may(void **state)
{
	struct proxy_lookup *l = proxy_lookup_new((struct rt_key){ 1, 2 });

	(void)state;
	asked = 0;
	memset(&heard, 0, sizeof(heard));
	assert_int_equal(ask(l, "alice@example.com", 100, 1), 0);
	assert_int_equal(heard.count, 0);
	answer(2);
	assert_int_equal(heard.token, 1);
	assert_int_equal(ask(l, "alice@example.com", 104, 2), 0);
	assert_int_equal(asked, 1);
	assert_int_equal(heard.token, 2);
	assert_int_equal(heard.n, 2);
	assert_int_equal(heard.fork, 2);
	assert_string_equal(heard.contact, "sip:a@192.0.2.2");
	assert_int_equal(ask(l, "bob@example.com", 104, 3), 0);
	assert_int_equal(asked, 2);
	assert_int_equal(ask(l, "alice@example.com", 105, 4), 0);
	assert_int_equal(asked, 3);
	proxy_lookup_destroy(&l);
}

static void never_an_empty_answer_nor_a_failure(void **state)
{
	struct proxy_lookup *l = proxy_lookup_new((struct rt_key){ 1, 2 });

	(void)state;
	asked = 0;
	assert_int_equal(ask(l, "alice@example.com", 100, 1), 0);
	answer(0);
	assert_int_equal(ask(l, "alice@example.com", 100, 2), 0);
	pending(pending_arg, pending_token, RT_TIMEOUT, 0, 0, 0);
	assert_int_equal(heard.err, RT_TIMEOUT);
	assert_int_equal(ask(l, "alice@example.com", 100, 3), 0);
	assert_int_equal(asked, 3);
	refuse = RT_DOWN;
	assert_int_equal(ask(l, "carol@example.com", 100, 4), RT_DOWN);
	refuse = 0;
	proxy_lookup_destroy(&l);
}

static void zero_seconds_is_no_memory(void **state)
{
	struct proxy_lookup *l = proxy_lookup_new((struct rt_key){ 1, 2 });

	(void)state;
	asked = 0;
	for (uint64_t i = 0; i < 2; i++) {
		assert_int_equal(proxy_lookup(l, 0, SLICE("a@b"), 100, 0, hear, 0, i), 0);
		answer(1);
	}
	assert_int_equal(asked, 2);
	proxy_lookup_destroy(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_for_as_long_as_it_may),
		cmocka_unit_test(never_an_empty_answer_nor_a_failure),
		cmocka_unit_test(zero_seconds_is_no_memory),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
