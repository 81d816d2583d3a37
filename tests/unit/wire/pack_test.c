/* SPDX-License-Identifier: MIT */
/* pack_test: what is put into a pack comes out of it, and what a stranger puts there is refused. */
#include "kit/guard.h"
#include "kit/test.h"
#include "wire/pack.h"

static const char register_text[] = "REGISTER sip:registrar.biloxi.com SIP/2.0\r\n"
				    "Via: SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bKnashds7\r\n"
				    "Max-Forwards: 70\r\n"
				    "To: Bob <sip:bob@biloxi.com>\r\n"
				    "From: Bob <sip:bob@biloxi.com>;tag=456248\r\n"
				    "Call-ID: 843817637684230@998sdasdh09\r\n"
				    "CSeq: 1826 REGISTER\r\n"
				    "Contact: <sip:bob@192.0.2.4>\r\n"
				    "Expires: 7200\r\n"
				    "Content-Length: 0\r\n\r\n"; /* RFC 3261 24.1 F1 */

static struct sip_index room;

static struct sip_msg message(void)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_parse(&m, &room, slice_str(register_text), 0), 0);
	return m;
}

static const struct wire_head head = {
	.verb = WIRE_ARRIVED,
	.flags = WIRE_PEER,
	.reason = RT_TIMEOUT,
	.to = 17,
	.from = 4,
	.trail = 0x7f3a09c3,
	.txn = 1,
	.branch = 2,
	.context = 3,
	.loop = 5,
	.flow = 6,
	.edge = 7,
	.slot = 8,
	.listener = 9,
	.born = 1795300000123,
	.remote = { .ip = { 192, 0, 2, 4 }, .port = 5060, .proto = SIP_UDP, .family = 4 },
};

static void a_parcel_comes_out_as_it_went_in(void **state)
{
	const struct sip_msg m = message();
	struct wire_pack pack;
	struct wire_walk walk;
	struct wire_parcel out;

	(void)state;
	wire_pack_init(&pack);
	assert_int_equal(wire_pack_add(&pack, &head, &m), 0);
	assert_int_equal(wire_pack_add(&pack, &head, 0), 0);
	assert_int_equal(wire_pack_add(&pack, &head, &(struct sip_msg){ .text = SLICE("Reason: SIP;cause=200\r\n") }), 0);
	assert_int_equal(pack.n % 8, 0);
	assert_int_equal(wire_walk_open(&walk, pack.p, pack.n), 0);
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_int_equal(out.head->size % 8, 0);
	assert_memory_equal(&out.head->verb, &head.verb, offsetof(struct wire_head, index_n) - offsetof(struct wire_head, verb));
	assert_text(out.msg.text, register_text);
	assert_text(sip_msg_get(&out.msg, SIP_HDR_CALL_ID), "843817637684230@998sdasdh09");
	assert_int_equal(out.msg.index->facts.cseq, 1826);
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_null(out.msg.index);
	assert_int_equal(out.msg.text.n, 0);
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_null(out.msg.index);
	assert_text(out.msg.text, "Reason: SIP;cause=200\r\n");
	assert_int_equal(wire_walk_next(&walk, &out, false), 0);
	assert_int_equal(wire_walk_next(&walk, &out, false), 0);
	wire_pack_clear(&pack);
}

static void full_at_the_limits_and_not_one_below(void **state)
{
	static char text[WIRE_PACK_BYTES];
	struct wire_pack pack;

	(void)state;
	wire_pack_init(&pack);
	for (int i = 0; i < WIRE_PACK_PARCELS - 1; i++)
		assert_int_equal(wire_pack_add(&pack, &head, 0), 0);
	assert_false(wire_pack_full(&pack));
	assert_int_equal(wire_pack_add(&pack, &head, 0), 0);
	assert_true(wire_pack_full(&pack));
	wire_pack_reset(&pack);
	assert_false(wire_pack_full(&pack));
	/* head of the pack, head of the parcel, text */
	assert_int_equal(wire_pack_add(&pack, &head, &(struct sip_msg){ .text = slice_of(text, WIRE_PACK_BYTES - 24 - sizeof(head)) }), 0);
	assert_false(wire_pack_full(&pack));
	wire_pack_reset(&pack);
	assert_int_equal(wire_pack_add(&pack, &head, &(struct sip_msg){ .text = slice_of(text, WIRE_PACK_BYTES - 16 - sizeof(head)) }), 0);
	assert_true(wire_pack_full(&pack));
	wire_pack_clear(&pack);
}

static void the_largest_message_fits_and_one_byte_more_does_not(void **state)
{
	const uint32_t most = SIP_HEAD_MAX + SIP_BODY_MAX;
	char *text = calloc(1, most + 1);
	struct wire_pack pack;

	(void)state;
	wire_pack_init(&pack);
	assert_int_equal(wire_pack_add(&pack, &head, &(struct sip_msg){ .text = slice_of(text, most) }), 0);
	assert_int_equal(wire_pack_add(&pack, &head, &(struct sip_msg){ .text = slice_of(text, most + 1) }), RT_NOMEM);
	assert_int_equal(pack.count, 1);
	wire_pack_reset(&pack);
	assert_true(pack.size <= 8 * WIRE_PACK_BYTES); /* one huge message does not keep a megabyte for ever */
	wire_pack_clear(&pack);
	free(text);
}

/* ---- Strangers ---- */

