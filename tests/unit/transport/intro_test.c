/* SPDX-License-Identifier: MIT */
/* The PROXY protocol, versions 1 and 2. */
#include "kit/test.h"

#include "intro.h"

#define BYTES(lit) { (lit), sizeof(lit) - 1 }
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static const struct sip_hop balancer = { .ip = { 10, 0, 0, 1 }, .port = 999, .proto = SIP_TCP, .family = 4 };

/* Feeds as many bytes as are asked for: what a socket would do. Bytes taken, or the error. */
static int fed(const char *text, size_t n, struct sip_hop *client)
{
	uint32_t have = 0, need = 1;

	*client = balancer;
	for (;;) {
		int err;

		if (have + need > n)
			return RT_MORE;
		have += need;
		err = intro_read(slice_of(text, have), client, &need);
		if (err != RT_MORE)
			return err < 0 ? err : (int)have;
	}
}

static void says(const char *text, size_t n, const char *want)
{
	struct sip_hop client, hop;
	const int took = fed(text, n, &client);

	if (took < 0)
		fail_msg("\"%s\" is refused", text);
	assert_int_equal(took, n);
	if (!*want) {
		assert_true(sip_hop_same(&client, &balancer));
		return;
	}
	assert_int_equal(sip_hop_parse(&hop, slice_str(want)), 0);
	assert_true(sip_hop_same(&client, &hop));
}

static void version_1(void **state)
{
	static const char *const lines[][2] = {
		{ "PROXY TCP4 192.0.2.1 198.51.100.1 40000 5060\r\n", "tcp:192.0.2.1:40000" },
		{ "PROXY TCP6 2001:db8::1 2001:db8::2 65535 5060\r\n", "tcp:[2001:db8::1]:65535" },
		{ "PROXY UNKNOWN\r\n", "" },
		{ "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		says(lines[i][0], strlen(lines[i][0]), lines[i][1]);
}

static void version_2(void **state)
{
	static const char four[] = SIGNATURE "\x21\x11\x00\x0c" "\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x13\xc4";
	static const char more[] = SIGNATURE "\x21\x11\x00\x10" "\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x13\xc4" "\x04\x00\x01x";
	static const char six[] = SIGNATURE "\x21\x21\x00\x24" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
				  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02" "\x9c\x40\x13\xc4";
	static const char local[] = SIGNATURE "\x20\x00\x00\x00";

	(void)state;
	says(four, sizeof(four) - 1, "tcp:192.0.2.1:40000");
	says(more, sizeof(more) - 1, "tcp:192.0.2.1:40000");
	says(six, sizeof(six) - 1, "tcp:[2001:db8::1]:40000");
	says(local, sizeof(local) - 1, "");
}

static void nonsense_is_refused(void **state)
{
	static const struct slice bad[] = {
		BYTES("OPTIONS sip:a SIP/2.0\r\n"),
		BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 40000\r\n"),
		BYTES("PROXY TCP4 2001:db8::1 2001:db8::2 40000 5060\r\n"),
		BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 0 5060\r\n"),
		BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 70000 5060\r\n"),
		BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 40000 5060\n"),
		BYTES("PROXY UDP4 192.0.2.1 198.51.100.1 40000 5060\r\n"),
		BYTES(SIGNATURE "\x11\x11\x00\x0c" "\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x13\xc4"), /* version 1 in a binary head */
		BYTES(SIGNATURE "\x22\x11\x00\x0c" "\xc0\x00\x02\x01\xc6\x33\x64\x01\x9c\x40\x13\xc4"), /* an unknown command */
		BYTES(SIGNATURE "\x21\x11\x00\x04" "\xc0\x00\x02\x01"),                                 /* too short for addresses */
		BYTES(SIGNATURE "\x21\x11\xff\xff"),                                                    /* too long for anybody */
	};
	static char endless[200];
	struct sip_hop client;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (fed(bad[i].p, bad[i].n, &client) != RT_BAD || !sip_hop_same(&client, &balancer))
			fail_msg("case %zu is accepted", i);
	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "PROXY ", 6);
	assert_int_equal(fed(endless, sizeof(endless), &client), RT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_2),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
