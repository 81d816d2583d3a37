/* SPDX-License-Identifier: MIT */
/* identity: what becomes of P-Asserted-Identity, P-Preferred-Identity and Privacy on the way through. RFC 3325 5 to 7. */
#include "identity.h"
#include "unit/proxy/scene.h"

#define ASSERTED "P-Asserted-Identity: \"Cullen\" <sip:fluffy@example.net>\r\np-asserted-identity: <tel:+14085264000>\r\n"
#define PREFERRED "P-Preferred-Identity: <sip:boss@example.com>\r\n"
#define REQUEST(method, more) method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\n" \
	"From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 " method "\r\n" more "\r\n"

enum { FROM_PEER = 1, TO_PEER = 2, ALICE = 4 };

/* The lines of identity in the copy, one after the other. */
static const char *request(const char *text, int how)
{
	static char out[1024];
	struct proxy_request r = scene_request(text);
	struct sip_draft *const copy = sip_draft_from(scene.arena, &r.msg);
	struct sip_msg m;
	size_t n = 0;

	r.peer = how & FROM_PEER;
	if (how & ALICE && proxy_identity_due(&scene, &r))
		r.user = SLICE("alice@example.com");
	proxy_identity_request(copy, &scene, &r, how & TO_PEER);
	assert_int_equal(sip_draft_render(copy, scene.arena, &m), 0);
	out[0] = 0;
	for (int f = sip_msg_first(&m, SIP_HDR_OTHER); f >= 0; f = sip_msg_next(&m, f))
		n += (size_t)snprintf(out + n, sizeof(out) - n, SLICE_FMT ": " SLICE_FMT "\r\n",
		                      SLICE_ARG(sip_msg_span(&m, m.index->field[f].name)), SLICE_ARG(sip_msg_value(&m, f)));
	return out;
}

static void rfc3325_5_who_is_not_trusted_asserts_nothing(void **state)
{
	(void)state;
	assert_string_equal(request(REQUEST("INVITE", ASSERTED "X: y\r\n" PREFERRED), 0), "X: y\r\n");
	assert_string_equal(request(REQUEST("INVITE", ASSERTED "X: y\r\n" PREFERRED), TO_PEER), "X: y\r\n");
	assert_string_equal(request(REQUEST("ACK", ASSERTED), TO_PEER | ALICE), "");
}

static void rfc3325_5_what_a_peer_says_stays(void **state)
{
	(void)state;
	assert_string_equal(request(REQUEST("INVITE", ASSERTED), FROM_PEER), ASSERTED);
	assert_string_equal(request(REQUEST("INVITE", ASSERTED), FROM_PEER | TO_PEER), ASSERTED);
}

static void rfc3325_7_private_means_among_peers(void **state)
{
	static const char *const hides[] = { "id", "ID", "header;id", "id;critical", "session; id", "user,id" };
	static const char *const shows[] = { "none", "header;user", "identity", "" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(hides) / sizeof(*hides); i++) {
		char privacy[64];

		snprintf(privacy, sizeof(privacy), "Privacy: %s\r\n", hides[i]);
		snprintf(text, sizeof(text), REQUEST("INVITE", ASSERTED "%s"), privacy);
		assert_string_equal(request(text, FROM_PEER), privacy);
		assert_string_equal(strstr(request(text, FROM_PEER | TO_PEER), "Privacy"), privacy);
		assert_non_null(strstr(request(text, FROM_PEER | TO_PEER), "fluffy"));
	}
	for (size_t i = 0; i < sizeof(shows) / sizeof(*shows); i++) {
		snprintf(text, sizeof(text), REQUEST("INVITE", ASSERTED "Privacy: %s\r\n"), shows[i]);
		assert_non_null(strstr(request(text, FROM_PEER), "fluffy"));
	}
}

#define ALICE_LINE "P-Asserted-Identity: <sip:alice@example.com>\r\n"

static void rfc3325_6_who_knew_a_password_is_named_when_he_asks(void **state)
{
	(void)state;
	assert_string_equal(request(REQUEST("INVITE", PREFERRED), ALICE), ALICE_LINE);
	assert_string_equal(request(REQUEST("INVITE", ASSERTED), ALICE | TO_PEER), ALICE_LINE);
	assert_string_equal(request(REQUEST("INVITE", PREFERRED "Privacy: id\r\n"), ALICE | TO_PEER), "Privacy: id\r\n" ALICE_LINE);
	assert_string_equal(request(REQUEST("INVITE", PREFERRED "Privacy: id\r\n"), ALICE), "Privacy: id\r\n");
	assert_string_equal(request(REQUEST("INVITE", "X: y\r\n"), ALICE | TO_PEER), "X: y\r\n");
}

static void proxy_assert_names_him_to_peers_alone(void **state)
{
	(void)state;
	scene_configure((char[]){ "PEAL_PROXY_ASSERT=on" }, 0);
	assert_string_equal(request(REQUEST("INVITE", ""), ALICE | TO_PEER), ALICE_LINE);
	assert_string_equal(request(REQUEST("INVITE", ""), ALICE), "");
	assert_string_equal(request(REQUEST("ACK", ""), ALICE | TO_PEER), "");
	assert_string_equal(request(REQUEST("INVITE", ""), TO_PEER), "");
	scene_configure(0, 0);
}

static bool served(const char *privacy)
{
	char text[1024];
	struct proxy_request r;

	snprintf(text, sizeof(text), REQUEST("INVITE", "%s"), privacy);
	r = scene_request(text);
	return proxy_identity_serves(&r.msg);
}

static void rfc3323_4_2_required_privacy_is_id_alone(void **state)
{
	(void)state;
	assert_true(served("Privacy: id\r\n"));
	assert_true(served("Privacy: id; critical\r\n"));
	assert_true(served("Privacy: none\r\n"));
	assert_false(served("Privacy: header;id\r\n"));
	assert_false(served("Privacy: id\r\nPrivacy: session\r\n"));
	assert_false(served(""));
}

static bool answer_keeps(const char *more, bool from_peer, bool to_peer)
{
	struct sip_index room;
	struct sip_msg m, out;
	struct sip_draft *d;
	char text[1024];

	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n"
	         "Call-ID: c\r\nCSeq: 1 INVITE\r\n%s\r\n", more);
	assert_int_equal(sip_msg_parse(&m, &room, slice_str(text), 0), 0);
	d = sip_draft_from(scene.arena, &m);
	proxy_identity_response(d, &m, from_peer, to_peer);
	assert_int_equal(sip_draft_render(d, scene.arena, &out), 0);
	return slice_present(sip_msg_get_other(&out, SLICE("P-Asserted-Identity")));
}

static void rfc3325_5_answers_too(void **state)
{
	(void)state;
	assert_false(answer_keeps(ASSERTED, false, true));
	assert_true(answer_keeps(ASSERTED, true, false));
	assert_false(answer_keeps(ASSERTED "Privacy: id\r\n", true, false));
	assert_true(answer_keeps(ASSERTED "Privacy: id\r\n", true, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rfc3325_5_who_is_not_trusted_asserts_nothing, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(rfc3325_5_what_a_peer_says_stays, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(rfc3325_7_private_means_among_peers, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(rfc3325_6_who_knew_a_password_is_named_when_he_asks, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(proxy_assert_names_him_to_peers_alone, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(rfc3323_4_2_required_privacy_is_id_alone, scene_open, scene_close),
		cmocka_unit_test_setup_teardown(rfc3325_5_answers_too, scene_open, scene_close),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
