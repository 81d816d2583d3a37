/* SPDX-License-Identifier: MIT */
/* actor: OFFER in, ANSWER out, with a real Redis behind it: RFC 3261 10.3 and 22, RFC 3327, 3608, 5626, 5627, 8760. */
#include "kit/fake_svc.h"

#include "auth/digest.h"
#include "kit/redis_server.h"
#include "registrar.h"
#include "sip/addr.h"
#include "sip/cred.h"
#include "sip/param.h"

enum { ME = 3, TXN = 9, EDGE = 7 };

static struct kit_redis server;
static struct svc *svc;
static struct rt_arena *arena;

/* ---- Asking ---- */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One command, words separated by spaces, on a connection of its own; what it answers is not looked at. */
static void run(const char *format, ...)
{
	char text[512];
	redisContext *c = redisConnectUnix(server.socket);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_true(c && !c->err);
	freeReplyObject(redisCommand(c, text));
	redisFree(c);
}

static long long count(const char *command)
{
	redisContext *c = redisConnectUnix(server.socket);
	redisReply *r = redisCommand(c, command);
	const long long n = r->integer;

	freeReplyObject(r);
	redisFree(c);
	return n;
}

static struct wire_head offer_head(void)
{
	struct wire_head head = { .verb = WIRE_OFFER, .to = ME, .from = TXN, .txn = 77, .trail = 5, .edge = EDGE, .flow = 1234, .listener = 0 };

	assert_int_equal(0, sip_hop_parse(&head.remote, SLICE("udp:192.0.2.4:5060")));
	return head;
}

static const char *message(const char *user, int cseq, const char *lines)
{
	static char text[4096];

	snprintf(text, sizeof(text),
	         "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK%d\r\nFrom: <sip:%s@example.com>;tag=1\r\n"
	         "To: <sip:%s@example.com>\r\nCall-ID: call\r\nCSeq: %d REGISTER\r\n%sContent-Length: 0\r\n\r\n",
	         cseq, user, user, cseq, lines);
	return text;
}

/* Hand it over and turn Redis until the answer is there. */
static struct sip_msg answer_to(const char *text, uint8_t flags)
{
	struct wire_head head = offer_head();
	const struct fake_post *p = 0;

	head.flags = flags;
	fake_parcel(svc, &head, text);
	for (rt_ms end = rt_clock_ms() + 5000; !(p = fake_next(svc)) && rt_clock_ms() < end;) {
		kit_redis_turn(svc->redis);
		fake_flush(svc);
	}
	assert_non_null(p);
	assert_int_equal(WIRE_ANSWER, p->head.verb);
	assert_int_equal(TXN, p->head.to);
	assert_int_equal(77, p->head.txn);
	assert_int_equal(1234, p->head.flow);
	assert_true(sip_msg_span(&(struct sip_msg){ p->text, p->index }, p->index->facts.to_tag).n > 0); /* 8.2.6.2 */
	assert_int_equal(0, svc->actor->load(svc->self)); /* nothing is left waiting */
	return fake_msg(p);
}

static struct sip_msg ask(const char *user, int cseq, const char *lines)
{
	return answer_to(message(user, cseq, lines), 0);
}

#define assert_status(msg, want) assert_int_equal(want, (msg).index->status)

/* ---- Without passwords ---- */

static void a_binding_is_granted_listed_and_stored(void **state)
{
	struct sip_msg m = ask("alice", 1, "Contact: <sip:alice@192.0.2.4:5062>;q=0.5;+x=\"y\"\r\nExpires: 600\r\nRecord-Route: <sip:rr;lr>\r\n");

	(void)state;
	assert_status(m, 200);
	assert_text(sip_msg_get(&m, SIP_HDR_CONTACT), "<sip:alice@192.0.2.4:5062>;+x=\"y\";q=0.500;expires=600");
	assert_text(sip_msg_get(&m, SIP_HDR_DATE), "Fri, 01 Jan 2100 00:16:40 GMT");
	assert_absent(sip_msg_get(&m, SIP_HDR_RECORD_ROUTE));
	m = ask("alice", 2, "");
	assert_int_equal(1, sip_msg_count(&m, SIP_HDR_CONTACT));
	svc->now += 599000;
	m = ask("alice", 3, "");
	assert_text(sip_msg_get(&m, SIP_HDR_CONTACT), "<sip:alice@192.0.2.4:5062>;+x=\"y\";q=0.500;expires=1");
	svc->now += 1000;
	m = ask("alice", 4, "");
	assert_int_equal(0, sip_msg_count(&m, SIP_HDR_CONTACT));
}

