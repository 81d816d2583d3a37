/* SPDX-License-Identifier: MIT */
/* torture: what the parser says to every message of RFC 4475 and RFC 5118, byte exact, each ending at a guard page. */
#include "kit/file.h"
#include "kit/guard.h"
#include "kit/test.h"
#include "sip/msg.h"

enum { DROPPED = 0, FINE = 1 }; /* instead of a status: cannot be answered; accepted */

struct vector {
	const char *file;    /* without .dat */
	int want;            /* FINE, DROPPED, or the status of the refusal */
	const char *rule;    /* of a refusal */
	int vias, contacts;  /* values that must be found when accepted */
};

static const struct vector rfc4475[] = {
	/* 3.1.1 valid messages */
	{ "wsinv", FINE, 0, 3, 1 },
	{ "intmeth", FINE, 0, 1, 0 },
	{ "esc01", FINE, 0, 1, 1 },
	{ "escnull", FINE, 0, 1, 2 },
	{ "esc02", FINE, 0, 1, 2 },
	{ "lwsdisp", FINE, 0, 1, 0 },
	{ "longreq", FINE, 0, 34, 1 },
	{ "dblreq", FINE, 0, 1, 1 },
	{ "semiuri", FINE, 0, 1, 0 },
	{ "transports", FINE, 0, 5, 0 },
	{ "mpart01", FINE, 0, 1, 1 },
	{ "unreason", FINE, 0, 1, 1 },
	{ "noreason", FINE, 0, 1, 1 },
	/* 3.1.2 invalid messages */
	{ "badinv01", 400, "Via", 0, 0 }, /* its parameters cannot be read, its sent-by can */
	{ "clerr", 400, "Content-Length", 0, 0 },
	{ "ncl", 400, "Content-Length", 0, 0 },
	{ "scalar02", 400, "CSeq", 0, 0 },
	{ "scalarlg", DROPPED, "CSeq", 0, 0 },
	{ "quotbal", 400, "To", 0, 0 },
	{ "ltgtruri", 400, "Request-URI", 0, 0 },
	{ "lwsruri", 400, "Request-URI", 0, 0 },
	{ "lwsstart", 400, "Request-URI", 0, 0 },
	{ "trws", 400, "SIP-Version", 0, 0 },
	{ "escruri", 400, "Request-URI", 0, 0 },
	{ "baddate", FINE, 0, 1, 1 }, /* Date is nobody's business here */
	{ "regbadct", 400, "Contact", 0, 0 },
	{ "badaspec", 400, "To", 0, 0 },
	{ "baddn", 400, "empty line", 0, 0 },
	{ "badvers", 505, "SIP-Version", 0, 0 },
	{ "mismatch01", 400, "CSeq.method", 0, 0 },
	{ "mismatch02", 400, "CSeq.method", 0, 0 },
	{ "bigcode", DROPPED, "Status-Line", 0, 0 },
	/* 3.2, 3.3 semantics: most are for the tiers to judge */
	{ "badbranch", FINE, 0, 1, 0 },
	{ "insuf", 400, "From", 0, 0 },
	{ "unkscm", FINE, 0, 1, 0 },
	{ "novelsc", FINE, 0, 1, 0 },
	{ "unksm2", FINE, 0, 1, 1 },
	{ "bext01", FINE, 0, 1, 0 },
	{ "invut", FINE, 0, 1, 1 },
	{ "regaut01", FINE, 0, 1, 0 },
	{ "multi01", 400, "CSeq", 0, 0 },
	{ "mcl01", 400, "Content-Length", 0, 0 },
	{ "bcast", FINE, 0, 2, 1 },
	{ "zeromf", FINE, 0, 1, 0 },
	{ "cparam01", FINE, 0, 1, 1 },
	{ "cparam02", FINE, 0, 1, 1 },
	{ "regescrt", FINE, 0, 1, 1 },
	{ "sdp01", FINE, 0, 1, 1 },
	{ "inv2543", FINE, 0, 1, 0 },
};

static const struct vector rfc5118[] = {
	{ "ipv6-good", FINE, 0, 1, 1 },                  /* 4.1 */
	{ "ipv6-bad", 400, "Request-URI", 0, 0 },        /* 4.2 */
	{ "port-ambiguous", FINE, 0, 1, 1 },             /* 4.3 */
	{ "port-unambiguous", FINE, 0, 1, 1 },           /* 4.4 */
	{ "via-received-param-with-delim", FINE, 0, 1, 0 }, /* 4.5 */
	{ "via-received-param-no-delim", FINE, 0, 1, 1 },
	{ "ipv6-in-sdp", FINE, 0, 1, 1 },                /* 4.6 */
	{ "mult-ip-in-header", FINE, 0, 3, 0 },          /* 4.7 */
	{ "mult-ip-in-sdp", FINE, 0, 1, 1 },             /* 4.8 */
	{ "ipv4-mapped-ipv6", FINE, 0, 2, 1 },           /* 4.9 */
	{ "ipv6-bug-abnf-3-colons", FINE, 0, 1, 0 },     /* 4.10 */
	{ "ipv6-correct-abnf-2-colons", FINE, 0, 1, 0 },
};

