/* SPDX-License-Identifier: MIT */
/* auth: who is asked for a password, and who may say he is whom. RFC 3261 16.3 step 6, 22.3. */
#include "auth.h"
#include "unit/proxy/scene.h"

#define REQUEST(method, from, more) method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\n" \
	"From: <" from ">;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 " method "\r\n" more "\r\n"

static int open_with_passwords(void **state)
{
	scene_open(state);
	scene_configure((char[]){ "PEAL_DOMAIN_SECURE_EXAMPLE_COM_AUTH=on" }, 0);
	return 0;
}

static void asks(const char *request, int want, const char *domain)
{
	const struct proxy_request r = scene_request(request);
	struct proxy_door door;

	assert_int_equal(proxy_auth_door(&scene, &r, &door), want);
	if (domain)
		assert_text(door.domain->name, domain);
	else
		assert_null(door.domain);
}

static void whom_we_ask(void **state)
{
	struct proxy_request r = scene_request(REQUEST("INVITE", "sip:alice@secure.example.com", ""));
	struct proxy_door door;

	(void)state;
	asks(REQUEST("INVITE", "sip:alice@secure.example.com", ""), RT_ABSENT, "secure.example.com");
	asks(REQUEST("BYE", "sip:alice@SECURE.example.com", ""), RT_ABSENT, "secure.example.com");
	asks(REQUEST("ACK", "sip:alice@secure.example.com", ""), 0, 0);
	asks(REQUEST("CANCEL", "sip:alice@secure.example.com", ""), 0, 0);
	asks(REQUEST("INVITE", "sip:alice@example.com", ""), 0, 0);
	asks(REQUEST("INVITE", "sip:alice@example.net", ""), 0, 0);
	r.peer = true;
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_null(door.domain);
}

/* A BYE of our user, whose Route carried our signature. */
static struct proxy_request inside(const char *uri, const char *to_tag)
{
	char *const text = rt_arena_take(scene.arena, 1024);
	struct proxy_request r;

	snprintf(text, 1024, "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\nFrom: <sip:alice@secure.example.com>;tag=a1\r\n"
	         "To: <sip:bob@example.com>%s\r\nCall-ID: c1\r\nCSeq: 2 BYE\r\n\r\n", uri, to_tag);
	r = scene_request(text);
	r.signed_route = true;
	return r;
}

static void a_signed_dialog_is_not_asked(void **state)
{
	struct proxy_request r = inside("sip:bob@203.0.113.5", ";tag=b1");
	struct proxy_door door;

	(void)state;
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_null(door.domain);
	r.flow_only = true; /* the flow token of a phone says nothing about who sends */
	assert_int_equal(proxy_auth_door(&scene, &r, &door), RT_ABSENT);
	r.flow_only = r.signed_route = false;
	assert_int_equal(proxy_auth_door(&scene, &r, &door), RT_ABSENT);
	r = inside("sip:bob@203.0.113.5", "");
	assert_int_equal(proxy_auth_door(&scene, &r, &door), RT_ABSENT);
	r = inside("sip:bob@example.com", ";tag=b1"); /* no Contact: a user of ours */
	assert_int_equal(proxy_auth_door(&scene, &r, &door), RT_ABSENT);
}

/* The answer to our own challenge, with this user name. */
static struct proxy_request answering(const char *from, const char *username, const char *ha1, const char *realm)
{
	char nonce[AUTH_NONCE_BYTES + 1];
	char *const text = rt_arena_take(scene.arena, 2048);

	auth_nonce_make(scene.nonce, slice_str(realm), scene.now, nonce);
	snprintf(text, 2048, "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\n"
	         "From: <%s>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n"
	         "Proxy-Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"sip:bob@example.com\", response=\"%s\"\r\n\r\n",
	         from, username, realm, nonce, ha1);
	return scene_request(text);
}

