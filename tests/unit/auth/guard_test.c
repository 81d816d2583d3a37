/* SPDX-License-Identifier: MIT */
/* guard: RFC 3261 22, RFC 8760 2.4 to 2.6, at the registrar's door and at the proxy's. */
#include "kit/test.h"

#include "auth/guard.h"

static struct rt_arena *arena;
static struct sip_index room;
static char nonce[AUTH_NONCE_BYTES + 1];

enum { NOW = 1795300000 };

static struct auth_door door_at(int64_t now)
{
	return (struct auth_door){ SIP_HDR_AUTHORIZATION, SLICE("example.com"), { 1, 2 }, now, 300, 0 };
}

static struct sip_msg request(const char *lines, const char *body)
{
	struct sip_msg m;
	const struct slice text = rt_arena_printf(arena, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
	                                                 "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n"
	                                                 "%sContent-Length: %zu\r\n\r\n%s", lines, strlen(body), body);

	assert_int_equal(0, sip_msg_parse(&m, &room, text, 0));
	return m;
}

/* The response by the formula of RFC 7616 3.4.1, its parts handed to H(a:b:c). */
static const char *line(const char *header, const char *realm, enum auth_algorithm a, const char *password)
{
	static char out[1024];
	char ha1[65], ha2[65], response[65];
	const struct slice name = auth_algorithm_name(a);
	const struct slice middle = rt_arena_printf(arena, "%s:00000001:c:auth", nonce);

	auth_ha1(a, SLICE("u"), slice_str(realm), slice_str(password), ha1);
	auth_ha1(a, SLICE("REGISTER"), SLICE("sip"), SLICE("h"), ha2);
	auth_ha1(a, slice_str(ha1), middle, slice_str(ha2), response);
	snprintf(out, sizeof(out), "%s: Digest username=\"u\", realm=\"%s\", nonce=\"%s\", uri=\"sip:h\", response=\"%s\", algorithm=" SLICE_FMT
	                           ", cnonce=\"c\", qop=auth, nc=00000001\r\n", header, realm, nonce, response, SLICE_ARG(name));
	return out;
}

static enum auth_verdict judge(struct auth_door door, const struct sip_msg *m, bool known)
{
	static char ha1[AUTH_ALGORITHMS][65];
	const char *const stored[] = { ha1[0], ha1[1], ha1[2] }, *const nobody[] = { 0, 0, 0 };
	struct sip_cred cred;

	for (int a = 0; a < AUTH_ALGORITHMS; a++)
		auth_ha1((enum auth_algorithm)a, SLICE("u"), SLICE("example.com"), SLICE("pw"), ha1[a]);
	assert_int_equal(0, auth_guard_find(&door, m, &cred));
	return auth_guard_judge(&door, &cred, m, known ? stored : nobody);
}

static void right_wrong_unknown_old_and_forged(void **state)
{
	struct sip_msg m = request(line("Authorization", "example.com", AUTH_SHA256, "pw"), "");

	(void)state;
	assert_int_equal(AUTH_PASS, judge(door_at(NOW), &m, true));
	assert_int_equal(AUTH_WRONG, judge(door_at(NOW), &m, false));
	assert_int_equal(AUTH_ASK_STALE, judge(door_at(NOW + 301), &m, true));
	assert_int_equal(AUTH_WRONG, judge(door_at(NOW + 301), &m, false));
	m = request(line("Authorization", "example.com", AUTH_SHA256, "bad"), "");
	assert_int_equal(AUTH_WRONG, judge(door_at(NOW), &m, true));
	assert_int_equal(AUTH_WRONG, judge(door_at(NOW + 301), &m, true)); /* a wrong one is not stale */
	nonce[0] ^= 1;
	m = request(line("Authorization", "example.com", AUTH_SHA256, "pw"), "");
	assert_int_equal(AUTH_ASK, judge(door_at(NOW), &m, true));
}

static void what_was_not_offered_is_not_taken(void **state)
{
	struct sip_msg m = request(line("Authorization", "example.com", AUTH_MD5, "pw"), "");
	struct auth_door strong = door_at(NOW);

	(void)state;
	strong.algorithms = 1 << AUTH_SHA256;
	assert_int_equal(AUTH_PASS, judge(door_at(NOW), &m, true));
	assert_int_equal(AUTH_ASK, judge(strong, &m, true));
}

