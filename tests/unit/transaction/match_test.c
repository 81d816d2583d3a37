/* SPDX-License-Identifier: MIT */
/* match: RFC 3261 17.2.3 rule by rule. */
#include "kit/test.h"

#include "match.h"

static const struct rt_key secret = { 11, 22 };

struct request {
	const char *method, *uri, *via, *branch, *from_tag, *to_tag, *call_id, *cseq;
};

static const struct request base = {
	"INVITE", "sip:bob@example.com", "SIP/2.0/UDP phone.example.org", "z9hG4bKa", "f", "", "c", "1",
};

static struct txn_match match(struct request r)
{
	static struct sip_index room;
	char text[1024];
	struct sip_msg m;
	struct txn_match out;

	snprintf(text, sizeof(text),
		 "%s %s SIP/2.0\r\nVia: %s%s%s\r\nFrom: <sip:alice@example.org>;tag=%s\r\nTo: <sip:bob@example.com>%s%s\r\n"
		 "Call-ID: %s\r\nCSeq: %s %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		 r.method, r.uri, r.via, *r.branch ? ";branch=" : "", r.branch, r.from_tag, *r.to_tag ? ";tag=" : "",
		 r.to_tag, r.call_id, r.cseq, r.method);
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
	txn_match_request(&out, &m, secret);
	return out;
}

static struct txn_born_from born(struct request r, const char *sent_tag)
{
	const struct txn_match m = match(r);

	return (struct txn_born_from){ m.key,	 m.check, m.merge, m.method, m.to_tag,
				       txn_tag_hash(slice_str(sent_tag), secret), m.cookie };
}

static struct request with(const char *what, const char *value)
{
	struct request r = base;

	if (!strcmp(what, "method"))
		r.method = value;
	else if (!strcmp(what, "uri"))
		r.uri = value;
	else if (!strcmp(what, "via"))
		r.via = value;
	else if (!strcmp(what, "branch"))
		r.branch = value;
	else if (!strcmp(what, "from-tag"))
		r.from_tag = value;
	else if (!strcmp(what, "to-tag"))
		r.to_tag = value;
	else if (!strcmp(what, "call-id"))
		r.call_id = value;
	else if (!strcmp(what, "cseq"))
		r.cseq = value;
	else
		fail_msg("no field %s", what);
	return r;
}

static bool again(const char *what, const char *value)
{
	const struct txn_born_from b = born(base, 0);
	const struct txn_match m = match(with(what, value));

	return txn_match_again(&b, &m);
}

/* "1. the branch parameter is equal, 2. the sent-by value is equal, 3. the method matches" - and nothing else */
static void rfc3261_17_2_3_branch_sent_by_method(void **state)
{
	(void)state;
	assert_true(again("cseq", "1"));
	assert_false(again("branch", "z9hG4bKb"));
	assert_false(again("via", "SIP/2.0/UDP other.example.org"));
	assert_false(again("via", "SIP/2.0/UDP phone.example.org:5061"));
	assert_true(again("via", "SIP/2.0/UDP PHONE.Example.org"));
	assert_true(again("via", "SIP/2.0/UDP phone.example.org;rport=9;received=192.0.2.1"));
	assert_false(again("method", "OPTIONS"));
	assert_false(again("method", "DANCE"));
	assert_true(again("uri", "sip:carol@example.com"));
	assert_true(again("call-id", "other"));
	assert_true(again("to-tag", "other"));
}

static bool old_again(const char *what, const char *value)
{
	struct request r = with(what, value);
	struct txn_born_from b;
	struct txn_match m;

	if (strcmp(what, "branch"))
		r.branch = "1";
	b = born(with("branch", "1"), 0);
	m = match(r);
	return txn_match_again(&b, &m);
}

