/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dns: any bytes as a response of a name server.
 *
 *   input   | type: 1 byte | response |
 *
 * What must hold: no read outside the response; every name lies in the reading, is lower case and no longer than a name may be;
 * an order names each record at most once (SRV: exactly once), best first.
 */
#include <stdlib.h>

#include "order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void check_text(const struct dns_reading *r, struct slice s, bool name)
{
	must(s.n == 0 || (s.p >= r->text && s.p + s.n <= r->text + r->text_n));
	must(s.n <= DNS_NAME_MAX);
	for (uint32_t i = 0; name && i < s.n; i++)
		must(!(s.p[i] >= 'A' && s.p[i] <= 'Z') && s.p[i] > ' ');
}

static void check_srv(const struct dns_answer *a)
{
	uint8_t picked[DNS_RECORDS_MAX];
	uint64_t seen = 0;
	const uint32_t n = dns_order_srv(a, a->ttl, picked);

	must(n == a->n);
	for (uint32_t i = 0; i < n; i++) {
		must(picked[i] < n && !(seen >> picked[i] & 1));
		must(i == 0 || a->record[picked[i - 1]].order <= a->record[picked[i]].order);
		seen |= (uint64_t)1 << picked[i];
	}
}

static void check_naptr(const struct dns_answer *a, bool sips)
{
	uint8_t picked[DNS_RECORDS_MAX], proto[DNS_RECORDS_MAX];
	const uint32_t n = dns_order_naptr(a, sips, 0xff, picked, proto);

	must(n <= a->n);
	for (uint32_t i = 0; i < n; i++) {
		must(picked[i] < a->n && proto[i] && a->record[picked[i]].name.n);
		must(a->record[picked[i]].order == a->record[picked[0]].order);
		must(!sips || proto[i] == SIP_TLS || proto[i] == SIP_WSS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };
	static struct dns_reading r;
	const struct dns_answer *a = &r.answer;
	uint8_t *exact;

	if (n < 1 || n > 65536)
		return 0;
	exact = malloc(n);
	memcpy(exact, data, n);
	dns_answer_read(&r, types[data[0] % 4], SLICE("example.test"), exact + 1, (uint32_t)n - 1);
	must(a->n <= DNS_RECORDS_MAX && (a->n > 0) == (a->err == 0));
	for (uint32_t i = 0; i < a->n; i++) {
		check_text(&r, a->record[i].name, true);
		check_text(&r, a->record[i].service, false);
	}
	check_srv(a);
	check_naptr(a, false);
	check_naptr(a, true);
	free(exact);
	return 0;
}