/* Several credentials may stand in one request: for other proxies, of other kinds, of algorithms we do not know. */
static void the_credentials_of_this_realm_are_found_among_others(void **state)
{
	const struct auth_door door = door_at(NOW);
	struct auth_door proxy = door_at(NOW);
	struct sip_cred cred;
	struct sip_msg m;
	char lines[4096] = "Authorization: Basic dTpw\r\n";

	(void)state;
	proxy.credentials = SIP_HDR_PROXY_AUTHORIZATION;
	m = request(lines, "");
	assert_int_equal(RT_ABSENT, auth_guard_find(&door, &m, &cred));
	strcat(lines, line("Authorization", "elsewhere", AUTH_MD5, "pw"));
	strcat(lines, "Authorization: Digest username=\"u\", realm=\"example.com\", nonce=\"n\", uri=\"sip:h\", response=\"r\", algorithm=SHA3\r\n");
	m = request(lines, "");
	assert_int_equal(RT_ABSENT, auth_guard_find(&door, &m, &cred));
	strcat(lines, line("Authorization", "example.com", AUTH_SHA512_256, "pw"));
	m = request(lines, "");
	assert_int_equal(0, auth_guard_find(&door, &m, &cred));
	assert_text(cred.algorithm, "SHA-512-256");
	assert_int_equal(AUTH_PASS, judge(door, &m, true));
	assert_int_equal(RT_ABSENT, auth_guard_find(&proxy, &m, &cred));
	m = request(line("Proxy-Authorization", "example.com", AUTH_MD5, "pw"), "");
	assert_int_equal(AUTH_PASS, judge(proxy, &m, true));
}

static void malformed_ones_are_told_apart(void **state)
{
	const struct auth_door door = door_at(NOW);
	struct sip_cred cred;
	struct sip_msg m = request("Authorization: Digest realm=\"example.com\", nonce=\"n\"\r\n", "");

	(void)state;
	assert_int_equal(RT_BAD, auth_guard_find(&door, &m, &cred));
	m = request("Authorization: Digest realm=\r\n", "");
	assert_int_equal(RT_BAD, auth_guard_find(&door, &m, &cred));
	m = request(rt_arena_printf(arena, "Authorization: Digest username=\"u\", realm=\"example.com\", nonce=\"%s\", uri=\"sip:h\", "
	                                   "response=\"r\", qop=auth%c%c%c", nonce, '\r', '\n', 0).p, "");
	assert_int_equal(AUTH_MALFORMED, judge(door, &m, true)); /* qop without nc and cnonce */
}

static void counts_are_read(void **state)
{
	(void)state;
	assert_int_equal(0x1f, auth_guard_count(&(struct sip_cred){ .qop = SLICE("auth"), .nc = SLICE("0000001f") }));
	assert_int_equal(1, auth_guard_count(&(struct sip_cred){ .nc = SLICE("0000001f") })); /* without qop a nonce serves once */
}

static void challenges_come_strongest_first(void **state)
{
	struct auth_door door = door_at(NOW);
	struct sip_msg m = request("", ""), out;
	struct sip_draft *d = sip_draft_reply(arena, &m, 401, SLICE_NONE, SLICE("t"));
	static const char *const names[] = { "SHA-512-256", "SHA-256", "MD5" };
	int n = 0;

	(void)state;
	auth_guard_challenge(&door, d, arena, true);
	assert_int_equal(0, sip_draft_render(d, arena, &out));
	for (int f = sip_msg_first(&out, SIP_HDR_WWW_AUTHENTICATE); f >= 0; f = sip_msg_next(&out, f)) {
		struct sip_cred c;

		assert_int_equal(0, sip_cred_parse(&c, sip_msg_value(&out, f)));
		assert_text(c.algorithm, names[n++]);
		assert_text(c.realm, "example.com");
		assert_text(c.stale, "true");
		assert_int_equal(AUTH_NONCE_FRESH, auth_nonce_check(door.secret, door.realm, c.nonce, NOW, 300));
	}
	assert_int_equal(3, n);
	door.credentials = SIP_HDR_PROXY_AUTHORIZATION;
	door.algorithms = 1 << AUTH_MD5;
	d = sip_draft_reply(arena, &m, 407, SLICE_NONE, SLICE("t"));
	auth_guard_challenge(&door, d, arena, false);
	assert_int_equal(0, sip_draft_render(d, arena, &out));
	assert_int_equal(1, sip_msg_count(&out, SIP_HDR_PROXY_AUTHENTICATE));
	assert_false(sip_msg_has(&out, SIP_HDR_WWW_AUTHENTICATE));
}

static int start(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 20);
	auth_nonce_make((struct rt_key){ 1, 2 }, SLICE("example.com"), NOW, nonce);
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
		cmocka_unit_test_setup_teardown(right_wrong_unknown_old_and_forged, start, stop),
		cmocka_unit_test_setup_teardown(what_was_not_offered_is_not_taken, start, stop),
		cmocka_unit_test_setup_teardown(the_credentials_of_this_realm_are_found_among_others, start, stop),
		cmocka_unit_test_setup_teardown(malformed_ones_are_told_apart, start, stop),
		cmocka_unit_test_setup_teardown(counts_are_read, start, stop),
		cmocka_unit_test_setup_teardown(challenges_come_strongest_first, start, stop),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
