/* SPDX-License-Identifier: MIT */
/* What is told to others: never an address they cannot reach. */
#include "kit/test.h"

#include "advertise.h"

static struct sip_hop hop(const char *text)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_parse(&h, slice_str(text)), 0);
	return h;
}

/* "host:port" of a listener, or the error. */
static const char *found(const char *listen, const char *word, const struct local_address *here)
{
	static char text[400], error[256];
	struct wire_listener l = { .local = hop(listen) };
	struct svc_words words = { .n = *word ? 1 : 0, .word[0] = slice_str(word) };

	if (advertise_check(&words, &l, 1, error) < 0 || advertise_find(&l, &words, here, error) < 0)
		snprintf(text, sizeof(text), "! %s", error);
	else
		snprintf(text, sizeof(text), "%s:%u", l.host, l.port);
	return text;
}

static const struct local_address nowhere = { .container = false };

static struct local_address machine(bool container)
{
	struct local_address here = { .container = container };

	here.route[0] = hop("udp:192.0.2.10:1");
	here.global[0] = hop("udp:10.9.9.9:1");
	here.global[1] = hop("udp:[2001:db8::10]:1");
	return here;
}

static void specific_addresses_speak_for_themselves(void **state)
{
	const struct local_address inside = machine(true);

	(void)state;
	assert_string_equal(found("udp:127.0.0.1:5060", "", &nowhere), "127.0.0.1:5060");
	assert_string_equal(found("tcp:[::1]:5070", "", &nowhere), "[::1]:5070");
	assert_string_equal(found("udp:172.17.0.2:5060", "", &inside), "172.17.0.2:5060");
}

static void wildcards_take_the_way_out(void **state)
{
	const struct local_address here = machine(false);

	(void)state;
	assert_string_equal(found("udp:0.0.0.0:5060", "", &here), "192.0.2.10:5060");
	assert_string_equal(found("tls:[::]:5061", "", &here), "[2001:db8::10]:5061");
	assert_string_equal(found("udp:0.0.0.0:5060", "", &nowhere), "127.0.0.1:5060");
	assert_string_equal(found("udp:[::]:5060", "", &nowhere), "[::1]:5060");
}

static void a_container_must_be_told(void **state)
{
	const struct local_address inside = machine(true);

	(void)state;
	assert_non_null(strstr(found("udp:0.0.0.0:5060", "", &inside), "PEAL_TRANSPORT_ADVERTISE="));
	assert_string_equal(found("udp:0.0.0.0:5060", "203.0.113.5", &inside), "203.0.113.5:5060");
}

static void words_win(void **state)
{
	const struct local_address here = machine(false);

	(void)state;
	assert_string_equal(found("udp:0.0.0.0:5060", "sip.example.com", &here), "sip.example.com:5060");
	assert_string_equal(found("tcp:0.0.0.0:5060", "sip.example.com:5080", &here), "sip.example.com:5080");
	assert_string_equal(found("tls:0.0.0.0:5061", "sip.example.com:5080", &here), "sip.example.com:5061");
	assert_string_equal(found("tls:0.0.0.0:5061", "tls:0.0.0.0:5061=sip.example.com:443", &here), "sip.example.com:443");
	assert_string_equal(found("udp:[::]:5060", "203.0.113.5", &here), "[2001:db8::10]:5060"); /* another family */
	assert_string_equal(found("udp:[::]:5060", "[2001:db8::5]:5090", &here), "[2001:db8::5]:5090");
	assert_string_equal(found("udp:[::]:5060", "2001:db8::5", &here), "[2001:db8::5]:5060");
	assert_string_equal(found("udp:127.0.0.1:5060", "udp:127.0.0.1:5060=sip.example.com", &here), "sip.example.com:5060");
}

static void words_without_sense_are_refused(void **state)
{
	static const char *const words[] = { "0.0.0.0", "0.0.0.0:5060", "[::]", "255.255.255.255", "224.0.1.75", "sip.example.com:0",
					     "sip.example.com:", "sip.example.com:70000", "[2001:db8::5", "a b", "under_score",
					     "udp:192.0.2.99:5060=sip.example.com", "udp=sip.example.com", "=", "" };

	(void)state;
	for (size_t i = 0; words[i][0]; i++)
		if (found("udp:127.0.0.1:5060", words[i], &nowhere)[0] != '!')
			fail_msg("%s is accepted", words[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specific_addresses_speak_for_themselves),
		cmocka_unit_test(wildcards_take_the_way_out),
		cmocka_unit_test(a_container_must_be_told),
		cmocka_unit_test(words_win),
		cmocka_unit_test(words_without_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
