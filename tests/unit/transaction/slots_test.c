/* SPDX-License-Identifier: MIT */
/* slots: limits, kept messages, finding by match. */
#include "kit/test.h"

#include "slots.h"

enum { MAX = 4 };

static const char invite[] = "INVITE sip:bob@example.com SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP phone.example.org;branch=z9hG4bKa\r\n"
			     "From: <sip:alice@example.org>;tag=f\r\nTo: <sip:bob@example.com>\r\n"
			     "Call-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\n"
			     "Content-Length: 5\r\n\r\nhello";

static int setup(void **state)
{
	*state = txn_slots_new(MAX);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct txn_slots *slots = *state;

	txn_slots_destroy(&slots);
	assert_null(slots);
	return 0;
}

static struct txn_match match_of(uint64_t n)
{
	return (struct txn_match){ .key = n, .check = ~n, .merge = n, .method = SIP_OPTIONS, .cookie = true };
}

/* At the limit, one below, one above: each side for itself. */
static void each_side_has_its_limit(void **state)
{
	struct txn_slots *slots = *state;
	struct txn_slot *last = 0;
	const struct txn_match m = match_of(9);

	for (uint32_t i = 0; i < MAX; i++) {
		const struct txn_match mi = match_of(i);

		last = txn_slot_open_server(slots, TXN_PLAIN_SERVER, &mi);
		assert_non_null(last);
	}
	assert_null(txn_slot_open_server(slots, TXN_PLAIN_SERVER, &m));
	assert_null(txn_slots_find(slots, &m, txn_match_again));
	for (uint32_t i = 0; i < MAX; i++)
		assert_non_null(txn_slot_open_client(slots, TXN_PLAIN_CLIENT));
	assert_null(txn_slot_open_client(slots, TXN_PLAIN_CLIENT));
	assert_int_equal(txn_slots_clients(slots), MAX);
	assert_int_equal(txn_slots_servers(slots), MAX);
	txn_slot_close(slots, last);
	assert_non_null(txn_slot_open_server(slots, TXN_PLAIN_SERVER, &m));
}

static void handles_go_stale_and_have_a_side(void **state)
{
	struct txn_slots *slots = *state;
	struct txn_slot *c = txn_slot_open_client(slots, TXN_INVITE_CLIENT);
	const rt_handle h = txn_slot_handle(c);

	assert_ptr_equal(txn_slots_client(slots, h), c);
	assert_null(txn_slots_server(slots, h));
	txn_slot_close(slots, c);
	assert_null(txn_slots_client(slots, h));
	assert_null(txn_slots_any(slots, h));
	assert_null(txn_slots_any(slots, 0));
	c = txn_slot_open_client(slots, TXN_INVITE_CLIENT); /* the same slot, another life */
	assert_null(txn_slots_client(slots, h));
	assert_int_not_equal(txn_slot_handle(c), h);
}

static void found_by_match_until_closed(void **state)
{
	struct txn_slots *slots = *state;
	struct txn_match m = match_of(7), other = match_of(7);
	struct txn_slot *s = txn_slot_open_server(slots, TXN_PLAIN_SERVER, &m);

	other.check++; /* the same table key by accident */
	assert_ptr_equal(txn_slots_find(slots, &m, txn_match_again), s);
	assert_null(txn_slots_find(slots, &other, txn_match_again));
	assert_true(txn_slots_merged(slots, &m));
	txn_slot_close(slots, s);
	assert_null(txn_slots_find(slots, &m, txn_match_again));
	assert_false(txn_slots_merged(slots, &m));
}

static void a_kept_message_is_a_copy(void **state)
{
	struct sip_index room;
	struct sip_msg m, k;
	struct rt_blocks blocks = { 0 };
	struct txn_kept *kept;

	(void)state;
	assert_int_equal(sip_msg_parse(&m, &room, SLICE(invite), 0), 0);
	kept = txn_kept_new(&blocks, &m, TXN_KEEP_WHOLE, 0);
	k = txn_kept_msg(kept);
	assert_text(k.text, invite);
	assert_text(sip_msg_body(&k), "hello");
	assert_text(sip_msg_get(&k, SIP_HDR_CALL_ID), "c");
	assert_int_equal(sip_msg_check(k.index, SIP_INDEX_BYTES(k.index->nfield), k.text.n), 0);
	txn_kept_free(kept);
	kept = txn_kept_new(&blocks, &m, TXN_KEEP_HEAD, 0);
	k = txn_kept_msg(kept);
	assert_int_equal(k.text.n, m.index->head_n);
	assert_int_equal(sip_msg_body(&k).n, 0);
	assert_int_equal(sip_msg_check(k.index, SIP_INDEX_BYTES(k.index->nfield), k.text.n), 0);
	txn_kept_free(kept);
	kept = txn_kept_new(&blocks, &m, TXN_KEEP_TEXT, 0);
	k = txn_kept_msg(kept);
	assert_null(k.index);
	assert_text(k.text, invite);
	txn_kept_free(kept);
	rt_blocks_clear(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_side_has_its_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(handles_go_stale_and_have_a_side, setup, teardown),
		cmocka_unit_test_setup_teardown(found_by_match_until_closed, setup, teardown),
		cmocka_unit_test(a_kept_message_is_a_copy),
	};

	return cmocka_run_group_tests_name("transaction/slots", tests, 0, 0);
}