static void refusals_name_their_reason(void **state)
{
	static const struct {
		const char *lines;
		int status;
		enum sip_hdr header;
		const char *value;
	} cases[] = {
		{ "Require: path, nosuch, other\r\n", 420, SIP_HDR_UNSUPPORTED, "nosuch" },
		{ "Require: outbound\r\nRequire: gruu\r\n", 200, SIP_HDR_SUPPORTED, "path" },
		{ "Contact: <sip:a@h>;expires=9\r\n", 423, SIP_HDR_MIN_EXPIRES, "60" },
		{ "Contact: *\r\n", 400, SIP_HDR_CSEQ, "1 REGISTER" },
	};
	char long_one[640];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sip_msg m = ask("alice", 1, cases[i].lines);

		assert_status(m, cases[i].status);
		assert_text(sip_msg_get(&m, cases[i].header), cases[i].value);
	}
	snprintf(long_one, sizeof(long_one), "Require: %0600d\r\n", 1);
	assert_status(ask("alice", 1, long_one), 420); /* however long its name */
	assert_int_equal(0, count("EXISTS reg:alice@example.com"));
}

static void only_our_addresses_are_registered(void **state)
{
	static const struct {
		const char *target, *to;
		int status;
	} cases[] = {
		{ "sip:example.com", "sip:alice@example.com", 200 },
		{ "sip:EXAMPLE.com", "sip:alice@Example.COM;x=1", 200 },
		{ "sip:example.com:5060", "sips:alice@example.com:5061", 200 },
		{ "sip:192.0.2.1", "sip:alice@example.com", 200 }, /* server.names */
		{ "sip:192.0.2.1", "sip:alice@192.0.2.1", 404 },
		{ "sip:elsewhere.org", "sip:alice@example.com", 404 },
		{ "sip:example.com", "sip:alice@elsewhere.org", 404 },
		{ "sip:example.com", "sip:alice@example.net", 404 }, /* ours too, but not the one asked */
		{ "sip:example.com", "sip:example.com", 404 },
		{ "sip:example.com", "tel:+123", 400 }, /* RFC 4475 3.3.4 */
		{ "sip:example.com", "sip:nobody@example.com", 404 },
		{ "sip:example.com", "sip:locked@example.com", 403 },
		{ "tel:+123", "sip:alice@example.com", 416 },
	};
	char text[1024];

	(void)state;
	run("HSET user:locked@example.com disabled 1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sip_msg m;

		snprintf(text, sizeof(text),
		         "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <%s>\r\nCall-ID: c\r\n"
		         "CSeq: %zu REGISTER\r\nContact: <sip:x@h>\r\nContent-Length: 0\r\n\r\n", cases[i].target, cases[i].to, i + 1);
		m = answer_to(text, 0);
		if (m.index->status != cases[i].status)
			print_error("case %zu: %s for %s\n", i, cases[i].target, cases[i].to);
		assert_status(m, cases[i].status);
	}
	assert_int_equal(1, count("EXISTS reg:alice@example.com"));
}

/* 8.2.2.2 */
static void a_merged_request_is_482(void **state)
{
	(void)state;
	assert_status(answer_to(message("alice", 1, "Contact: <sip:a@h>\r\n"), WIRE_MERGED), 482);
	assert_int_equal(0, count("EXISTS reg:alice@example.com"));
}

