/* SPDX-License-Identifier: MIT */
/* bind: what a REGISTER asks, RFC 3261 10.3 steps 6 and 7, RFC 3327, RFC 5626 6, RFC 5627. */
#include "kit/test.h"

#include "bind.h"

#define NOW 4102444800ll
#define UUID "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"

static struct rt_arena *arena;
static struct sip_index room;
static struct reg_plan plan;
static struct reg_refusal why;

static int plan_of(const char *lines)
{
	static const struct reg_limits limits = { 60, 7200, 3600 };
	static const struct reg_source source = { { "udp:192.0.2.4:5060", 18 }, 99, 7, 2 };
	struct sip_fault fault = { 0 };
	struct slice text;
	struct sip_msg msg;

	rt_arena_reset(arena);
	text = rt_arena_printf(arena, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n"
	                              "From: <sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: call\r\nCSeq: 5 REGISTER\r\n"
	                              "%sContent-Length: 0\r\n\r\n", lines);
	if (sip_msg_parse(&msg, &room, text, &fault)) { /* the door refuses some of it before we do */
		why.status = fault.status;
		return RT_DENIED;
	}
	return reg_plan(&msg, &limits, &source, SLICE("example.com"), NOW, arena, &plan, &why);
}

static void refused(const char *lines, int status)
{
	assert_int_equal(RT_DENIED, plan_of(lines));
	assert_int_equal(status, why.status);
}

static void no_contact_is_a_question(void **state)
{
	(void)state;
	assert_int_equal(0, plan_of(""));
	assert_int_equal(0, plan.n);
	assert_false(plan.remove_all);
}

static void a_contact_becomes_a_binding(void **state)
{
	const struct loc_binding *b = plan.b;

	(void)state;
	assert_int_equal(0, plan_of("Contact: \"A\" <sip:a@192.0.2.4:5062;transport=tcp>;q=0.7;methods=\"INVITE,BYE\";expires=200;x\r\n"
	                            "Expires: 900\r\nUser-Agent: Phone/1\r\nPath: <sip:p1;lr>\r\nPath: <sip:p2;lr>,<sip:p3;lr>\r\n"));
	assert_int_equal(1, plan.n);
	assert_text(b->id, "c:sip:a@192.0.2.4:5062;transport=tcp");
	assert_text(b->contact, "sip:a@192.0.2.4:5062;transport=tcp");
	assert_text(b->params, "methods=\"INVITE,BYE\";x");
	assert_text(b->path, "<sip:p1;lr>, <sip:p2;lr>, <sip:p3;lr>");
	assert_text(b->received, "udp:192.0.2.4:5060");
	assert_text(b->call_id, "call");
	assert_text(b->user_agent, "Phone/1");
	assert_int_equal(700, b->q);
	assert_int_equal(5, b->cseq);
	assert_true(b->expires_at == NOW + 200 && b->updated_at == NOW);
	assert_true(b->flow == 99 && b->edge == 7 && b->listener == 2);
	assert_false(plan.outbound);
}

static void several_contacts_keep_their_own_expiry(void **state)
{
	(void)state;
	assert_int_equal(0, plan_of("Contact: <sip:a@h1>;expires=60, <sip:a@h2>\r\nContact: <sip:a@h3>;expires=0\r\nExpires: 900\r\n"));
	assert_int_equal(3, plan.n);
	assert_true(plan.b[0].expires_at == NOW + 60);
	assert_true(plan.b[1].expires_at == NOW + 900);
	assert_true(plan.b[2].expires_at == 0);
	assert_int_equal(1000, plan.b[1].q);
}

/* 10.3 step 6 */
static void star_stands_alone_with_expires_0(void **state)
{
	(void)state;
	assert_int_equal(0, plan_of("Contact: *\r\nExpires: 0\r\n"));
	assert_true(plan.remove_all);
	refused("Contact: *\r\nExpires: 3600\r\n", 400);
	refused("Contact: *\r\n", 400);
	refused("Contact: *\r\nExpires: x\r\n", 400);
	refused("Contact: *, <sip:a@h>\r\nExpires: 0\r\n", 400);
	refused("Contact: <sip:a@h>\r\nContact: *\r\nExpires: 0\r\n", 400);
}

