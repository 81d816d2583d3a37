/* SPDX-License-Identifier: MIT */
/* reginfo, notify: RFC 3680 5 documents as text, RFC 6665 4.2 answers and NOTIFYs. */
#include "kit/test.h"

#include "notify.h"
#include "reginfo.h"

#define NOW 1795300000ll

static struct rt_arena *arena;

static const char *document(const struct loc_binding *b, int n, const struct loc_event *event)
{
	static char room[8192];
	struct rt_cursor c = rt_cursor_on(room, sizeof(room) - 1);

	reginfo_write(&c, &(struct reginfo){ .aor = SLICE("alice@example.com"), .b = b, .n = n, .event = event, .version = 7, .now = NOW });
	assert_int_equal(c.err, 0);
	room[c.n] = 0;
	return room;
}

static void has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in\n%s", words, text);
}

static void what_a_phone_wrote_is_escaped(void **state)
{
	const struct loc_binding b = { .id = SLICE("c:x"), .contact = SLICE("sip:a&b@h;x=\"<>"), .params = SLICE("+x=\"<a&b>\";audio"),
		                       .instance = SLICE("<urn:uuid:1>"), .call_id = SLICE("c\"\x01<"), .cseq = 9, .q = 500,
		                       .registered_at = NOW - 10, .expires_at = NOW + 60 };
	const char *text = document(&b, 1, 0);

	(void)state;
	has(text, "version=\"7\" state=\"full\"");
	has(text, "<registration aor=\"sip:alice@example.com\" id=\"r");
	has(text, "state=\"active\" event=\"registered\" duration-registered=\"10\" expires=\"60\" q=\"0.500\" callid=\"c&quot;?&lt;\" cseq=\"9\">");
	has(text, "<uri>sip:a&amp;b@h;x=&quot;&lt;&gt;</uri>");
	has(text, "<unknown-param name=\"+x\">&quot;&lt;a&amp;b&gt;&quot;</unknown-param>");
	has(text, "<unknown-param name=\"audio\"></unknown-param>");
	has(text, "<gr:pub-gruu uri=\"sip:alice@example.com;gr=urn:uuid:1\"/>");
}

static void who_went_is_named_once(void **state)
{
	const struct loc_binding other = { .id = SLICE("c:y"), .contact = SLICE("sip:y"), .expires_at = NOW + 60, .q = 1000 };
	struct loc_event event = { SLICE("remove"), SLICE("alice@example.com"), SLICE("c:x"), SLICE("sip:x") };
	const char *text = document(&other, 1, &event);

	(void)state;
	has(text, "state=\"terminated\" event=\"unregistered\">\n      <uri>sip:x</uri>");
	has(text, "\" state=\"active\">\n    <contact");
	event.kind = SLICE("expire");
	text = document(0, 0, &event);
	has(text, "\" state=\"terminated\">\n    <contact");
	has(text, "state=\"terminated\" event=\"expired\">");
	event.id = SLICE("c:y"); /* it stands again by now */
	assert_null(strstr(document(&other, 1, &event), "terminated"));
	event.kind = SLICE("refresh");
	has(document(&other, 1, &event), "event=\"refreshed\"");
	has(document(0, 0, 0), "state=\"init\">");
}

static struct reg_refusal why;

static int plan(const char *lines, struct loc_watcher *w, bool *refresh)
{
	static const struct notify_limits limits = { 60, 7200 };
	static struct sip_index room;
	struct sip_fault fault = { 0 };
	struct sip_msg m;

	assert_int_equal(0, sip_msg_parse(&m, &room, rt_arena_printf(arena, "SUBSCRIBE sip:alice@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: \"W\" <sip:w@example.com>;tag=f\r\nCall-ID: c\r\nCSeq: 4 SUBSCRIBE\r\n%s\r\n", lines), &fault));
	return notify_plan(&m, &limits, SLICE("ours"), NOW, arena, w, refresh, &why);
}

