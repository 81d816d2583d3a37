/* SPDX-License-Identifier: MIT */
/*
 * fuzz_msg: any bytes as a message; then its index with a few bytes changed, as another process might send it.
 *
 *   input   | text ... | 0xff | position 2, xor 1 | position 2, xor 1 | ...      from the last 0xff on: changes
 *
 * What must hold: no read outside the text; a parse that says yes gives an index that passes its own check, lies in
 * order, and frames as the stream reader frames it; whatever passes the check is safe to ask anything.
 */
#include <stdlib.h>

#include "sip/frame.h"
#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

static unsigned touch(struct slice s)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static unsigned ask_everything(const struct sip_msg *m)
{
	const struct sip_facts *f = &m->index->facts;
	unsigned sum = touch(sip_msg_body(m)) + touch(sip_msg_method(m)) + touch(sip_msg_target(m)) +
		       touch(sip_msg_span(m, f->via_host)) + touch(sip_msg_span(m, f->via_branch)) +
		       touch(sip_msg_span(m, f->from_tag)) + touch(sip_msg_span(m, f->to_tag)) +
		       touch(sip_msg_span(m, f->uri_user)) + touch(sip_msg_span(m, f->uri_host));

	for (int id = 0; id < SIP_HDR_COUNT; id++) {
		sum += (unsigned)sip_msg_count(m, (enum sip_hdr)id);
		sum += touch(sip_msg_get(m, (enum sip_hdr)id));
		sum += sip_msg_lists(m, (enum sip_hdr)id, SLICE("path"));
		for (int i = sip_msg_first(m, (enum sip_hdr)id); i >= 0; i = sip_msg_next(m, i))
			sum += touch(sip_msg_value(m, i));
	}
	return sum + touch(sip_msg_get_other(m, SLICE("x-other")));
}

/* What an accepted message promises. */
static void check_promises(const struct sip_msg *m)
{
	const struct sip_index *x = m->index;

	must(x->body_at == x->head_n && m->text.n == x->head_n + x->body_n);
	must(x->facts.via_host.n > 0);
	must(sip_msg_count(m, SIP_HDR_FROM) == 1 && sip_msg_count(m, SIP_HDR_TO) == 1);
	must(sip_msg_count(m, SIP_HDR_CSEQ) == 1 && sip_msg_count(m, SIP_HDR_CALL_ID) == 1);
	must(sip_msg_method(m).n > 0);
	if (sip_msg_has(m, SIP_HDR_CONTENT_LENGTH)) { /* a stream would cut it at the same place */
		struct sip_frame f = { 0 };
		struct slice out;
		uint32_t used, ping;

		must(sip_frame_cut(&f, m->text, &out, &used, &ping) == 0);
		must(out.n == m->text.n && used == m->text.n && ping == 0);
	}
}

static void change_index(const struct sip_msg *m, const uint8_t *change, size_t n)
{
	struct sip_index copy = { 0 };
	const size_t bytes = SIP_INDEX_BYTES(m->index->nfield);

	memcpy(&copy, m->index, bytes);
	for (; n >= 3; change += 3, n -= 3)
		((uint8_t *)&copy)[(change[0] | (size_t)change[1] << 8) % bytes] ^= change[2];
	if (sip_msg_check(&copy, bytes, m->text.n) == 0)
		(void)ask_everything(&(struct sip_msg){ m->text, &copy });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *mark = memrchr(data, 0xff, n);
	const size_t text_n = mark ? (size_t)(mark - data) : n;
	char *text = malloc(text_n ? text_n : 1); /* its end is the text's end, for the sanitizer to see */
	struct sip_index room;
	struct sip_msg m = { 0 };
	struct sip_fault why = { 0 };
	int rc;

	memcpy(text, data, text_n);
	memset(&room, 0xa5, sizeof(room));
	rc = sip_msg_parse(&m, &room, slice_of(text, (uint32_t)text_n), &why);
	must((rc == 0) == (why.rule == 0));
	must((rc < 0 && why.status == 0) == (m.index == 0));
	if (m.index) {
		must(sip_msg_check(&room, SIP_INDEX_BYTES(room.nfield), m.text.n) == 0);
		(void)ask_everything(&m);
		change_index(&m, data + text_n, n - text_n);
	}
	if (rc == 0)
		check_promises(&m);
	else
		must(why.at <= text_n);
	free(text);
	return 0;
}
