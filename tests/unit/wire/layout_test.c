/* SPDX-License-Identifier: MIT */
/* layout_test: a pack rewritten for an older worker and back says the same. With PEAL_NEXT the older one is another layout. */
#include "kit/guard.h"
#include "kit/test.h"
#include "layout.h"

static const char text[] = "OPTIONS sip:carol@chicago.com SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877\r\n"
			   "Max-Forwards: 70\r\n"
			   "To: <sip:carol@chicago.com>\r\n"
			   "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
			   "Call-ID: a84b4c76e66710\r\n"
			   "CSeq: 63104 OPTIONS\r\n"
			   "Content-Length: 0\r\n\r\n" /* RFC 3261 11.2 */
			   "chicago.com";

static const struct wire_head head = {
	.verb = WIRE_FORK, .to = 17, .from = 4, .trail = 0x7f3a09c3, .txn = 1, .branch = 2, .context = 3, .loop = 5, .born = 1795300000123,
	.remote = { .ip = { 192, 0, 2, 4 }, .port = 5060, .proto = SIP_UDP, .family = 4 }, .name_n = 11,
};

/* Three parcels: a message with a name behind it, text alone, nothing. */
static struct wire_pack ours(void)
{
	static struct sip_index index;
	struct wire_pack pack;
	struct sip_msg m;

	wire_pack_init(&pack);
	assert_int_equal(sip_msg_parse(&m, &index, slice_of(text, sizeof(text) - 12), 0), 0);
	assert_int_equal(wire_pack_add(&pack, &head, &m), 0);
	m.index = 0;
	assert_int_equal(wire_pack_add(&pack, &head, &m), 0);
	assert_int_equal(wire_pack_add(&pack, &head, 0), 0);
	return pack;
}

static struct wire_pack theirs(void)
{
	struct wire_pack from = ours(), to;

	wire_pack_init(&to);
	assert_int_equal(layout_write(&to, &from, WIRE_VERSION_OLDEST), 0);
	wire_pack_clear(&from);
	return to;
}

static void a_pack_comes_back_as_it_was(void **state)
{
	struct wire_pack before = ours(), there = theirs(), back;
	struct wire_pack_head h;

	(void)state;
	wire_pack_init(&back);
	assert_true(wire_pack_head_read(&h, there.p, there.n));
	assert_int_equal(h.version, WIRE_VERSION_OLDEST);
	assert_int_equal(h.count, 3);
	assert_int_equal(layout_read(&back, there.p, there.n), 0);
	assert_int_equal(back.n, before.n);
	assert_memory_equal(back.p, before.p, before.n);
	if (WIRE_VERSION != WIRE_VERSION_OLDEST)
		assert_true(there.n < before.n); /* shorter heads: it is another layout indeed */
	wire_pack_clear(&before);
	wire_pack_clear(&there);
	wire_pack_clear(&back);
}

static void a_version_nobody_knows_is_refused(void **state)
{
	struct wire_pack pack = theirs(), out;

	(void)state;
	wire_pack_init(&out);
	assert_int_equal(layout_write(&out, &pack, WIRE_VERSION + 1), RT_BAD);
	assert_int_equal(layout_write(&out, &pack, 0), RT_BAD);
	pack.p[4] = WIRE_VERSION + 1;
	assert_int_equal(layout_read(&out, pack.p, pack.n), RT_BAD);
	pack.p[4] = 0;
	assert_int_equal(layout_read(&out, pack.p, pack.n), RT_BAD);
	wire_pack_clear(&pack);
}

static int read_copy(const char *p, uint32_t n)
{
	struct wire_pack out;
	int err;

	wire_pack_init(&out);
	err = layout_read(&out, p, n);
	wire_pack_clear(&out);
	return err;
}

static void a_pack_cut_short_is_refused(void **state)
{
	struct wire_pack pack = theirs();

	(void)state;
	for (uint32_t cut = 0; cut < pack.n; cut += 8) {
		const struct slice copy = guard_copy(slice_of(pack.p, cut));

		assert_int_equal(read_copy(copy.p, cut), RT_BAD);
		if (cut >= 16)
			memcpy((char *)(uintptr_t)copy.p + 8, &cut, 4); /* its size says what there is, its count does not */
		assert_int_equal(read_copy(copy.p, cut), RT_BAD);
	}
	wire_pack_clear(&pack);
}

static void changed_bytes_never_lead_out_of_bounds(void **state)
{
	struct wire_pack pack = theirs();
	uint64_t dice = 0x5eed;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct slice copy = guard_copy(slice_of(pack.p, pack.n));

		for (int k = (int)(kit_random(&dice) % 4); k >= 0; k--)
			((char *)(uintptr_t)copy.p)[kit_random(&dice) % copy.n] = (char)kit_random(&dice);
		(void)read_copy(copy.p, copy.n);
	}
	wire_pack_clear(&pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pack_comes_back_as_it_was),
		cmocka_unit_test(a_version_nobody_knows_is_refused),
		cmocka_unit_test(a_pack_cut_short_is_refused),
		cmocka_unit_test(changed_bytes_never_lead_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