static void order_and_limits_come_from_the_store(void **state)
{
	struct sip_msg m;

	(void)state;
	assert_status(ask("alice", 5, "Contact: <sip:a@h>\r\n"), 200);
	m = ask("alice", 4, "Contact: <sip:a@h>\r\n");
	assert_status(m, 500);
	assert_text(sip_msg_target(&m), "CSeq Out Of Order");
	assert_status(ask("alice", 6, "Contact: <sip:b@h>, <sip:c@h>\r\n"), 200);
	assert_status(ask("alice", 7, "Contact: <sip:d@h>\r\n"), 403); /* max_contacts = 3 */
	run("HSET user:bob@example.com max_contacts 1");
	assert_status(ask("bob", 1, "Contact: <sip:a@h>\r\n"), 200);
	assert_status(ask("bob", 2, "Contact: <sip:b@h>\r\n"), 403);
}

/* RFC 3327 5.3, RFC 3608, RFC 5626 6, RFC 5627 5.3 */
static void extensions_answer_as_their_rfcs_say(void **state)
{
	struct sip_msg m = ask("alice", 1, "Contact: <sip:alice@192.0.2.4;ob>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n"
	                                   "Supported: path, outbound, gruu\r\nPath: <sip:p1;lr>\r\nPath: <sip:p2;lr;ob>\r\n");
	struct sip_addr addr;

	(void)state;
	assert_status(m, 200);
	assert_int_equal(2, sip_msg_count(&m, SIP_HDR_PATH));
	assert_text(sip_msg_get(&m, SIP_HDR_PATH), "<sip:p1;lr>");
	assert_text(sip_msg_get(&m, SIP_HDR_REQUIRE), "outbound");
	assert_text(sip_msg_get(&m, SIP_HDR_FLOW_TIMER), "25"); /* by UDP: as often as we would send one */
	assert_text(sip_msg_get(&m, SIP_HDR_SERVICE_ROUTE), "<sip:edge.example.com:5060;transport=udp;lr>");
	assert_int_equal(0, sip_addr_parse(&addr, sip_msg_get(&m, SIP_HDR_CONTACT)));
	assert_text(sip_param_get(addr.params, SLICE("pub-gruu")), "\"sip:alice@example.com;gr=urn:uuid:1\"");
	assert_true(slice_starts_nocase(sip_param_get(addr.params, SLICE("temp-gruu")), SLICE("\"sip:tgruu.")));
	assert_int_equal(1, count("HEXISTS reg:alice@example.com <urn:uuid:1>#1"));
	m = ask("alice", 2, "Supported: path\r\n");
	assert_int_equal(0, sip_addr_parse(&addr, sip_msg_get(&m, SIP_HDR_CONTACT)));
	assert_absent(sip_param_get(addr.params, SLICE("pub-gruu")));
	assert_absent(sip_msg_get(&m, SIP_HDR_REQUIRE));
	assert_absent(sip_msg_get(&m, SIP_HDR_FLOW_TIMER));
}

static void the_sweeper_removes_what_ran_out(void **state)
{
	(void)state;
	assert_status(ask("alice", 1, "Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=90\r\n"), 200);
	assert_int_equal(2, count("HLEN reg:alice@example.com"));
	svc->now += 61000;
	fake_run_until(svc, svc->now);
	for (rt_ms end = rt_clock_ms() + 5000; count("HLEN reg:alice@example.com") != 1 && rt_clock_ms() < end;)
		kit_redis_turn(svc->redis);
	assert_int_equal(1, count("HLEN reg:alice@example.com"));
	run("DEL reg:alice@example.com"); /* a record that went by itself leaves its members to the sweeper */
	run("DEL lock:sweep");
	svc->now += 31000;
	fake_run_until(svc, svc->now);
	for (rt_ms end = rt_clock_ms() + 5000;
	     count("ZCARD idx:domain:example.com") && rt_clock_ms() < end;)
		kit_redis_turn(svc->redis);
	assert_int_equal(0, count("ZCARD idx:domain:example.com"));
	assert_int_equal(3, count("XLEN events:reg")); /* two added, one expired */
}

