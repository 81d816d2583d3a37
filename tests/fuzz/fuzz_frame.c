/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame: any bytes as a stream, read in any pieces.
 *
 *   input   | seed of the piece sizes 1 | stream ... |
 *
 * What must hold: the messages, pings and final verdict are the same for one big read, for one byte at a time and for
 * random pieces; nothing is dropped and nothing is read twice.
 */
#include <stdlib.h>

#include "rt/hash.h"
#include "sip/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

struct tally {
	uint64_t messages; /* a running hash of their texts */
	uint32_t pings, left;
	int verdict; /* RT_MORE, or the fault that closed the stream */
};

/* Cut all that can be cut from `have` bytes; returns what remains. */
static size_t drain(struct tally *t, struct sip_frame *f, const char *at, size_t have)
{
	for (;;) {
		char *exact = malloc(have ? have : 1);
		struct slice out = SLICE_NONE;
		uint32_t used = 0, ping = 0;

		memcpy(exact, at, have);
		t->verdict = sip_frame_cut(f, slice_of(exact, (uint32_t)have), &out, &used, &ping);
		if (t->verdict == 0) {
			must(used > 0 && used <= have && slice_present(out));
			must(out.n == 0 || (out.p >= exact && out.p + out.n == exact + used));
			if (out.n)
				t->messages = rt_mix(t->messages, rt_hash((struct rt_key){ 1, 2 }, out.p, out.n));
			t->pings += ping;
		}
		free(exact);
		if (t->verdict < 0)
			return have;
		at += used;
		have -= used;
	}
}

static struct tally read_stream(const char *p, size_t n, uint64_t pieces)
{
	struct tally t = { .verdict = RT_MORE };
	struct sip_frame f = { 0 };
	size_t begin = 0, end = 0;

	while (end < n && t.verdict == RT_MORE) {
		size_t piece = n;

		if (pieces) {
			pieces = rt_mix(pieces, 1);
			piece = pieces % 3 ? pieces % 7 + 1 : pieces % 200 + 1;
		}
		end = piece > n - end ? n : end + piece;
		begin = end - drain(&t, &f, p + begin, end - begin);
	}
	t.left = t.verdict == RT_MORE ? (uint32_t)(n - begin) : 0;
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tally whole, pieces;

	if (n < 1 || n > 4096)
		return 0;
	whole = read_stream((const char *)data + 1, n - 1, 0);
	pieces = read_stream((const char *)data + 1, n - 1, data[0] + 1u);
	must(whole.verdict == pieces.verdict && whole.messages == pieces.messages);
	must(whole.left == pieces.left);
	if (whole.verdict == RT_MORE) /* a stream that is closed owes no pong */
		must(whole.pings == pieces.pings);
	return 0;
}