static struct slice load(const char *folder, const char *name)
{
	char path[512];
	struct slice file, guarded;

	snprintf(path, sizeof(path), "%s/tests/torture/%s/%s.dat", PEAL_SOURCE_DIR, folder, name);
	file = kit_file_read(path);
	if (!slice_present(file))
		fail_msg("cannot read %s", path);
	guarded = guard_copy(file);
	free((void *)(uintptr_t)file.p);
	return guarded;
}

static bool as_wanted(const struct vector *v, int rc, const struct sip_msg *m, const struct sip_fault *why)
{
	if (v->want != FINE)
		return rc < 0 && why->status == v->want && strcmp(why->rule, v->rule) == 0;
	return rc == 0 && sip_msg_count(m, SIP_HDR_VIA) == v->vias &&
	       sip_msg_count(m, SIP_HDR_CONTACT) == v->contacts;
}

static int run(const char *folder, const struct vector *v, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct sip_index room;
		struct sip_msg m = { 0 };
		struct sip_fault why = { 0 };
		const int rc = sip_msg_parse(&m, &room, load(folder, v[i].file), &why);

		if (m.index)
			assert_int_equal(sip_msg_check(&room, SIP_INDEX_BYTES(room.nfield), m.text.n), 0);
		if (as_wanted(&v[i], rc, &m, &why))
			continue;
		print_error("%s/%s: rc %d status %d rule %s at %u, Via %d, Contact %d\n", folder, v[i].file, rc,
			    why.status, why.rule ? why.rule : "-", why.at,
			    m.index ? sip_msg_count(&m, SIP_HDR_VIA) : -1,
			    m.index ? sip_msg_count(&m, SIP_HDR_CONTACT) : -1);
		wrong++;
	}
	return wrong;
}

static void rfc4475_every_message_gets_its_verdict(void **state)
{
	(void)state;
	assert_int_equal(run("rfc4475", rfc4475, sizeof(rfc4475) / sizeof(rfc4475[0])), 0);
}

static void rfc5118_every_message_gets_its_verdict(void **state)
{
	(void)state;
	assert_int_equal(run("rfc5118", rfc5118, sizeof(rfc5118) / sizeof(rfc5118[0])), 0);
}

static struct sip_index room;

static struct sip_msg parsed(const char *folder, const char *name)
{
	struct sip_msg m = { 0 };

	(void)!sip_msg_parse(&m, &room, load(folder, name), 0);
	assert_non_null(m.index);
	return m;
}

static struct slice span(const struct sip_msg *m, struct sip_span s)
{
	return sip_msg_span(m, s);
}

static void rfc4475_3_1_1_1_wsinv_facts_through_folding(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "wsinv");
	const struct sip_facts *f = &m.index->facts;

	(void)state;
	assert_text(span(&m, f->to_tag), "1918181833n");
	assert_text(span(&m, f->from_tag), "98asjd8");
	assert_text(span(&m, f->via_host), "192.0.2.2");
	assert_text(span(&m, f->via_branch), "390skdjuw");
	assert_int_equal(f->via_flags & SIP_VIA_COOKIE, 0);
	assert_int_equal(f->max_forwards, 68);
	assert_int_equal(f->cseq, 9);
	assert_int_equal(m.index->body_n, 150);
	assert_text(sip_msg_get(&m, SIP_HDR_SUBJECT), "");
	assert_text(sip_msg_get_other(&m, SLICE("unknownheaderwithunusualvalue")), ";;,,;;,;");
	assert_text(sip_msg_get_other(&m, SLICE("NewFangledHeader")),
		    "newfangled value\r\n continued newfangled value");
}

static void rfc4475_3_1_1_5_esc02_names_are_not_unescaped(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "esc02");

	(void)state;
	assert_int_equal(m.index->method, SIP_METHOD_OTHER);
	assert_text(sip_msg_method(&m), "RE%47IST%45R");
	assert_text(sip_msg_get_other(&m, SLICE("C%6Fntact")), "<sip:alias2@host2.example.com>");
}

static void rfc4475_3_1_1_8_dblreq_ends_at_content_length(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "dblreq");

	(void)state;
	assert_int_equal(m.index->method, SIP_REGISTER);
	assert_int_equal(m.index->body_n, 0);
	assert_int_equal(m.text.n, m.index->head_n);
}