static void redis_away_is_503(void **state)
{
	struct sip_msg m;

	(void)state;
	kit_redis_kill(&server);
	m = ask("alice", 1, "Contact: <sip:a@h>\r\n");
	assert_status(m, 503);
	assert_true(slice_present(sip_msg_get(&m, SIP_HDR_RETRY_AFTER)));
	m = ask("alice", 2, "Contact: <sip:a@h>\r\n");
	assert_status(m, 503);
	kit_redis_launch(&server, 0);
}

static void calls_in_hand_end_with_the_actor(void **state)
{
	struct wire_head head = offer_head();

	(void)state;
	for (int i = 0; i < 50; i++)
		fake_parcel(svc, &head, message("alice", i + 1, "Contact: <sip:a@h>\r\n"));
	assert_int_equal(50, svc->actor->load(svc->self));
	loc_redis_destroy(&svc->redis); /* as the loop does: Redis first, then the actors */
	assert_int_equal(0, svc->actor->load(svc->self));
}

/* ---- With passwords ---- */

static struct sip_cred challenge_of(const struct sip_msg *m, const char *algorithm)
{
	struct sip_cred c = { 0 };

	assert_status(*m, 401);
	for (int f = sip_msg_first(m, SIP_HDR_WWW_AUTHENTICATE); f >= 0; f = sip_msg_next(m, f)) {
		assert_int_equal(0, sip_cred_parse(&c, sip_msg_value(m, f)));
		if (slice_eq(c.algorithm, slice_str(algorithm)))
			return c;
	}
	fail_msg("no challenge with %s", algorithm);
	return c;
}

struct login {
	const char *user, *password, *nc, *qop, *algorithm, *realm;
};

static const char *authorization(const struct sip_cred *challenge, const struct login *l)
{
	static char text[1024];
	char ha1[65], ha2[65], uri_part[65], response[65];
	enum auth_algorithm a;
	struct slice joined;

	assert_int_equal(0, auth_algorithm_find(slice_str(l->algorithm), &a));
	auth_ha1(a, slice_str(l->user), slice_str(l->realm), slice_str(l->password), ha1);
	if (strcmp(l->qop, "auth-int") == 0) {
		char empty[65]; /* the hash of no body: H(a:b:c) cannot say it, so it stands here for MD5 */

		strcpy(empty, "d41d8cd98f00b204e9800998ecf8427e");
		joined = rt_arena_printf(arena, "example.com:%s", empty);
	} else {
		joined = SLICE("example.com");
	}
	auth_ha1(a, SLICE("REGISTER"), SLICE("sip"), joined, ha2);
	snprintf(uri_part, sizeof(uri_part), "%s", ha2);
	joined = rt_arena_printf(arena, SLICE_FMT ":%s:c0:%s", SLICE_ARG(challenge->nonce), l->nc, l->qop);
	auth_ha1(a, slice_str(ha1), joined, slice_str(uri_part), response);
	snprintf(text, sizeof(text),
	         "Contact: <sip:a@h>\r\nAuthorization: Digest username=\"%s\", realm=\"%s\", nonce=\"" SLICE_FMT "\", uri=\"sip:example.com\", "
	         "response=\"%s\", algorithm=%s, cnonce=\"c0\", qop=%s, nc=%s\r\n",
	         l->user, l->realm, SLICE_ARG(challenge->nonce), response, l->algorithm, l->qop, l->nc);
	return text;
}

static struct sip_cred fresh(const char *algorithm)
{
	struct sip_msg m = ask("u", 1, "Contact: <sip:a@h>\r\n");

	return challenge_of(&m, algorithm);
}

static const struct login good = { "u", "pw", "00000001", "auth", "MD5", "example.com" };