/* "the Request-URI, To tag, From tag, Call-ID, CSeq, and top Via header field match" */
static void rfc3261_17_2_3_without_the_cookie(void **state)
{
	(void)state;
	assert_true(old_again("cseq", "1"));
	assert_false(old_again("cseq", "2"));
	assert_false(old_again("uri", "sip:carol@example.com"));
	assert_false(old_again("to-tag", "t"));
	assert_false(old_again("from-tag", "g"));
	assert_false(old_again("call-id", "d"));
	assert_false(old_again("via", "SIP/2.0/TCP phone.example.org"));
	assert_false(old_again("branch", "2"));
	assert_false(old_again("branch", ""));
	assert_false(old_again("branch", "z9hG4bK1"));
	assert_false(old_again("method", "OPTIONS"));
}

static void rfc3261_17_2_3_ack(void **state)
{
	const struct txn_born_from invite = born(base, "sent"), options = born(with("method", "OPTIONS"), "sent");
	const struct txn_born_from old = born(with("branch", "1"), "sent");
	struct request ack = with("method", "ACK");
	struct txn_match m;

	(void)state;
	m = match(ack);
	assert_true(txn_match_ack(&invite, &m)); /* by branch alone */
	assert_false(txn_match_ack(&options, &m));
	ack.branch = "1";
	ack.to_tag = "sent";
	m = match(ack);
	assert_true(txn_match_ack(&old, &m));
	assert_false(txn_match_ack(&invite, &m));
	ack.to_tag = "another";
	m = match(ack);
	assert_false(txn_match_ack(&old, &m));
	ack.to_tag = "";
	m = match(ack);
	assert_false(txn_match_ack(&old, &m));
}

static void rfc3261_9_2_cancel(void **state)
{
	const struct txn_born_from invite = born(base, 0), cancel = born(with("method", "CANCEL"), 0);
	struct txn_match m = match(with("method", "CANCEL"));

	(void)state;
	assert_true(txn_match_cancel(&invite, &m));
	assert_false(txn_match_cancel(&cancel, &m));
	assert_true(txn_match_again(&cancel, &m));
	assert_false(txn_match_again(&invite, &m));
}

/* "If the From tag, Call-ID, and CSeq exactly match those associated with an ongoing transaction" */
static void rfc3261_8_2_2_2_merged(void **state)
{
	static const struct {
		const char *what, *value;
		bool same;
	} row[] = {
		{ "branch", "z9hG4bKb", true }, { "uri", "sip:carol@example.com", true }, { "via", "SIP/2.0/TCP x", true },
		{ "from-tag", "g", false },	{ "call-id", "d", false },		  { "cseq", "2", false },
		{ "method", "OPTIONS", false },
	};
	const uint64_t key = match(base).merge;

	(void)state;
	assert_int_not_equal(key, 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(match(with(row[i].what, row[i].value)).merge == key, row[i].same);
	assert_int_equal(match(with("to-tag", "t")).merge, 0);
	assert_int_equal(match(with("method", "ACK")).merge, 0);
	assert_int_equal(match(with("method", "CANCEL")).merge, 0);
}

static void unknown_methods_are_told_apart(void **state)
{
	(void)state;
	assert_int_not_equal(match(with("method", "DANCE")).method, match(with("method", "SLEEP")).method);
	assert_int_equal(match(with("method", "DANCE")).method, match(with("method", "DANCE")).method);
	assert_int_equal(match(with("method", "BYE")).method, SIP_BYE);
	assert_true(match(with("method", "DANCE")).method >= SIP_METHOD_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3261_17_2_3_branch_sent_by_method),
		cmocka_unit_test(rfc3261_17_2_3_without_the_cookie),
		cmocka_unit_test(rfc3261_17_2_3_ack),
		cmocka_unit_test(rfc3261_9_2_cancel),
		cmocka_unit_test(rfc3261_8_2_2_2_merged),
		cmocka_unit_test(unknown_methods_are_told_apart),
	};

	return cmocka_run_group_tests_name("transaction/match", tests, 0, 0);
}
