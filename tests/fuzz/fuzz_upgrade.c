/* SPDX-License-Identifier: MIT */
/*
 * fuzz_upgrade: any bytes as the HTTP request that begins a WebSocket.
 *
 *   input   | 1: which origins are allowed | request ... |
 *
 * What must hold: a head is wanted to its end or its limit, then judged; the verdict, the answer and the bytes used are the same
 * whatever follows the head and in however many pieces it came; an answer is one whole HTTP response, 101 or a refusal; nobody is
 * let in without the sub-protocol sip.
 */
#include <stdlib.h>
#include <string.h>

#include "upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

struct verdict {
	int err;
	uint32_t used, out_n;
	char out[512];
};

/* As much memory as bytes, so that one too far is seen. */
static struct verdict judge(const char *p, size_t n, const struct svc_words *origins)
{
	char *const exact = malloc(n ? n : 1);
	struct verdict v = { .err = 0 };
	struct rt_cursor out = rt_cursor_on(v.out, sizeof(v.out));

	memcpy(exact, p, n);
	v.err = upgrade_answer(slice_of(exact, (uint32_t)n), origins, &out, &v.used);
	must(!out.err);
	v.out_n = out.n;
	free(exact);
	return v;
}

static bool holds(struct slice text, struct slice word)
{
	for (uint32_t i = 0; i + word.n <= text.n; i++)
		if (slice_starts_nocase(slice_from(text, i), word))
			return true;
	return false;
}

static void check_answer(const struct verdict *v)
{
	const struct slice text = slice_of(v->out, v->out_n);

	must(v->out_n > 16 && memcmp(v->out + v->out_n - 4, "\r\n\r\n", 4) == 0);
	must(slice_starts_nocase(text, v->err == 0 ? SLICE("HTTP/1.1 101 ") : SLICE("HTTP/1.1 4")));
	must(memmem(v->out, v->out_n - 4, "\r\n\r\n", 4) == 0); /* nothing of theirs splits our answer */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct svc_words any = { .n = 0 }, one = { .word = { SLICE("https://example.com") }, .n = 1 };
	const struct svc_words *const origins = n && data[0] & 1 ? &one : &any;
	const char *const p = (const char *)data + 1;
	struct verdict whole, part;

	if (n < 1 || n > 20000)
		return 0;
	n--;
	whole = judge(p, n, origins);
	if (whole.err == RT_MORE) {
		must(n < UPGRADE_HEAD_MAX && !whole.out_n);
		return 0;
	}
	must(whole.err == 0 || whole.err == RT_DENIED);
	must(whole.used > 0 && whole.used <= n);
	check_answer(&whole);
	must(whole.err != 0 || holds(slice_of(p, whole.used), SLICE("sip")));
	part = judge(p, whole.used, origins);
	must(part.err == whole.err && part.used == whole.used && part.out_n == whole.out_n && !memcmp(part.out, whole.out, part.out_n));
	if (whole.used < UPGRADE_HEAD_MAX)
		for (size_t i = 0; i < whole.used; i += 1 + i / 16)
			must(judge(p, i, origins).err == RT_MORE);
	return 0;
}
