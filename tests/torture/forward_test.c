/* SPDX-License-Identifier: MIT */
/* forward_test: every message of RFC 4475 and RFC 5118 that is accepted is forwarded whole; every request that is not is answered. */
#include <dirent.h>

#include "kit/file.h"
#include "kit/same_index.h"
#include "kit/test.h"
#include "sip/draft.h"

static struct rt_arena *arena;

static void assert_whole(const char *name, const struct sip_msg *m)
{
	const char *const fault = same_index(m);

	if (fault)
		fail_msg("%s: %s in\n" SLICE_FMT, name, fault, SLICE_ARG(m->text));
}

/* All values but those a hop changes, byte for byte and in order. */
static void assert_carried(const char *name, const struct sip_msg *in, const struct sip_msg *out)
{
	for (int id = 0; id < SIP_HDR_COUNT; id++) {
		int f = sip_msg_first(in, (enum sip_hdr)id), g = sip_msg_first(out, (enum sip_hdr)id);

		if (id == SIP_HDR_MAX_FORWARDS || id == SIP_HDR_CONTENT_LENGTH)
			continue;
		if (id == SIP_HDR_VIA || id == SIP_HDR_RECORD_ROUTE)
			g = sip_msg_next(out, g);
		if (id == SIP_HDR_ROUTE && f >= 0)
			f = sip_msg_next(in, f);
		for (; f >= 0 && g >= 0; f = sip_msg_next(in, f), g = sip_msg_next(out, g))
			if (!slice_eq(sip_msg_value(in, f), sip_msg_value(out, g)))
				fail_msg("%s: %s changed", name, sip_hdr_name((enum sip_hdr)id).p);
		if (f >= 0 || g >= 0)
			fail_msg("%s: %s lost or gained a value", name, sip_hdr_name((enum sip_hdr)id).p);
	}
	assert_true(slice_eq(sip_msg_body(in), sip_msg_body(out)));
}

static void forward(const char *name, const struct sip_msg *in)
{
	struct sip_draft *const d = sip_draft_from(arena, in);
	struct sip_msg out;

	if (sip_msg_is_request(in)) {
		sip_draft_target(d, SLICE("sips:next@[2001:db8::1]:5061;lr"));
		sip_draft_set(d, SIP_HDR_MAX_FORWARDS, SLICE("69"));
	}
	sip_draft_push(d, SIP_HDR_RECORD_ROUTE, SLICE("<sip:peal.example.com;lr>"));
	sip_draft_pop(d, SIP_HDR_ROUTE);
	sip_draft_push(d, SIP_HDR_VIA, SLICE("SIP/2.0/TLS peal.example.com;branch=z9hG4bKpeal"));
	assert_int_equal(sip_draft_render(d, arena, &out), 0);
	assert_whole(name, &out);
	assert_carried(name, in, &out);
}

/* Every Via in order, 8.2.6.2. */
static void answer(const char *name, const struct sip_msg *in, bool accepted)
{
	struct sip_draft *const d = sip_draft_reply(arena, in, 400, SLICE_NONE, SLICE("peal"));
	struct sip_msg out;
	int f = sip_msg_first(in, SIP_HDR_VIA);

	assert_int_equal(sip_draft_render(d, arena, &out), 0);
	assert_int_equal(sip_msg_check(out.index, SIP_INDEX_BYTES(out.index->nfield), out.text.n), 0);
	if (accepted)
		assert_whole(name, &out);
	for (int g = sip_msg_first(&out, SIP_HDR_VIA); f >= 0; f = sip_msg_next(in, f), g = sip_msg_next(&out, g))
		assert_true(g >= 0 && slice_eq(sip_msg_value(in, f), sip_msg_value(&out, g)));
}

static bool is_vector(const char *name)
{
	const size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".dat") == 0;
}

/* returns how many were accepted. */
static int run_folder(const char *folder)
{
	DIR *const dir = opendir(folder);
	int accepted = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir)) != 0;) {
		char path[512];
		struct sip_index room;
		struct sip_fault why = { 0 };
		struct sip_msg m;
		struct slice file;
		int err;

		if (!is_vector(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		file = kit_file_read(path);
		assert_true(slice_present(file));
		err = sip_msg_parse(&m, &room, file, &why);
		if (err == 0)
			forward(e->d_name, &m);
		if (err == 0 ? sip_msg_is_request(&m) : why.status != 0)
			answer(e->d_name, &m, err == 0);
		accepted += err == 0;
		rt_arena_reset(arena);
		free((void *)(uintptr_t)file.p);
	}
	closedir(dir);
	return accepted;
}

static void torture_is_forwarded_or_answered_rfc4475(void **state)
{
	(void)state;
	assert_in_range(run_folder(PEAL_SOURCE_DIR "/tests/torture/rfc4475"), 25, 49);
}

static void ipv6_torture_is_forwarded_or_answered_rfc5118(void **state)
{
	(void)state;
	assert_in_range(run_folder(PEAL_SOURCE_DIR "/tests/torture/rfc5118"), 9, 12);
}

static int setup(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 18);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(torture_is_forwarded_or_answered_rfc4475),
		cmocka_unit_test(ipv6_torture_is_forwarded_or_answered_rfc5118),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