static void too_brief_is_423_with_min_expires(void **state)
{
	(void)state;
	refused("Contact: <sip:a@h>;expires=59\r\n", 423);
	assert_int_equal(SIP_HDR_MIN_EXPIRES, why.header);
	assert_text(why.value, "60");
	refused("Contact: <sip:a@h>, <sip:b@h>;expires=1\r\n", 423);
}

static void malformed_values_are_400(void **state)
{
	(void)state;
	refused("Contact: <sip:a@h>;q=2\r\n", 400);
	refused("Contact: <sip:a@h>;q=x\r\n", 400);
}

static void other_schemes_are_opaque(void **state)
{
	(void)state;
	assert_int_equal(0, plan_of("Contact: <tel:+358401234567>\r\nContact: <mailto:a@example.com>\r\n"));
	assert_int_equal(2, plan.n);
	assert_text(plan.b[1].contact, "mailto:a@example.com");
}

static char *repeat(const char *before, char c, int n, const char *after)
{
	static char text[8192];
	int at = snprintf(text, sizeof(text), "%s", before);

	memset(text + at, c, (size_t)n);
	snprintf(text + at + n, sizeof(text) - (size_t)(at + n), "%s", after);
	return text;
}

static void limits_are_kept_at_and_above(void **state)
{
	char many[4096] = "Contact: <sip:a@h>";

	(void)state;
	for (int i = 1; i < LOC_CONTACTS_MAX; i++)
		sprintf(many + strlen(many), ",<sip:a%d@h>", i);
	strcat(many, "\r\n");
	assert_int_equal(0, plan_of(many));
	assert_int_equal(LOC_CONTACTS_MAX, plan.n);
	strcpy(many + strlen(many) - 2, ",<sip:z@h>\r\n");
	refused(many, 403);
	assert_int_equal(0, plan_of(repeat("Contact: <sip:", 'a', LOC_TEXT_MAX - 6, "@h>\r\n"))); /* sip: and @h are six */
	refused(repeat("Contact: <sip:", 'a', LOC_TEXT_MAX - 5, "@h>\r\n"), 400);
	refused(repeat("Contact: <sip:a@h>\r\nPath: <sip:", 'p', LOC_TEXT_MAX, ">\r\n"), 400);
	assert_int_equal(0, plan_of(repeat("Contact: <sip:a@h>\r\nUser-Agent: ", 'u', 300, "\r\n")));
	assert_int_equal(LOC_AGENT_MAX, plan.b[0].user_agent.n);
}

/* RFC 5626 6 */
static void instance_and_reg_id_name_the_binding_when_outbound_is_supported(void **state)
{
	(void)state;
	assert_int_equal(0, plan_of("Supported: outbound, path\r\nContact: <sip:a@h;ob>;reg-id=2;+sip.instance=\"" UUID "\"\r\n"));
	assert_text(plan.b[0].id, UUID "#2");
	assert_text(plan.b[0].instance, UUID);
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"<URN:uuid:AB-Cd>\"\r\n"));
	assert_text(plan.b[0].id, "<urn:uuid:ab-cd>#1"); /* RFC 4122 3: hex digits in any case */
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"<urn:oid:Ab>\"\r\n"));
	assert_text(plan.b[0].id, "<urn:oid:Ab>#1");
	assert_int_equal(0, plan_of("Supported: outbound, path\r\nContact: <sip:a@h;ob>;reg-id=2;+sip.instance=\"" UUID "\"\r\n"));
	assert_int_equal(2, plan.b[0].reg_id);
	assert_text(plan.b[0].params, "reg-id=2;+sip.instance=\"" UUID "\"");
	assert_true(plan.outbound);
	assert_int_equal(0, plan_of("Contact: <sip:a@h;ob>;reg-id=2;+sip.instance=\"" UUID "\"\r\n"));
	assert_text(plan.b[0].id, "c:sip:a@h#ob");
	assert_int_equal(0, plan.b[0].reg_id);
	assert_text(plan.b[0].instance, UUID);
	assert_false(plan.outbound);
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=2\r\n"));
	assert_text(plan.b[0].id, "c:sip:a@h");
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=0;+sip.instance=\"" UUID "\"\r\n"));
	assert_text(plan.b[0].id, "c:sip:a@h");
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"n:evil\"\r\n"));
	assert_text(plan.b[0].id, "c:sip:a@h"); /* not in angle brackets: none */
	refused("Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"" UUID "\", <sip:b@h>\r\n", 400);
	assert_int_equal(0, plan_of("Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"" UUID "\", <sip:b@h>;expires=0\r\n"));
}

