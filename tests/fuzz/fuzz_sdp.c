/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sdp: any bytes as a session description, and as a RAck.
 *
 * What must hold: no read outside the text; every slice lies inside it; the answer to what reads as an offer reads again, with as many
 * streams, of which one is accepted and every other refused.
 */
#include <stdlib.h>

#include "ua/rel_uas.h"
#include "ua/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ANSWER_MAX = 1 << 17 };

static void must(int truth)
{
	if (!truth)
		abort();
}

static void inside(struct slice whole, struct slice part)
{
	must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void answer(const struct ua_sdp *offer)
{
	struct ua_sdp_local me = { .id = 1, .version = 1 };
	char *const room = malloc(ANSWER_MAX);
	struct rt_cursor c = rt_cursor_on(room, ANSWER_MAX);
	struct ua_sdp back;
	const int audio = ua_sdp_audio(offer);

	must(sip_hop_ip(&me.addr, SLICE("192.0.2.1"), SIP_UDP, 4000) == 0);
	must(ua_sdp_answer(&c, offer, &me) == (audio < 0 ? RT_ABSENT : 0));
	if (audio >= 0 && !c.err) {
		must(ua_sdp_parse(&back, rt_cursor_text(&c)) == 0);
		must(back.n == offer->n);
		for (int i = 0; i < back.n; i++)
			must(back.media[i].port == (i == audio ? 4000 : 0));
	}
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *const exact = malloc(n ? n : 1);
	const struct slice text = { exact, (uint32_t)n };
	struct ua_sdp sdp;
	struct ua_rack rack;

	memcpy(exact, data, n);
	if (ua_sdp_parse(&sdp, text) == 0) {
		inside(text, sdp.origin);
		for (int i = 0; i < sdp.n; i++) {
			inside(text, sdp.media[i].kind);
			inside(text, sdp.media[i].proto);
			inside(text, sdp.media[i].formats);
			inside(text, sdp.media[i].lines);
		}
		answer(&sdp);
	}
	if (ua_rack_parse(&rack, text) == 0)
		inside(text, rack.method);
	free(exact);
	return 0;
}