/* A pack of one parcel, its bytes ending where the guard page begins; to be spoilt. */
static char *guarded(uint32_t *n)
{
	const struct sip_msg m = message();
	struct wire_pack pack;
	struct slice copy;

	wire_pack_init(&pack);
	assert_int_equal(wire_pack_add(&pack, &head, &m), 0);
	copy = guard_copy(slice_of(pack.p, pack.n));
	wire_pack_clear(&pack);
	*n = copy.n;
	return (char *)(uintptr_t)copy.p;
}

static int walk_all(const char *p, uint32_t n)
{
	struct wire_walk walk;
	struct wire_parcel out;
	int got = wire_walk_open(&walk, p, n);

	while (got == 0 && (got = wire_walk_next(&walk, &out, false)) == 1) {
		got = 0;
		if (out.msg.index)
			(void)sip_msg_get(&out.msg, SIP_HDR_CALL_ID);
	}
	return got;
}

static void a_pack_cut_short_anywhere_is_refused(void **state)
{
	uint32_t n;
	const char *p = guarded(&n);
	char *whole = malloc(n);

	(void)state;
	memcpy(whole, p, n);
	for (uint32_t cut = 0; cut < n; cut += 8)
		assert_int_equal(walk_all(guard_copy(slice_of(whole, cut)).p, cut), RT_BAD);
	free(whole);
}

static void every_field_of_a_head_that_lies_is_refused(void **state)
{
	static const struct {
		const char *what;
		uint32_t at, bytes;
		uint64_t value;
	} lie[] = {
		{ "magic", 0, 4, 0x4c414550 },
		{ "version 0", 4, 1, 0 },
		{ "version of tomorrow", 4, 1, WIRE_VERSION + 1 },
		{ "pack size one more", 8, 4, 1 << 20 },
		{ "more parcels than there are", 6, 2, 2 },
		{ "parcel size 0", 16, 4, 0 },
		{ "parcel size below a head", 16, 4, 152 },
		{ "parcel size not of eights", 16, 4, 161 },
		{ "parcel size past the end", 16, 4, 1 << 16 },
		{ "parcel size huge", 16, 4, 0xfffffff8 },
		{ "index larger than the parcel", 16 + offsetof(struct wire_head, index_n), 4, 1 << 16 },
		{ "index_n + text_n overflow", 16 + offsetof(struct wire_head, index_n), 4, 0xffffffff },
		{ "text larger than the parcel", 16 + offsetof(struct wire_head, text_n), 4, 1 << 16 },
		{ "a name longer than the parcel", 16 + offsetof(struct wire_head, name_n), 1, 255 },
		{ "text of nothing", 16 + offsetof(struct wire_head, text_n), 4, 0 },
		{ "an unknown family", 16 + offsetof(struct wire_head, remote) + 19, 1, 9 },
		{ "an unknown transport", 16 + offsetof(struct wire_head, local) + 18, 1, 200 },
		{ "fields of the index", 16 + sizeof(struct wire_head) + 3, 1, 251 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		uint32_t n;
		char *p = guarded(&n);

		memcpy(p + lie[i].at, &lie[i].value, lie[i].bytes);
		if (walk_all(p, n) != RT_BAD)
			fail_msg("%s was believed", lie[i].what);
	}
}

static void an_odd_address_is_refused(void **state)
{
	uint32_t n;
	const char *p = guarded(&n);
	struct wire_walk walk;

	(void)state;
	assert_int_equal(wire_walk_open(&walk, p + 4, n - 4), RT_BAD);
}

/* Any byte changed to anything: never read out of bounds, whatever comes of it. */
static void changed_bytes_never_lead_out_of_bounds(void **state)
{
	uint64_t dice = 0x5eed;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t n;
		char *p = guarded(&n);

		for (int k = (int)(kit_random(&dice) % 4); k >= 0; k--)
			p[kit_random(&dice) % n] = (char)kit_random(&dice);
		(void)walk_all(p, n);
	}
}

/* RFC 5922 7.3: whom TLS must meet lies behind the text, and is none of it. */
static void a_name_travels_behind_the_text(void **state)
{
	char text[sizeof(register_text) + 16];
	struct sip_msg m = message();
	struct wire_head named = head;
	struct wire_pack pack;
	struct wire_walk walk;
	struct wire_parcel out;

	(void)state;
	snprintf(text, sizeof(text), "%sbiloxi.com", register_text);
	m.text.p = text;
	named.name_n = 10;
	wire_pack_init(&pack);
	assert_int_equal(wire_pack_add(&pack, &named, &m), 0);
	assert_int_equal(wire_pack_add(&pack, &named, 0), 0); /* no text to be behind */
	assert_int_equal(wire_pack_add(&pack, &head, &m), 0);
	assert_int_equal(wire_walk_open(&walk, pack.p, pack.n), 0);
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_text(out.msg.text, register_text);
	assert_text(out.name, "biloxi.com");
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_false(slice_present(out.name));
	assert_int_equal(wire_walk_next(&walk, &out, false), 1);
	assert_text(out.msg.text, register_text);
	assert_false(slice_present(out.name));
	wire_pack_clear(&pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parcel_comes_out_as_it_went_in),
		cmocka_unit_test(a_name_travels_behind_the_text),
		cmocka_unit_test(full_at_the_limits_and_not_one_below),
		cmocka_unit_test(the_largest_message_fits_and_one_byte_more_does_not),
		cmocka_unit_test(a_pack_cut_short_anywhere_is_refused),
		cmocka_unit_test(every_field_of_a_head_that_lies_is_refused),
		cmocka_unit_test(an_odd_address_is_refused),
		cmocka_unit_test(changed_bytes_never_lead_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
