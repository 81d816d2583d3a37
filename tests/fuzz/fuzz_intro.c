/* SPDX-License-Identifier: MIT */
/*
 * fuzz_intro: any bytes as what a load balancer says first (PROXY protocol, versions 1 and 2).
 *
 *   input   | introduction, and whatever follows it ... |
 *
 * What must hold: it is asked for at least one byte more, never for more than INTRO_MAX in all, and never for one that does not belong
 * to the introduction; verdict, client and length are the same whether the kernel gives all that was asked for or a byte at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "intro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

struct reading {
	int verdict;
	uint32_t used;
	struct sip_hop client;
};

static struct reading read_all(const char *p, size_t n, uint32_t piece)
{
	struct reading r = { .verdict = RT_MORE, .client = { .proto = SIP_TCP, .family = 4, .port = 7 } };
	uint32_t need = 1;

	while (r.verdict == RT_MORE && r.used < n) {
		const uint32_t left = (uint32_t)n - r.used, asked = need < piece ? need : piece, got = asked < left ? asked : left;
		char *exact = malloc(r.used + got);

		r.used += got;
		memcpy(exact, p, r.used);
		r.verdict = intro_read(slice_of(exact, r.used), &r.client, &need);
		free(exact);
		must(r.verdict != RT_MORE || (need > 0 && r.used + need <= INTRO_MAX));
		must(r.verdict == 0 || r.verdict == RT_MORE || r.verdict == RT_BAD);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	const struct reading whole = read_all(p, n, INTRO_MAX), bytes = read_all(p, n, 1);

	must(whole.client.proto == SIP_TCP && (whole.client.family == 4 || whole.client.family == 6));
	must(whole.verdict == bytes.verdict && (whole.verdict != 0 || whole.used == bytes.used));
	if (whole.verdict == 0)
		must(memcmp(&whole.client, &bytes.client, sizeof(whole.client)) == 0);
	else
		must(whole.client.port == 7); /* nothing is believed by halves */
	return 0;
}
