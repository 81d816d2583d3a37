/* SPDX-License-Identifier: MIT */
/* answer: responses byte by byte, honest and hostile. */
#include "kit/guard.h"
#include "kit/test.h"

#include "answer.h"

static struct dns_reading out;

/* Bytes in hex; blanks are for the reader, a quoted word is itself with its length before it. */
static uint32_t bytes_of(const char *text, uint8_t *to)
{
	uint32_t n = 0;

	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (*text == '\'') {
			const size_t len = strcspn(text + 1, "'");

			to[n++] = (uint8_t)len;
			memcpy(to + n, text + 1, len);
			n += (uint32_t)len;
			text += len + 2;
		} else {
			const char two[3] = { text[0], text[1], 0 };

			to[n++] = (uint8_t)strtoul(two, 0, 16);
			text += 2;
		}
	}
	return n;
}

static const struct dns_answer *read_hex(enum dns_type type, const char *name, const char *text)
{
	uint8_t bytes[1024];

	dns_answer_read(&out, type, slice_str(name), bytes, bytes_of(text, bytes));
	return &out.answer;
}

#define HEAD(answers, authorities) "1234 8180 0001 " answers " " authorities " 0000 "
#define ASK(type)		   "'example' 'test' 00 " type " 0001 " /* at offset 12 */

static void addresses(void **state)
{
	const struct dns_answer *a = read_hex(DNS_A, "Example.TEST", HEAD("0002", "0000") ASK("0001")
		"c00c 0001 0001 0000003c 0004 c0000201  c00c 0001 0001 0000001e 0004 c0000202");

	(void)state;
	assert_int_equal(a->err, 0);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->ttl, 30); /* the least of them */
	assert_memory_equal(a->record[1].ip, "\xc0\x00\x02\x02", 4);
	a = read_hex(DNS_AAAA, "example.test", HEAD("0001", "0000") ASK("001c")
		"c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001");
	assert_int_equal(a->n, 1);
	assert_int_equal(a->record[0].ip[15], 1);
}

static void rfc2782_service(void **state)
{
	const struct dns_answer *a = read_hex(DNS_SRV, "example.test", HEAD("0002", "0000") ASK("0021")
		"c00c 0021 0001 0000003c 000f 0001 0002 13c4 'Server' c00c  c00c 0021 0001 0000003c 0007 0000 0000 0000 00");

	(void)state;
	assert_int_equal(a->n, 2);
	assert_int_equal(a->record[0].order, 1);
	assert_int_equal(a->record[0].preference, 2);
	assert_int_equal(a->record[0].port, 5060);
	assert_text(a->record[0].name, "server.example.test");
	assert_int_equal(a->record[1].name.n, 0); /* the root: decidedly no service */
}

static void rfc3403_naptr(void **state)
{
	const struct dns_answer *a = read_hex(DNS_NAPTR, "example.test", HEAD("0002", "0000") ASK("0023")
		"c00c 0023 0001 0000003c 001b 0032 000a 'S' 'SIPS+D2T' '' '_sips' '_x' c00c "
		"c00c 0023 0001 0000003c 0016 0032 000a '' '' '!^.*$!sip:a@b!' 00");

	(void)state;
	assert_int_equal(a->n, 2);
	assert_int_equal(a->record[0].order, 50);
	assert_int_equal(a->record[0].preference, 10);
	assert_int_equal(a->record[0].flag, 's');
	assert_text(a->record[0].service, "SIPS+D2T");
	assert_text(a->record[0].name, "_sips._x.example.test");
	assert_int_equal(a->record[1].flag, 0);
}

static void aliases_are_followed_and_others_names_are_not_believed(void **state)
{
	const struct dns_answer *a = read_hex(DNS_A, "example.test", HEAD("0003", "0000") ASK("0001")
		"c00c 0005 0001 00000005 0007 'other' 00  'other' 00 0001 0001 0000003c 0004 c0000201 "
		"'evil' 00 0001 0001 0000003c 0004 06060606");

	(void)state;
	assert_int_equal(a->n, 1);
	assert_int_equal(a->record[0].ip[0], 0xc0);
	assert_int_equal(a->ttl, 5);
	a = read_hex(DNS_A, "example.test", HEAD("0001", "0000") ASK("0001") "c00c 0005 0001 00000005 0002 c00c");
	assert_int_equal(a->err, RT_ABSENT); /* an alias of itself */
}

/* RFC 2308 5: "the minimum of the MINIMUM field of the SOA record and the TTL of the SOA itself" */
static void rfc2308_negative(void **state)
{
	const struct dns_answer *a = read_hex(DNS_A, "example.test", "1234 8183 0001 0000 0001 0000 " ASK("0001")
		"c014 0006 0001 00000064 0016 00 00 00000001 00000001 00000001 00000001 00000007");

	(void)state;
	assert_int_equal(a->err, RT_ABSENT);
	assert_int_equal(a->ttl, 7);
	a = read_hex(DNS_A, "example.test", HEAD("0000", "0000") ASK("0001"));
	assert_int_equal(a->err, RT_ABSENT);
	assert_int_equal(a->ttl, 30);
	a = read_hex(DNS_A, "example.test", HEAD("0000", "0001") ASK("0001")
		"c014 0006 0001 000f4240 0016 00 00 00000001 00000001 00000001 00000001 000f4240");
	assert_int_equal(a->ttl, 300);
}