static void every_algorithm_opens_the_door(void **state)
{
	static const char *const names[] = { "MD5", "SHA-256", "SHA-512-256" };
	struct sip_msg m = ask("u", 1, "");
	struct sip_cred c;
	struct login l = good;

	(void)state;
	assert_int_equal(3, sip_msg_count(&m, SIP_HDR_WWW_AUTHENTICATE));
	assert_int_equal(0, sip_cred_parse(&c, sip_msg_get(&m, SIP_HDR_WWW_AUTHENTICATE)));
	assert_text(c.algorithm, "SHA-512-256"); /* RFC 8760 2.4: the strongest first */
	assert_text(c.qop, "auth,auth-int");
	for (int i = 0; i < 3; i++) {
		l.algorithm = names[i];
		c = fresh(names[i]);
		assert_status(ask("u", 10 + i, authorization(&c, &l)), 200);
	}
	l = good;
	l.qop = "auth-int";
	c = fresh("MD5");
	assert_status(ask("u", 20, authorization(&c, &l)), 200);
	m = ask("u", 30, "User-Agent: baresip v1\r\n");
	assert_int_equal(1, sip_msg_count(&m, SIP_HDR_WWW_AUTHENTICATE)); /* md5_agents */
}

static void a_nonce_count_serves_once(void **state)
{
	struct sip_cred c = fresh("MD5"), again;
	struct login l = good;
	struct sip_msg m;

	(void)state;
	assert_status(ask("u", 2, authorization(&c, &l)), 200);
	assert_status(ask("u", 2, authorization(&c, &l)), 200); /* the very same request, by another way */
	m = ask("u", 3, authorization(&c, &l));
	again = challenge_of(&m, "MD5");
	assert_text(again.stale, "true");
	l.nc = "00000002";
	assert_status(ask("u", 4, authorization(&c, &l)), 200);
}

static void an_old_nonce_is_stale_and_a_forged_one_is_not(void **state)
{
	struct sip_cred c = fresh("MD5"), again;
	struct sip_msg m;

	(void)state;
	svc->now += 301000;
	m = ask("u", 2, authorization(&c, &good));
	again = challenge_of(&m, "MD5");
	assert_text(again.stale, "true");
	c.nonce = SLICE("0123456789012345678901234567890123456789");
	m = ask("u", 3, authorization(&c, &good));
	again = challenge_of(&m, "MD5");
	assert_absent(again.stale);
	assert_int_equal(0, count("EXISTS reg:u@example.com"));
}

static void wrong_and_unknown_look_the_same(void **state)
{
	struct sip_cred c = fresh("MD5");
	struct login l = good;
	struct sip_msg wrong, unknown;

	(void)state;
	l.password = "bad";
	wrong = ask("u", 2, authorization(&c, &l));
	assert_status(wrong, 401);
	l.user = "ghost";
	unknown = ask("ghost", 3, authorization(&c, &l));
	assert_status(unknown, 401);
	assert_int_equal(wrong.text.n + 8, unknown.text.n); /* "ghost" is four longer than "u", in From and in To: no other difference */
	assert_int_equal(0, count("EXISTS reg:ghost@example.com"));
}

/* 10.3 step 4 */
static void nobody_registers_another(void **state)
{
	struct sip_cred c = fresh("MD5");
	struct login l = good;

	(void)state;
	assert_status(ask("v", 2, authorization(&c, &l)), 403);
	assert_int_equal(0, count("EXISTS reg:v@example.com"));
	l.realm = "elsewhere";
	assert_status(ask("u", 3, authorization(&c, &l)), 401); /* not our realm: as if there were none */
	run("HSET user:u@example.com disabled 1");
	svc->now += 6000; /* the memory of users */
	c = fresh("MD5");
	assert_status(ask("u", 4, authorization(&c, &good)), 403);
}

static void malformed_credentials_are_400(void **state)
{
	(void)state;
	assert_status(ask("u", 1, "Authorization: Digest username=\"u\", realm=\"example.com\"\r\n"), 400);
	assert_status(ask("u", 1, "Authorization: Digest username=\"u\r\n"), 400);
	assert_status(ask("u", 1, "Authorization: Basic dTpw\r\n"), 401);
}