static void a_path_that_is_no_way_is_refused(void **state) /* RFC 3327 4: name-addr */
{
	(void)state;
	refused("Contact: <sip:a@h>\r\nPath: garbage\r\n", 400);
	refused("Contact: <sip:a@h>\r\nPath: <sip:p1;lr>, <sip:p2;lr\r\n", 400);
	refused("Contact: <sip:a@h>\r\nPath: <mailto:p@example.com>\r\n", 400);
	assert_int_equal(0, plan_of("Contact: <sip:a@h>\r\nPath: \"P\" <sips:p1:5061;lr>;x=y\r\n"));
}

static void a_first_hop_without_outbound_is_439(void **state)
{
	static const char contact[] = "Supported: outbound, path\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"" UUID "\"\r\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2\r\n%s", contact);
	refused(text, 439);
	snprintf(text, sizeof(text), "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2\r\nPath: <sip:x;lr;ob>, <sip:edge;lr>\r\n%s", contact);
	refused(text, 439); /* the last one is the first hop */
	snprintf(text, sizeof(text), "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2\r\nPath: <sip:x;lr>, <sip:edge;lr;ob>\r\n%s", contact);
	assert_int_equal(0, plan_of(text));
}

/* RFC 5627 5.1 */
static void a_gruu_is_no_contact(void **state)
{
	(void)state;
	refused("Contact: <sip:a@EXAMPLE.com;gr=urn:uuid:1>\r\n", 403);
	assert_int_equal(0, plan_of("Contact: <sip:a@elsewhere;gr=urn:uuid:1>;pub-gruu=\"x\";temp-gruu=\"y\"\r\n"));
	assert_text(plan.b[0].params, "");
}

static bool leads_back(const char *vias, const char *source)
{
	char text[1024];
	struct sip_hop hop;
	struct sip_msg m;

	snprintf(text, sizeof(text),
	         "REGISTER sip:example.com SIP/2.0\r\n%sFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: c\r\n"
	         "CSeq: 1 REGISTER\r\n\r\n", vias);
	assert_int_equal(0, sip_msg_parse(&m, &room, slice_str(text), 0));
	assert_int_equal(0, sip_hop_parse(&hop, slice_str(source)));
	return reg_way_leads_back(&m, &hop);
}

static void only_a_nat_or_a_connection_is_a_way_back(void **state)
{
	(void)state;
	assert_false(leads_back("Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n", "udp:192.0.2.4:5060"));
	assert_false(leads_back("Via: SIP/2.0/UDP [2001:db8::4]:5062;branch=z9hG4bK1\r\n", "udp:[2001:db8::4]:5062"));
	assert_true(leads_back("Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n", "udp:192.0.2.4:40001"));
	assert_true(leads_back("Via: SIP/2.0/UDP 10.0.0.4;branch=z9hG4bK1\r\n", "udp:192.0.2.4:5060"));
	assert_true(leads_back("Via: SIP/2.0/UDP phone.local;branch=z9hG4bK1\r\n", "udp:192.0.2.4:5060"));
	assert_true(leads_back("Via: SIP/2.0/TCP 192.0.2.4;branch=z9hG4bK1\r\n", "tcp:192.0.2.4:5060"));
	assert_false(leads_back("Via: SIP/2.0/TCP p1;branch=z9hG4bK1, SIP/2.0/TCP 10.0.0.4;branch=z9hG4bK2\r\n", "tcp:192.0.2.4:5060"));
}

static int start(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 20);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_contact_is_a_question),
		cmocka_unit_test(a_contact_becomes_a_binding),
		cmocka_unit_test(several_contacts_keep_their_own_expiry),
		cmocka_unit_test(star_stands_alone_with_expires_0),
		cmocka_unit_test(too_brief_is_423_with_min_expires),
		cmocka_unit_test(malformed_values_are_400),
		cmocka_unit_test(other_schemes_are_opaque),
		cmocka_unit_test(limits_are_kept_at_and_above),
		cmocka_unit_test(instance_and_reg_id_name_the_binding_when_outbound_is_supported),
		cmocka_unit_test(a_path_that_is_no_way_is_refused),
		cmocka_unit_test(a_first_hop_without_outbound_is_439),
		cmocka_unit_test(only_a_nat_or_a_connection_is_a_way_back),
		cmocka_unit_test(a_gruu_is_no_contact),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