static void rfc4475_3_1_1_9_semiuri_user(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "semiuri");

	(void)state;
	assert_text(span(&m, m.index->facts.uri_user), "user;par=u%40example.net");
	assert_text(span(&m, m.index->facts.uri_host), "example.com");
}

static void rfc4475_3_1_1_11_mpart01_body_is_whole(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "mpart01");

	(void)state;
	assert_int_equal(m.index->body_n, 553);
	assert_non_null(memchr(sip_msg_body(&m).p, 0, sip_msg_body(&m).n));
}

static void rfc4475_3_1_2_2_clerr_can_still_be_answered(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "clerr");

	(void)state;
	assert_text(span(&m, m.index->facts.via_host), "host5.example.com");
	assert_true(sip_msg_has(&m, SIP_HDR_FROM) && sip_msg_has(&m, SIP_HDR_TO));
	assert_true(sip_msg_has(&m, SIP_HDR_CALL_ID) && sip_msg_has(&m, SIP_HDR_CSEQ));
	assert_int_equal(m.index->body_n, 0);
}

static void rfc4475_3_3_8_multi01_keeps_the_first_of_each(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "multi01");

	(void)state;
	assert_int_equal(sip_msg_count(&m, SIP_HDR_FROM), 1);
	assert_text(sip_msg_get(&m, SIP_HDR_CALL_ID), "multi01.98asdh@192.0.2.1");
	assert_text(sip_msg_get(&m, SIP_HDR_CSEQ), "5 INVITE");
}

static void rfc4475_3_4_1_inv2543_has_no_cookie_nor_tags(void **state)
{
	const struct sip_msg m = parsed("rfc4475", "inv2543");

	(void)state;
	assert_absent(span(&m, m.index->facts.via_branch));
	assert_absent(span(&m, m.index->facts.from_tag));
	assert_int_equal(m.index->facts.max_forwards, -1);
	assert_true(m.index->body_n > 0);
}

static void rfc5118_4_3_and_4_4_where_the_port_is(void **state)
{
	struct sip_msg m = parsed("rfc5118", "port-ambiguous");

	(void)state;
	assert_text(span(&m, m.index->facts.uri_host), "2001:db8::10:5070");
	assert_int_equal(m.index->facts.uri_port, 0);
	m = parsed("rfc5118", "port-unambiguous");
	assert_text(span(&m, m.index->facts.uri_host), "2001:db8::10");
	assert_int_equal(m.index->facts.uri_port, 5070);
}

static void the_fiftieth_member_of_the_archive_does_no_harm(void **state)
{
	struct sip_index index;
	struct sip_msg m = { 0 };

	(void)state;
	(void)!sip_msg_parse(&m, &index, load("rfc4475", "test"), 0);
}

/* Every message cut short at every byte: no read past the end, no message from half of one. */
static void every_prefix_of_every_message_is_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4475) / sizeof(rfc4475[0]); i++) {
		const struct slice whole = load("rfc4475", rfc4475[i].file);
		char *copy = malloc(whole.n);
		const uint32_t n = whole.n;

		memcpy(copy, whole.p, n);
		for (uint32_t cut = 0; cut < n; cut++) {
			struct sip_index index;
			struct sip_msg m = { 0 };
			struct sip_fault why = { 0 };
			const int rc = sip_msg_parse(&m, &index, guard_copy(slice_of(copy, cut)), &why);

			if (rc == 0)
				assert_true(m.text.n <= cut && m.index->head_n <= cut);
			else
				assert_true(why.rule != 0);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4475_every_message_gets_its_verdict),
		cmocka_unit_test(rfc5118_every_message_gets_its_verdict),
		cmocka_unit_test(rfc4475_3_1_1_1_wsinv_facts_through_folding),
		cmocka_unit_test(rfc4475_3_1_1_5_esc02_names_are_not_unescaped),
		cmocka_unit_test(rfc4475_3_1_1_8_dblreq_ends_at_content_length),
		cmocka_unit_test(rfc4475_3_1_1_9_semiuri_user),
		cmocka_unit_test(rfc4475_3_1_1_11_mpart01_body_is_whole),
		cmocka_unit_test(rfc4475_3_1_2_2_clerr_can_still_be_answered),
		cmocka_unit_test(rfc4475_3_3_8_multi01_keeps_the_first_of_each),
		cmocka_unit_test(rfc4475_3_4_1_inv2543_has_no_cookie_nor_tags),
		cmocka_unit_test(rfc5118_4_3_and_4_4_where_the_port_is),
		cmocka_unit_test(the_fiftieth_member_of_the_archive_does_no_harm),
		cmocka_unit_test(every_prefix_of_every_message_is_harmless),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