#define TO "To: <sip:alice@example.com>\r\n"
#define CONTACT "Contact: <sip:w@192.0.2.9>\r\n"

static void subscribe_is_read_rfc6665_4_2_1(void **state)
{
	struct loc_watcher w;
	bool refresh;

	(void)state;
	assert_int_equal(0, plan(TO CONTACT "Event: reg;id=x\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n", &w, &refresh));
	assert_false(refresh);
	assert_text(w.id, "c f x");
	assert_text(w.local, "<sip:alice@example.com>;tag=ours");
	assert_text(w.route, "<sip:p1;lr>, <sip:p2;lr>");
	assert_text(w.event, "x");
	assert_int_equal(w.expires_at, NOW + 3761); /* RFC 3680 4.6 */
	assert_int_equal(0, plan("To: <sip:alice@example.com>;tag=t\r\n" CONTACT "Event: reg\r\nExpires: 99999\r\n", &w, &refresh));
	assert_true(refresh);
	assert_text(w.local, "<sip:alice@example.com>;tag=t");
	assert_text(w.id, "c f"); /* another subscription than the one with an id */
	assert_int_equal(w.expires_at, NOW + 7200);
	assert_int_equal(0, plan(TO CONTACT "Event: reg\r\nExpires: 0\r\n", &w, &refresh));
	assert_int_equal(w.expires_at, NOW);
	assert_int_equal(RT_DENIED, plan(TO CONTACT "Event: reg\r\nExpires: 59\r\n", &w, &refresh));
	assert_int_equal(423, why.status);
	assert_int_equal(RT_DENIED, plan(TO CONTACT "Event: reg\r\nAccept: application/pidf+xml\r\n", &w, &refresh));
	assert_int_equal(406, why.status);
	assert_int_equal(0, plan(TO CONTACT "Event: reg\r\nAccept: text/plain, application/reginfo+xml;q=0.5\r\n", &w, &refresh));
	assert_int_equal(RT_DENIED, plan(TO "Event: reg\r\n", &w, &refresh));
	assert_int_equal(400, why.status);
}

static void a_notify_is_a_request_of_the_dialog(void **state)
{
	const struct loc_watcher w = { .call_id = SLICE("c"), .local = SLICE("<sip:a@h>;tag=1"), .remote = SLICE("<sip:w@h>;tag=2"),
		                       .target = SLICE("sip:w@192.0.2.9"), .route = SLICE("<sip:p1;lr>"), .event = SLICE("x"),
		                       .contact = SLICE("<sip:a@s>"), .number = 3, .expires_at = NOW + 30 };
	struct sip_msg m;

	(void)state;
	assert_int_equal(0, sip_draft_render(notify_draft(&w, SLICE("<x/>"), NOW, arena), arena, &m));
	assert_text(m.text, "NOTIFY sip:w@192.0.2.9 SIP/2.0\r\nRoute: <sip:p1;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:a@h>;tag=1\r\n"
	                    "To: <sip:w@h>;tag=2\r\nCall-ID: c\r\nCSeq: 3 NOTIFY\r\nContact: <sip:a@s>\r\nEvent: reg;id=x\r\n"
	                    "Subscription-State: active;expires=30\r\nContent-Type: application/reginfo+xml\r\nContent-Length: 4\r\n\r\n<x/>");
	assert_int_equal(0, sip_draft_render(notify_draft(&w, SLICE("<x/>"), NOW + 30, arena), arena, &m));
	assert_text(sip_msg_get(&m, SIP_HDR_SUBSCRIPTION_STATE), "terminated;reason=timeout");
}

static int open_arena(void **state)
{
	(void)state;
	arena = rt_arena_new(1 << 20);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_phone_wrote_is_escaped),
		cmocka_unit_test(who_went_is_named_once),
		cmocka_unit_test(subscribe_is_read_rfc6665_4_2_1),
		cmocka_unit_test(a_notify_is_a_request_of_the_dialog),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
