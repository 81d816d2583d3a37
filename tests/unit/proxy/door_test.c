/* SPDX-License-Identifier: MIT */
/* door: the 407 of the proxy, through the whole of it: strangers, wrong passwords, and how long their answers wait. */
#include "auth/sources.h"
#include "sip/cred.h"
#include "stage.h"

static int open_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com" }, 0 };

	(void)state;
	return open_stage_with(environment);
}

#define INVITE(more) "INVITE sip:bob@example.com SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:alice@example.com>;tag=a1\r\n" \
	"To: <sip:bob@example.com>\r\nContact: <sip:alice@198.51.100.9>\r\n" more "Content-Length: 0\r\n\r\n"

/* An INVITE with a wrong password for a nonce of ours. */
static const char *guess(void)
{
	static char text[2048];
	struct sip_cred cred;
	struct sip_msg m;

	offer(1, INVITE(""));
	m = fake_msg(answered(1, 407, "Proxy-Authenticate: Digest "));
	assert_int_equal(sip_cred_parse(&cred, sip_msg_get(&m, SIP_HDR_PROXY_AUTHENTICATE)), 0);
	snprintf(text, sizeof(text), INVITE("Proxy-Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"" SLICE_FMT
	         "\", uri=\"sip:bob@example.com\", algorithm=SHA-512-256, qop=auth, nc=00000001, cnonce=\"c\", "
	         "response=\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\r\n"), SLICE_ARG(cred.nonce));
	return text;
}

static void fail_once(rt_handle txn, const char *text)
{
	static const struct loc_user alice = { .ha1_sha512 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };

	offer(txn, text);
	asked.user(asked.arg, asked.token, 0, &alice);
	fake_flush(svc);
}

static void who_guesses_waits(void **state)
{
	const char *const text = guess();

	(void)state;
	for (rt_handle i = 0; i < AUTH_SOURCES_FREE; i++) {
		fail_once(10 + i, text);
		assert_true(answered(10 + i, 407, 0)->head.flags & WIRE_FORGET);
	}
	fail_once(20, text);
	silence();
	fake_run_until(svc, svc->now + AUTH_SOURCES_DELAY - 50);
	silence();
	fake_run_until(svc, svc->now + 100);
	answered(20, 407, "Proxy-Authenticate: Digest ");
	fail_once(21, text);
	fake_run_until(svc, svc->now + 2 * AUTH_SOURCES_DELAY - 50);
	silence();
	fake_run_until(svc, svc->now + 100);
	answered(21, 407, 0);
}

static void who_cancels_meanwhile_hears_487(void **state)
{
	const char *const text = guess();
	struct wire_head abandon = from_worker(WIRE_ABANDON);

	(void)state;
	for (rt_handle i = 0; i < AUTH_SOURCES_FREE; i++) {
		fail_once(10 + i, text);
		answered(10 + i, 407, 0);
	}
	fail_once(20, text);
	abandon.txn = 20;
	fake_parcel(svc, &abandon, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\r\n");
	answered(20, 487, 0);
	fake_run_until(svc, svc->now + 10000);
	silence();
}

static void only_so_many_wait(void **state)
{
	const char *const text = guess();

	(void)state;
	for (rt_handle i = 0; i < AUTH_SOURCES_FREE; i++) {
		fail_once(10 + i, text);
		answered(10 + i, 407, 0);
	}
	for (rt_handle i = 0; i < AUTH_LATE_MAX; i++)
		fail_once(1000 + i, text);
	silence();
	fail_once(5000, text);
	answered(5000, 503, "Retry-After: ");
	fake_run_until(svc, svc->now + AUTH_SOURCES_DELAY_MAX + 1000);
	for (int i = 0; i < AUTH_LATE_MAX; i++)
		assert_int_equal(next(WIRE_ANSWER)->index->status, 407);
	fail_once(5001, text);
	silence(); /* there is room again */
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		STAGED(who_guesses_waits),
		STAGED(who_cancels_meanwhile_hears_487),
		STAGED(only_so_many_wait),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