/* Are credentials with this uri judged (401, for their hash is wrong), or refused unread (400)? */
static int status_for_uri(const char *uri, const char *more)
{
	static int cseq = 100;
	char lines[512];

	snprintf(lines, sizeof(lines), "%sAuthorization: Digest username=\"u\", realm=\"example.com\", nonce=\"n\", uri=\"%s\", response=\"00\"\r\n",
	         more, uri);
	return ask("u", ++cseq, lines).index->status;
}

static void rfc3261_22_4_the_uri_a_phone_knew(void **state)
{
	static const char *const judged[] = { "sip:example.com", "sips:EXAMPLE.com:5070", "sip:u@example.com;x=1", "sip:10.1.2.3", "sip:[2001:db8::1]:5060" };
	static const char *const refused[] = { "sip:elsewhere.test", "sip:other.example.com", "/", "", "example.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++)
		assert_int_equal(status_for_uri(judged[i], ""), 401);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_int_equal(status_for_uri(refused[i], ""), 400);
	assert_int_equal(status_for_uri("sip:pbx.local", "Via: SIP/2.0/UDP 10.1.2.3;branch=z9hG4bKphone\r\n"), 401);
}

static void guessing_is_slowed(void **state)
{
	struct login l = good;
	struct wire_head head = offer_head();
	struct sip_cred c = fresh("MD5");

	(void)state;
	l.password = "bad";
	for (int i = 0; i < 5; i++)
		assert_status(ask("u", 2 + i, authorization(&c, &l)), 401);
	fake_parcel(svc, &head, message("u", 9, authorization(&c, &l)));
	for (int i = 0; i < 20; i++)
		kit_redis_turn(svc->redis);
	assert_null(fake_next(svc));
	assert_int_equal(1, svc->actor->load(svc->self));
	fake_run_until(svc, svc->now + 249);
	assert_null(fake_next(svc));
	fake_run_until(svc, svc->now + 1 + 10); /* the wheel's tick */
	assert_status(fake_msg(fake_next(svc)), 401);
	assert_int_equal(0, svc->actor->load(svc->self));
}

/* Those who wait are counted: a flood of guesses must not take the room of others. */
static void only_so_many_wait(void **state)
{
	struct login l = good;
	struct wire_head head = offer_head();
	struct sip_cred c = fresh("MD5");
	int unavailable = 0;
	const struct fake_post *p;

	(void)state;
	l.password = "bad";
	for (int i = 0; i < AUTH_LATE_MAX + 15; i++) {
		fake_parcel(svc, &head, message("u", 2 + i, authorization(&c, &l)));
		if (i % 64 == 0)
			kit_redis_turn(svc->redis);
	}
	for (int i = 0; i < 20; i++)
		kit_redis_turn(svc->redis);
	assert_int_equal(AUTH_LATE_MAX, svc->actor->load(svc->self));
	while ((p = fake_next(svc)))
		unavailable += p->index->status == 503;
	assert_int_equal(10, unavailable); /* five were free */
}

/* third_party = on: the count of a nonce is good for one address of record only once. */
static void third_parties_are_let_in_where_allowed(void **state)
{
	struct sip_cred c = fresh("MD5");
	struct login l = good;

	(void)state;
	assert_status(ask("v", 2, authorization(&c, &l)), 200);
	assert_int_equal(1, count("EXISTS reg:v@example.com"));
	assert_status(ask("u", 2, authorization(&c, &l)), 401);
	l.nc = "00000002";
	assert_status(ask("nobody", 3, authorization(&c, &l)), 404);
}

/* ---- Before and after ---- */

static void begin(const char *const environment[])
{
	struct wire_listener l = { .host = "edge.example.com", .port = 5060, .local = { .proto = SIP_UDP, .family = 4 } };
	struct wire_member edge = { .id = EDGE, .tier = WIRE_TRANSPORT, .state = WIRE_LIVE, .version = 1, .host = "here", .nlistener = 1 };

	run("FLUSHALL");
	svc = fake_new(&registrar_actor, ME, (char *const *)(uintptr_t)environment);
	edge.listener[0] = l;
	assert_int_equal(0, wire_members_put(svc->members, &edge));
	svc->redis = loc_redis_new(server.url, 1000, rt_clock_ms());
	while (!loc_redis_up(svc->redis))
		kit_redis_turn(svc->redis);
	fake_open(svc);
}

static int open_door(void **state)
{
	static const char *const environment[] = { "PEAL_SERVER_DOMAINS=example.com example.net", "PEAL_SERVER_NAMES=192.0.2.1", "PEAL_SERVER_AUTH=off",
	                                     "PEAL_SERVER_USERS=known", "PEAL_SERVER_MAX_CONTACTS=3", "PEAL_REGISTRAR_SERVICE_ROUTE=own", 0 };

	(void)state;
	begin(environment);
	run("HSET user:alice@example.com realm example.com");
	return 0;
}

static void add_user(const char *name)
{
	char ha1[AUTH_ALGORITHMS][65];

	for (int a = 0; a < AUTH_ALGORITHMS; a++)
		auth_ha1((enum auth_algorithm)a, slice_str(name), SLICE("example.com"), SLICE("pw"), ha1[a]);
	run("HSET user:%s@example.com ha1_md5 %s ha1_sha256 %s ha1_sha512 %s", name, ha1[0], ha1[1], ha1[2]);
}

static int closed_door(void **state)
{
	static const char *const environment[] = { "PEAL_SERVER_DOMAINS=example.com", 0 };

	(void)state;
	begin(environment);
	add_user("u");
	add_user("v");
	return 0;
}

static int shared_door(void **state)
{
	static const char *const environment[] = { "PEAL_SERVER_DOMAINS=example.com", "PEAL_SERVER_THIRD_PARTY=on", 0 };

	(void)state;
	begin(environment);
	add_user("u");
	add_user("v");
	return 0;
}

static int leave(void **state)
{
	(void)state;
	loc_redis_destroy(&svc->redis);
	fake_destroy(&svc);
	rt_arena_reset(arena);
	return 0;
}

static int start(void **state)
{
	(void)state;
	rt_log_max = RT_LOG_E;
	arena = rt_arena_new(1 << 20);
	kit_redis_start(&server, 0, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	kit_redis_stop(&server);
	rt_arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_binding_is_granted_listed_and_stored, open_door, leave),
		cmocka_unit_test_setup_teardown(refusals_name_their_reason, open_door, leave),
		cmocka_unit_test_setup_teardown(only_our_addresses_are_registered, open_door, leave),
		cmocka_unit_test_setup_teardown(a_merged_request_is_482, open_door, leave),
		cmocka_unit_test_setup_teardown(order_and_limits_come_from_the_store, open_door, leave),
		cmocka_unit_test_setup_teardown(extensions_answer_as_their_rfcs_say, open_door, leave),
		cmocka_unit_test_setup_teardown(the_sweeper_removes_what_ran_out, open_door, leave),
		cmocka_unit_test_setup_teardown(redis_away_is_503, open_door, leave),
		cmocka_unit_test_setup_teardown(calls_in_hand_end_with_the_actor, open_door, leave),
		cmocka_unit_test_setup_teardown(every_algorithm_opens_the_door, closed_door, leave),
		cmocka_unit_test_setup_teardown(a_nonce_count_serves_once, closed_door, leave),
		cmocka_unit_test_setup_teardown(an_old_nonce_is_stale_and_a_forged_one_is_not, closed_door, leave),
		cmocka_unit_test_setup_teardown(wrong_and_unknown_look_the_same, closed_door, leave),
		cmocka_unit_test_setup_teardown(nobody_registers_another, closed_door, leave),
		cmocka_unit_test_setup_teardown(malformed_credentials_are_400, closed_door, leave),
		cmocka_unit_test_setup_teardown(rfc3261_22_4_the_uri_a_phone_knew, closed_door, leave),
		cmocka_unit_test_setup_teardown(guessing_is_slowed, closed_door, leave),
		cmocka_unit_test_setup_teardown(only_so_many_wait, closed_door, leave),
		cmocka_unit_test_setup_teardown(third_parties_are_let_in_where_allowed, shared_door, leave),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
