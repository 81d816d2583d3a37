/* SPDX-License-Identifier: MIT */
/*
 * fuzz_parcel: any bytes as a pack from another process, and as a record of the key `nodes`.
 *
 *   input   | kind 1 | bytes ... |     kind 'p': a pack as it came; 'P': with magic, version and size put right, so that
 *                                      the engine gets past them; anything else: a record's JSON
 *
 * What must hold: no read outside the bytes; every parcel lies whole within the pack and after the last; whatever passes
 * may be asked anything; a record that reads, reads the same from what it renders.
 */
#include <stdlib.h>

#include "wire/members.h"
#include "wire/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int truth)
{
	if (!truth)
		abort();
}

static volatile unsigned sink;

static void touch(struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++)
		sink += (unsigned char)s.p[i];
}

static void ask_everything(const struct wire_parcel *in)
{
	const struct sip_msg *m = &in->msg;

	touch(m->text);
	touch(in->name);
	touch(slice_str(wire_verb_name(in->head->verb)));
	touch(sip_transport_param((enum sip_transport)in->head->remote.proto));
	if (!m->index)
		return;
	touch(sip_msg_body(m));
	touch(sip_msg_target(m));
	touch(sip_msg_method(m));
	for (int id = 0; id < SIP_HDR_COUNT; id++)
		for (int f = sip_msg_first(m, (enum sip_hdr)id); f >= 0; f = sip_msg_next(m, f))
			touch(sip_msg_value(m, f));
	sink += (unsigned)wire_request_key(m);
}

static void walk_pack(char *p, size_t n, int repair)
{
	struct wire_pack_head head;
	struct wire_walk walk;
	struct wire_parcel in;
	const char *after;
	int got;

	if (repair && n >= sizeof(head)) {
		struct wire_pack good;

		wire_pack_init(&good);
		must(wire_pack_add(&good, &(struct wire_head){ .verb = WIRE_ECHO }, 0) == 0);
		memcpy(&head, good.p, sizeof(head));
		wire_pack_clear(&good);
		memcpy(&head.count, p + offsetof(struct wire_pack_head, count), sizeof(head.count));
		head.size = (uint32_t)n;
		memcpy(p, &head, sizeof(head));
	}
	if (wire_walk_open(&walk, p, n))
		return;
	after = p + sizeof(head);
	while ((got = wire_walk_next(&walk, &in, false)) == 1) {
		must((const char *)in.head == after);
		after += in.head->size;
		must(after <= p + n && in.msg.text.p + in.msg.text.n + in.name.n <= after);
		ask_everything(&in);
	}
	must(got == 0 || got == RT_BAD);
}

static void read_record(struct slice json)
{
	static char room[16384];
	struct wire_member m, again;
	struct rt_cursor c = rt_cursor_on(room, sizeof(room));

	if (wire_member_parse(&m, json))
		return;
	must(m.id > 0 && m.id < 1 << 24 && m.tier < WIRE_TIERS && m.nlistener <= WIRE_LISTENERS_MAX);
	must(wire_member_render(&m, &c) == 0);
	must(wire_member_parse(&again, rt_cursor_text(&c)) == 0);
	must(memcmp(&m, &again, offsetof(struct wire_member, host)) == 0 && strcmp(m.host, again.host) == 0);
	must(strcmp(m.ipc, again.ipc) == 0 && strcmp(m.tcp, again.tcp) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy; /* aligned, and its end is the end of the block */

	if (n < 2)
		return 0;
	copy = malloc(n - 1);
	memcpy(copy, data + 1, n - 1);
	if (data[0] == 'p' || data[0] == 'P')
		walk_pack(copy, n - 1, data[0] == 'P');
	else
		read_record(slice_of(copy, (uint32_t)(n - 1)));
	free(copy);
	return 0;
}