static void may_he_say_so(void **state)
{
	struct proxy_request r = answering("sip:alice@secure.example.com", "alice", "00000000000000000000000000000000", "secure.example.com");
	struct proxy_door door;

	(void)state;
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_text(door.user, "alice@secure.example.com");
	assert_true(proxy_auth_is_caller(&scene, &r, &door));
	assert_int_equal(proxy_auth_judge(&scene, &r, &door, &(const struct loc_user){ .ha1_md5 = "f" }), AUTH_WRONG);
	r = answering("sip:alice@secure.example.com", "mallory", "0", "secure.example.com");
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_text(door.user, "mallory@secure.example.com");
	assert_false(proxy_auth_is_caller(&scene, &r, &door));
	r = answering("sip:alice@secure.example.com", "alice@secure.example.com", "0", "secure.example.com");
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_text(door.user, "alice@secure.example.com");
}

/* A user of ours who calls as somebody outside (RFC 3323) is still a user of ours; nobody is asked for that. */
static void credentials_nobody_asked_for(void **state)
{
	struct proxy_request r = answering("sip:anonymous@anonymous.invalid", "alice", "0", "secure.example.com");
	struct proxy_door door;

	(void)state;
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_text(door.user, "alice@secure.example.com");
	assert_false(door.needed);
	assert_true(proxy_auth_is_caller(&scene, &r, &door));
	r = answering("sip:alice@example.net", "alice", "0", "elsewhere.example.net");
	assert_int_equal(proxy_auth_door(&scene, &r, &door), 0);
	assert_null(door.domain);
}

static const char *stranger(const char *uri, const char *from, const char *more)
{
	char *const text = rt_arena_take(scene.arena, 1024);
	struct proxy_request r;
	struct proxy_door door;

	snprintf(text, 1024, "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKc\r\nFrom: <%s>;tag=a1\r\n"
	         "To: <%s>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n%s\r\n", uri, from, uri, more);
	r = scene_request(text);
	return proxy_auth_stranger(&scene, &r, &door) ? door.domain->name.p : "";
}

/* Who calls out without a name may show that he is a user, where a domain of ours that has passwords is spoken of. */
static void rfc3325_6_a_caller_without_a_name(void **state)
{
	static const char anonymous[] = "sip:anonymous@anonymous.invalid", preferred[] = "P-Preferred-Identity: <sip:al@secure.example.com>\r\n";

	(void)state;
	assert_int_equal(strncmp(stranger("sip:+49@secure.example.com", anonymous, ""), "secure.example.com", 18), 0);
	assert_int_equal(strncmp(stranger("sip:bob@example.net", anonymous, preferred), "secure.example.com", 18), 0);
	assert_string_equal(stranger("sip:bob@example.net", anonymous, ""), "");
	assert_string_equal(stranger("sip:+49@example.com", anonymous, ""), ""); /* no passwords there */
	assert_string_equal(stranger("sip:bob@example.net", anonymous, "P-Preferred-Identity: <sip:al@example.net>\r\n"), "");
}

static void the_challenge(void **state)
{
	const struct proxy_request r = scene_request(REQUEST("INVITE", "sip:alice@secure.example.com", "User-Agent: Baresip v1\r\n"));
	const struct proxy_request plain = scene_request(REQUEST("INVITE", "sip:alice@secure.example.com", ""));
	struct proxy_door door;
	struct sip_msg m;

	(void)state;
	assert_int_equal(proxy_auth_door(&scene, &plain, &door), RT_ABSENT);
	assert_int_equal(sip_draft_render(proxy_auth_challenge(&scene, &plain, &door, false), scene.arena, &m), 0);
	assert_int_equal(m.index->status, 407);
	assert_int_equal(sip_msg_count(&m, SIP_HDR_PROXY_AUTHENTICATE), 3);
	assert_int_equal(sip_draft_render(proxy_auth_challenge(&scene, &r, &door, true), scene.arena, &m), 0);
	assert_int_equal(sip_msg_count(&m, SIP_HDR_PROXY_AUTHENTICATE), 1); /* a phone that knows MD5 only */
	assert_non_null(strstr(m.text.p, "stale=true"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_we_ask),
		cmocka_unit_test(a_signed_dialog_is_not_asked),
		cmocka_unit_test(may_he_say_so),
		cmocka_unit_test(credentials_nobody_asked_for),
		cmocka_unit_test(rfc3325_6_a_caller_without_a_name),
		cmocka_unit_test(the_challenge),
	};

	return cmocka_run_group_tests(tests, open_with_passwords, scene_close);
}