static void servers_that_cannot_say(void **state)
{
	(void)state;
	assert_int_equal(read_hex(DNS_A, "example.test", "1234 8182 0001 0000 0000 0000 " ASK("0001"))->err, RT_DOWN);
	assert_int_equal(read_hex(DNS_A, "example.test", "1234 8185 0001 0000 0000 0000 " ASK("0001"))->err, RT_DOWN);
	assert_int_equal(read_hex(DNS_A, "example.test", "1234")->err, RT_DOWN);
	assert_int_equal(read_hex(DNS_A, "example.test", "")->err, RT_DOWN);
}

static void lies_about_lengths_and_pointers(void **state)
{
	static const char *const lie[] = {
		HEAD("0001", "0000") ASK("0001") "c00c 0001 0001 0000003c 0004 c00002",           /* data cut */
		HEAD("0001", "0000") ASK("0001") "c00c 0001 0001 0000003c ffff c0000201",         /* length past the end */
		HEAD("0001", "0000") ASK("0001") "c00c 0001 0001 0000003c 0003 c00002",           /* an address of three bytes */
		HEAD("ffff", "0000") ASK("0001"),                                                 /* records that are not there */
		HEAD("0001", "0000") ASK("0001") "c01e 0001 0001 0000003c 0004 c0000201",         /* a pointer to itself */
		HEAD("0001", "0000") ASK("0001") "ffff 0001 0001 0000003c 0004 c0000201",         /* past the end */
		HEAD("0001", "0000") ASK("0001") "40 00",                                         /* a label of a kind that is none */
		HEAD("0001", "0000") ASK("0001") "'ex ample' 00 0001 0001 0000003c 0004 c0000201",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++)
		assert_int_equal(read_hex(DNS_A, "example.test", lie[i])->n, 0);
	/* an SRV target that runs out of its record */
	assert_int_equal(read_hex(DNS_SRV, "example.test", HEAD("0001", "0000") ASK("0021")
		"c00c 0021 0001 0000003c 0009 0001 0002 13c4 'server' c00c")->n, 0);
}

static void more_records_than_we_take(void **state)
{
	uint8_t bytes[4096];
	uint32_t n = bytes_of(HEAD("0050", "0000") ASK("0001"), bytes);

	(void)state;
	for (int i = 0; i < 80; i++)
		n += bytes_of("c00c 0001 0001 0000003c 0004 c0000201", bytes + n);
	dns_answer_read(&out, DNS_A, SLICE("example.test"), bytes, n);
	assert_int_equal(out.answer.n, DNS_RECORDS_MAX);
}

/* Cut everywhere and changed everywhere, against a guard page: no byte outside is read, nothing runs for ever. */
static void every_cut_and_every_change(void **state)
{
	uint8_t bytes[512];
	const uint32_t n = bytes_of(HEAD("0002", "0001") ASK("0023")
		"c00c 0023 0001 0000003c 001b 0032 000a 'S' 'SIPS+D2T' '' '_sips' '_x' c00c "
		"c00c 0005 0001 00000005 0007 'other' 00 "
		"c014 0006 0001 00000064 0016 00 00 00000001 00000001 00000001 00000001 00000007", bytes);
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };

	(void)state;
	for (uint32_t cut = 0; cut <= n; cut++) {
		const struct slice s = guard_copy(slice_of((const char *)bytes, cut));

		for (int t = 0; t < 4; t++)
			dns_answer_read(&out, types[t], SLICE("example.test"), (const uint8_t *)s.p, s.n);
	}
	for (uint32_t at = 0; at < n; at++)
		for (int to = 0; to < 256; to++) {
			const uint8_t was = bytes[at];
			struct slice s;

			bytes[at] = (uint8_t)to;
			s = guard_copy(slice_of((const char *)bytes, n));
			for (int t = 0; t < 4; t++)
				dns_answer_read(&out, types[t], SLICE("example.test"), (const uint8_t *)s.p, s.n);
			bytes[at] = was;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(rfc2782_service),
		cmocka_unit_test(rfc3403_naptr),
		cmocka_unit_test(aliases_are_followed_and_others_names_are_not_believed),
		cmocka_unit_test(rfc2308_negative),
		cmocka_unit_test(servers_that_cannot_say),
		cmocka_unit_test(lies_about_lengths_and_pointers),
		cmocka_unit_test(more_records_than_we_take),
		cmocka_unit_test(every_cut_and_every_change),
	};

	return cmocka_run_group_tests_name("dns/answer", tests, 0, 0);
}
