/* SPDX-License-Identifier: MIT */
/* store: RFC 3261 10.3 steps 6 to 8 against a real server: order, all or nothing, limits, equality, replays, index and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "kit/redis_server.h"
#include "loc/store.h"
#include "loc/users.h"
#include "rt/arena.h"
#include "rt/cursor.h"

#define NOW 4102444800ll /* 2100-01-01: Redis expires keys by its own clock */
#define ARGS(...) (int)(sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice)), (struct slice[]){ __VA_ARGS__ }

static struct kit_redis server;
static struct loc_redis *redis;
static struct rt_arena *arena;

/* ---- What came back, as text a human can check: "contact expires_in q cseq; ..." ---- */

struct result {
	int done, err, n;
	char text[4096];
};

static void keep(void *self, uint64_t token, int err, const struct loc_binding *b, int n)
{
	struct result *r = self;
	struct rt_cursor c = rt_cursor_on(r->text, sizeof(r->text) - 1);

	(void)token;
	r->done++;
	r->err = err;
	r->n = n;
	for (int i = 0; i < n; i++)
		rt_cursor_printf(&c, "%s" SLICE_FMT " %d %u", i ? "; " : "", SLICE_ARG(b[i].contact),
		                 (int)(b[i].expires_at - NOW), b[i].cseq);
	r->text[c.n] = 0;
}

struct said { /* one REGISTER */
	const char *call_id;
	uint32_t cseq;
	const char *contact[4]; /* "uri expires_in" */
	const char *instance;
	int64_t at;             /* seconds after NOW */
	bool all, replace;
	int max;
	uint16_t q;
	const char *nonce;
	uint32_t count;
};

static struct loc_binding binding_of(const struct said *s, const char *spec)
{
	struct loc_binding b = { .q = s->q ? s->q : 1000, .cseq = s->cseq, .call_id = slice_str(s->call_id), .updated_at = NOW + s->at,
	                         .user_agent = SLICE("Test \"1\""), .edge = 7, .flow = 1ull << 60, .listener = 1,
	                         .received = SLICE("udp:192.0.2.1:5060") };
	const char *space = strrchr(spec, ' ');

	b.contact = slice_of(spec, (uint32_t)(space - spec));
	b.expires_at = atoi(space) ? NOW + s->at + atoi(space) : 0;
	if (s->instance) {
		b.instance = slice_str(s->instance);
		b.reg_id = 1;
		b.id = rt_arena_printf(arena, "%s#1", s->instance);
	} else {
		assert_int_equal(0, loc_contact_id(b.contact, arena, &b.id));
	}
	return b;
}

static struct result apply_to(struct loc_redis *to, const char *aor, const struct said *s)
{
	struct loc_binding b[4];
	struct loc_change change = { .aor = slice_str(aor), .b = b, .remove_all = s->all, .call_id = slice_str(s->call_id),
	                             .cseq = s->cseq, .max_contacts = s->max ? s->max : 10, .replace_oldest = s->replace,
	                             .now = NOW + s->at, .domain = SLICE("example.com") };
	struct result r = { 0 };

	rt_arena_reset(arena);
	if (s->nonce) {
		change.nonce = slice_str(s->nonce);
		change.nonce_count = s->count;
		change.nonce_until = NOW + 300;
	}
	for (int i = 0; i < 4 && s->contact[i]; i++)
		b[change.n++] = binding_of(s, s->contact[i]);
	assert_int_equal(0, loc_store_apply(to, &change, keep, &r, 0));
	assert_true(kit_redis_until(to, &r.done));
	return r;
}

static struct result fetch(const char *aor, int64_t at)
{
	struct result r = { 0 };

	assert_int_equal(0, loc_store_fetch(redis, slice_str(aor), NOW + at, keep, &r, 0));
	assert_true(kit_redis_until(redis, &r.done));
	return r;
}

#define APPLY(...) apply_to(redis, "alice@example.com", &(struct said){ .call_id = __VA_ARGS__ })

static void stands(const struct result r, const char *text)
{
	assert_int_equal(0, r.err);
	assert_string_equal(text, r.text);
}

static void refused(const struct result r, int err)
{
	assert_int_equal(err, r.err);
	assert_int_equal(0, r.n);
}

/* ---- Plain commands ---- */

struct plain {
	int done;
	long long integer;
	char text[512];
};

static void plain_came(void *self, uint64_t token, int err, const redisReply *reply)
{
	struct plain *p = self;

	(void)token;
	assert_int_equal(0, err);
	p->integer = reply->integer;
	if (reply->str)
		snprintf(p->text, sizeof(p->text), "%s", reply->str);
	for (size_t i = 0; i < reply->elements && reply->element[i]->str; i++)
		snprintf(p->text + strlen(p->text), sizeof(p->text) - strlen(p->text), "%s|", reply->element[i]->str);
	p->done = 1;
}

static struct plain ask(int argc, const struct slice *argv)
{
	struct plain p = { 0 };

	assert_int_equal(0, loc_redis_call(redis, plain_came, &p, 0, argc, argv));
	assert_true(kit_redis_until(redis, &p.done));
	return p;
}

/* ---- 10.3 ---- */

static void bindings_are_added_refreshed_and_removed(void **state)
{
	(void)state;
	stands(APPLY("a", 1, { "sip:x@h:1 3600" }), "sip:x@h:1 3600 1");
	stands(APPLY("b", 7, { "sip:y@h:2 600" }, .at = 1), "sip:y@h:2 601 7; sip:x@h:1 3600 1");
	stands(APPLY("a", 2, { "sip:x@h:1 60" }, .at = 2), "sip:x@h:1 62 2; sip:y@h:2 601 7");
	stands(APPLY("q", 1, { 0 }), "sip:x@h:1 62 2; sip:y@h:2 601 7"); /* no Contact: a question */
	stands(APPLY("a", 3, { "sip:x@h:1 0" }, .at = 3), "sip:y@h:2 601 7");
	stands(APPLY("a", 4, { "sip:nobody@h 0" }, .at = 3), "sip:y@h:2 601 7"); /* 10.2.2: no error */
	stands(fetch("alice@example.com", 3), "sip:y@h:2 601 7");
	stands(fetch("alice@example.com", 601), ""); /* what is past is not there */
	stands(fetch("bob@example.com", 0), "");
}

static void a_call_id_moves_only_forward(void **state)
{
	(void)state;
	stands(APPLY("a", 5, { "sip:x@h 3600" }), "sip:x@h 3600 5");
	refused(APPLY("a", 4, { "sip:x@h 60" }), RT_STALE);
	refused(APPLY("a", 5, { "sip:x@h 60" }), RT_STALE);     /* same CSeq, another wish */
	refused(APPLY("a", 5, { "sip:x@h 0" }), RT_STALE);
	refused(APPLY("a", 5, { 0 }, .all = true), RT_STALE);
	stands(fetch("alice@example.com", 0), "sip:x@h 3600 5");
	stands(APPLY("b", 1, { "sip:x@h 60" }), "sip:x@h 60 1"); /* another Call-ID: any CSeq */
}

static void the_same_request_again_is_no_error(void **state)
{
	(void)state;
	stands(APPLY("a", 5, { "sip:x@h 3600" }), "sip:x@h 3600 5");
	stands(APPLY("a", 5, { "sip:x@h 3600" }, .at = 4), "sip:x@h 3600 5"); /* nothing moved */
	stands(APPLY("a", 6, { "sip:x@h 0" }), "");
	stands(APPLY("a", 6, { "sip:x@h 0" }), "");
	stands(APPLY("a", 7, { 0 }, .all = true), "");
}

static void all_or_nothing(void **state)
{
	(void)state;
	stands(APPLY("a", 30, { "sip:old@h 900" }), "sip:old@h 900 30");
	refused(APPLY("a", 20, { "sip:new@h 500", "sip:old@h 500" }), RT_STALE);
	refused(APPLY("a", 20, { "sip:old@h 500", "sip:new@h 500" }), RT_STALE);
	stands(fetch("alice@example.com", 0), "sip:old@h 900 30");
	stands(APPLY("b", 1, { "sip:other@h 900" }, .at = 1), "sip:other@h 901 1; sip:old@h 900 30");
	refused(APPLY("a", 29, { 0 }, .all = true), RT_STALE); /* one of two is newer: both stay */
	stands(fetch("alice@example.com", 1), "sip:other@h 901 1; sip:old@h 900 30");
	stands(APPLY("c", 1, { 0 }, .all = true), "");
}

static void more_than_allowed_is_refused_or_replaces_the_oldest(void **state)
{
	(void)state;
	APPLY("a", 1, { "sip:1@h 900" }, .at = 0);
	stands(APPLY("b", 1, { "sip:2@h 900" }, .at = 1, .max = 2), "sip:2@h 901 1; sip:1@h 900 1");
	refused(APPLY("c", 1, { "sip:3@h 900" }, .at = 2, .max = 2), RT_BIG);
	stands(fetch("alice@example.com", 2), "sip:2@h 901 1; sip:1@h 900 1");
	stands(APPLY("c", 1, { "sip:3@h 900" }, .at = 2, .max = 2, .replace = true), "sip:3@h 902 1; sip:2@h 901 1");
	stands(APPLY("b", 2, { "sip:2@h 900" }, .at = 3, .max = 1), "sip:2@h 903 2; sip:3@h 902 1"); /* a refresh adds nothing */
	stands(APPLY("d", 1, { "sip:3@h 0", "sip:4@h 900" }, .at = 4, .max = 2), "sip:4@h 904 1; sip:2@h 903 2");
	refused(APPLY("e", 1, { "sip:5@h 9", "sip:6@h 9", "sip:7@h 9" }, .at = 5, .max = 2, .replace = true), RT_BIG);
}

/* RFC 3261 19.1.4 */
static void equal_contacts_are_one_binding(void **state)
{
	(void)state;
	stands(APPLY("a", 1, { "sip:%61lice@H.example:5060 60" }), "sip:%61lice@H.example:5060 60 1");
	stands(APPLY("a", 2, { "sip:alice@h.EXAMPLE:5060 70" }), "sip:alice@h.EXAMPLE:5060 70 2");
	stands(APPLY("a", 3, { "sip:alice@h.example:5060;x=1 80" }), "sip:alice@h.example:5060;x=1 80 3");
	stands(APPLY("a", 4, { "sip:alice@h.example:5060 90" }), "sip:alice@h.example:5060 90 4");
	stands(APPLY("a", 5, { "sip:alice@h.example:5060;X=2 90" }), "sip:alice@h.example:5060;X=2 90 5");
	stands(APPLY("a", 6, { "sip:alice@h.example:5060;x=3 91" }, .at = 1),
	       "sip:alice@h.example:5060;x=3 92 6; sip:alice@h.example:5060;X=2 90 5");
	refused(APPLY("a", 4, { "sip:alice@h.example:5060;x=2 9" }), RT_STALE);
}

/* RFC 3261 10.3 step 7 takes contacts one after the other, so the later of two equal ones in one request counts. */
static void equal_contacts_of_one_request_are_one_binding(void **state)
{
	(void)state;
	stands(APPLY("a", 1, { "sip:carol@chicago.com 60", "sip:carol@chicago.com;security=on 90" }), "sip:carol@chicago.com;security=on 90 1");
	stands(APPLY("a", 2, { "sip:carol@chicago.com;newparam=5 60", "sip:carol@chicago.com 70" }), "sip:carol@chicago.com 70 2");
	stands(APPLY("a", 3, { "sip:carol@chicago.com 60", "sip:carol@chicago.com;security=on 0" }), "");
	stands(APPLY("a", 4, { "sip:carol@chicago.com;a 60", "sip:carol@chicago.com;b 0", "sip:carol@chicago.com 80" }), "sip:carol@chicago.com 80 4");
	assert_int_equal(3, APPLY("a", 5, { "sip:x@h;a=1 60", "sip:x@h;a=2 60", "sip:x@h;a=2;b 90" }, .max = 3).n);
	assert_int_equal(3, ask(ARGS(SLICE("HLEN"), SLICE("reg:alice@example.com"))).integer);
}

static void different_contacts_are_two(void **state)
{
	static const char *const pairs[][2] = {
		{ "sip:a@h 60", "sip:a@h:5060 60" }, { "sip:a@h 60", "sip:a@h;transport=udp 60" }, { "sip:A@h 60", "sip:a@h 60" },
		{ "sip:a@h 60", "sips:a@h 60" }, { "sip:a@h;x=1 60", "sip:a@h;x=2 60" }, { "mailto:a@h 60", "mailto:b@h 60" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		APPLY("a", 1, { pairs[i][0] });
		assert_int_equal(2, APPLY("a", 2, { pairs[i][1] }).n);
		ask(ARGS(SLICE("FLUSHALL")));
	}
}

/* RFC 5626 6: instance and reg-id name the binding, whatever the contact. */
static void an_instance_keeps_one_binding_for_each_flow(void **state)
{
	(void)state;
	stands(APPLY("a", 1, { "sip:x@192.0.2.1 60" }, .instance = "<urn:uuid:1>"), "sip:x@192.0.2.1 60 1");
	stands(APPLY("b", 1, { "sip:x@192.0.2.99 60" }, .instance = "<urn:uuid:1>"), "sip:x@192.0.2.99 60 1");
	assert_int_equal(2, APPLY("c", 1, { "sip:x@192.0.2.99 60" }, .instance = "<urn:uuid:2>").n);
}

static void highest_q_comes_first(void **state)
{
	(void)state;
	APPLY("a", 1, { "sip:low@h 60" }, .q = 100);
	APPLY("b", 1, { "sip:high@h 60" }, .q = 900);
	stands(APPLY("c", 1, { "sip:mid@h 60" }, .q = 501), "sip:high@h 60 1; sip:mid@h 60 1; sip:low@h 60 1");
}

/* RFC 7616 3.4: a nonce count serves once; the very same request may come twice. */
static void a_used_nonce_count_changes_nothing(void **state)
{
	(void)state;
	stands(APPLY("a", 1, { "sip:x@h 60" }, .nonce = "n1", .count = 1), "sip:x@h 60 1");
	stands(APPLY("a", 1, { "sip:x@h 60" }, .nonce = "n1", .count = 1), "sip:x@h 60 1");
	refused(APPLY("a", 2, { "sip:x@h 60" }, .nonce = "n1", .count = 1), RT_DENIED);
	refused(APPLY("a", 1, { "sip:thief@h 60" }, .nonce = "n1", .count = 1), RT_DENIED);
	refused(APPLY("z", 1, { 0 }, .nonce = "n1", .count = 1), RT_DENIED);
	refused(APPLY("z", 1, { 0 }, .nonce = "n1", .count = 1, .all = true), RT_DENIED);
	stands(APPLY("a", 2, { "sip:x@h 70" }, .nonce = "n1", .count = 3), "sip:x@h 70 2");
	refused(APPLY("a", 3, { "sip:x@h 80" }, .nonce = "n1", .count = 2), RT_DENIED);
	stands(APPLY("a", 3, { "sip:x@h 80" }, .nonce = "n2", .count = 1), "sip:x@h 80 3");
	stands(fetch("alice@example.com", 0), "sip:x@h 80 3"); /* nonces are no bindings */
	for (int i = 0; i < 20; i++) {
		char nonce[16];

		snprintf(nonce, sizeof(nonce), "m%d", i);
		assert_int_equal(0, APPLY("a", 4 + (uint32_t)i, { "sip:x@h 80" }, .nonce = nonce, .count = 1).err);
	}
	assert_int_equal(1 + 8, ask(ARGS(SLICE("HLEN"), SLICE("reg:alice@example.com"))).integer); /* and they are bounded */
	APPLY("a", 99, { "sip:x@h 900" }, .at = 301);
	assert_int_equal(1, ask(ARGS(SLICE("HLEN"), SLICE("reg:alice@example.com"))).integer);
}

static void index_and_events_follow(void **state)
{
	struct plain p;

	(void)state;
	APPLY("a", 1, { "sip:x@h 60", "sip:y@h 90" });
	p = ask(ARGS(SLICE("ZRANGE"), SLICE("idx:domain:example.com"), SLICE("0"), SLICE("-1"), SLICE("WITHSCORES")));
	assert_string_equal("alice@example.com|4102444890|", p.text);
	p = ask(ARGS(SLICE("ZRANGE"), SLICE("idx:edge:7"), SLICE("0"), SLICE("-1"), SLICE("WITHSCORES")));
	assert_string_equal("alice@example.com|4102444890|", p.text);
	p = ask(ARGS(SLICE("EVAL"), SLICE("local t = {} for i = 0, 15 do for _, v in ipairs(redis.call('ZRANGE', 'idx:exp:' .. i, 0, -1, "
	                                  "'WITHSCORES')) do t[#t + 1] = v end end return t"), SLICE("0")));
	assert_string_equal("alice@example.com c:sip:x@h|4102444860|alice@example.com c:sip:y@h|4102444890|", p.text);
	p = ask(ARGS(SLICE("PEXPIRETIME"), SLICE("reg:alice@example.com")));
	assert_true(p.integer == (NOW + 90 + 60) * 1000ll);
	APPLY("a", 2, { "sip:y@h 0" });
	APPLY("a", 3, { 0 }, .at = 61); /* x is past: whoever touches the record tells */
	assert_int_equal(0, ask(ARGS(SLICE("EXISTS"), SLICE("reg:alice@example.com"))).integer);
	assert_int_equal(0, ask(ARGS(SLICE("ZCARD"), SLICE("idx:domain:example.com"))).integer);
	assert_int_equal(0, ask(ARGS(SLICE("ZCARD"), SLICE("idx:edge:7"))).integer);
	p = ask(ARGS(SLICE("EVAL"), SLICE("local t = {} for _, e in ipairs(redis.call('XRANGE', 'events:reg', '-', '+')) do "
	                                  "t[#t + 1] = e[2][2] .. ' ' .. e[2][8] end return t"), SLICE("0")));
	assert_int_equal(4, ask(ARGS(SLICE("XLEN"), SLICE("events:reg"))).integer);
	assert_non_null(strstr(p.text, "remove sip:y@h|expire sip:x@h|"));
}

static void records_are_flat_json(void **state)
{
	struct plain p;

	(void)state;
	APPLY("a\"b\\c", 17, { "sip:x@h;transport=tcp 60" }, .q = 250);
	p = ask(ARGS(SLICE("HGET"), SLICE("reg:alice@example.com"), SLICE("c:sip:x@h;transport=tcp")));
	assert_string_equal("{\"expires_at\":4102444860,\"updated_at\":4102444800,\"registered_at\":4102444800,\"cseq\":17,"
	                    "\"call_id\":\"a\\\"b\\\\c\",\"contact\":\"sip:x@h;transport=tcp\",\"q\":0.250,"
	                    "\"user_agent\":\"Test \\\"1\\\"\",\"received\":\"udp:192.0.2.1:5060\",\"edge\":7,"
	                    "\"flow\":\"1152921504606846976\",\"listener\":1}", p.text);
	refused(APPLY("a\"b\\c", 16, { "sip:x@h;transport=tcp 60" }), RT_STALE);
	stands(APPLY("a\"b\\c", 18, { "sip:x@h;transport=tcp 60" }, .at = 5), "sip:x@h;transport=tcp 65 18");
	p = ask(ARGS(SLICE("HGET"), SLICE("reg:alice@example.com"), SLICE("c:sip:x@h;transport=tcp")));
	assert_non_null(strstr(p.text, "\"registered_at\":4102444800,")); /* since when it stands */
}

/* ---- Lookups, users, nonces ---- */

struct looked {
	int done, err, n;
	struct loc_policy policy;
};

static void looked_up(void *self, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	struct looked *l = self;

	(void)token, (void)b;
	l->done = 1;
	l->err = err;
	l->n = n;
	if (policy)
		l->policy = *policy;
}

static struct looked look(const char *aor)
{
	struct looked l = { 0 };

	assert_int_equal(0, loc_lookup(redis, slice_str(aor), NOW, looked_up, &l, 0));
	assert_true(kit_redis_until(redis, &l.done));
	return l;
}

static void a_lookup_brings_bindings_and_policy(void **state)
{
	struct looked l;

	(void)state;
	APPLY("a", 1, { "sip:x@h 60", "sip:y@h 90" });
	l = look("alice@example.com");
	assert_int_equal(0, l.err);
	assert_int_equal(2, l.n);
	assert_int_equal(-1, l.policy.mode);
	assert_int_equal(-1, l.policy.fork);
	ask(ARGS(SLICE("HSET"), SLICE("policy:alice@example.com"), SLICE("mode"), SLICE("redirect"), SLICE("fork"), SLICE("serial"),
	         SLICE("recurse"), SLICE("on")));
	l = look("alice@example.com");
	assert_int_equal(1, l.policy.mode);
	assert_int_equal(1, l.policy.fork);
	assert_int_equal(1, l.policy.recurse);
	assert_int_equal(0, look("bob@example.com").n);
}

struct met {
	int done, err;
	struct loc_user user;
};

static void met_user(void *self, uint64_t token, int err, const struct loc_user *user)
{
	struct met *m = self;

	(void)token;
	m->done++;
	m->err = err;
	if (user)
		m->user = *user;
}

static void note_answer(void *self, uint64_t token, int err, const redisReply *reply)
{
	(void)token, (void)err, (void)reply;
	*(int *)self = 1;
}

static void users_are_fetched_and_remembered(void **state)
{
	struct loc_users *users = loc_users_new(redis, 64);
	const rt_ms now = rt_clock_ms();
	struct met m = { 0 };

	(void)state;
	ask(ARGS(SLICE("HSET"), SLICE("user:u@d"), SLICE("realm"), SLICE("d"), SLICE("ha1_md5"),
	         SLICE("0123456789ABCDEF0123456789abcdef"), SLICE("ha1_sha256"), SLICE("short"), SLICE("disabled"), SLICE("1"),
	         SLICE("max_contacts"), SLICE("3")));
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now, met_user, &m, 0));
	assert_int_equal(0, m.done);
	assert_true(kit_redis_until(redis, &m.done));
	assert_int_equal(0, m.err);
	assert_string_equal("0123456789abcdef0123456789abcdef", m.user.ha1_md5);
	assert_string_equal("", m.user.ha1_sha256);
	assert_string_equal("d", m.user.realm);
	assert_true(m.user.disabled);
	assert_int_equal(3, m.user.max_contacts);
	ask(ARGS(SLICE("DEL"), SLICE("user:u@d")));
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now + 4999, met_user, &m, 0));
	assert_int_equal(2, m.done); /* from memory, at once */
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now + 5001, met_user, &m, 0));
	m.done = 0;
	assert_true(kit_redis_until(redis, &m.done));
	assert_int_equal(RT_ABSENT, m.err);
	for (int i = 0; i < 1000; i++) { /* more names than room: the memory stays what it was */
		char aor[32];

		snprintf(aor, sizeof(aor), "u%d@d", i);
		assert_int_equal(0, loc_users_fetch(users, slice_str(aor), now, met_user, &m, 0));
	}
	m.done = 0;
	loc_users_destroy(&users); /* with calls under way: they end all the same */
	while (m.done < 1000)
		kit_redis_turn(redis);
	assert_int_equal(1000, m.done);
}

struct used {
	int done, err;
};

static void used_nonce(void *self, uint64_t token, int err)
{
	(void)token;
	*(struct used *)self = (struct used){ 1, err };
}

static int use(const char *nonce, uint32_t count)
{
	struct used u = { 0 };

	assert_int_equal(0, loc_nonce_use(redis, slice_str(nonce), count, 300, used_nonce, &u, 0));
	assert_true(kit_redis_until(redis, &u.done));
	return u.err;
}

static void a_nonce_count_serves_once(void **state)
{
	(void)state;
	assert_int_equal(0, use("n", 1));
	assert_int_equal(RT_DENIED, use("n", 1));
	assert_int_equal(0, use("n", 5));
	assert_int_equal(RT_DENIED, use("n", 4));
	assert_int_equal(0, use("m", 1));
	assert_in_range(ask(ARGS(SLICE("TTL"), SLICE("nonce:n"))).integer, 298, 300);
}

/* ---- Many writers at once ---- */

enum { WRITERS = 8, ROUNDS = 150 };

/* Each writer has a phone of his own, and all share one whose CSeq must only grow. */
static int write_many(int me)
{
	struct loc_redis *mine = loc_redis_new(server.url, 5000, rt_clock_ms());
	int bad = 0;

	for (uint32_t i = 1; i <= ROUNDS; i++) {
		char own[48], call[32];
		struct result r;

		snprintf(own, sizeof(own), "sip:w%d@h %d", me, 600);
		snprintf(call, sizeof(call), "call-%d", me);
		r = apply_to(mine, "many@example.com", &(struct said){ call, i, { own }, .max = WRITERS + 1 });
		bad += r.err != 0 || !strstr(r.text, "sip:w");
		r = apply_to(mine, "many@example.com",
		             &(struct said){ "shared", i * WRITERS + (uint32_t)me, { "sip:shared@h 600" }, .max = WRITERS + 1 });
		bad += r.err != 0 && r.err != RT_STALE;
	}
	loc_redis_destroy(&mine);
	return bad;
}

static void concurrent_writers_lose_nothing(void **state)
{
	pid_t child[WRITERS];
	struct result r;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		child[i] = fork();
		if (child[i] == 0)
			_exit(write_many(i) ? 1 : 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;

		waitpid(child[i], &status, 0);
		assert_int_equal(0, status);
	}
	r = fetch("many@example.com", 0);
	assert_int_equal(WRITERS + 1, r.n);
	assert_non_null(strstr(r.text, "sip:shared@h 600 1207")); /* the highest CSeq of all: 150 * 8 + 7 */
	for (int i = 0; i < WRITERS; i++) {
		char own[48];

		snprintf(own, sizeof(own), "sip:w%d@h 600 150", i);
		assert_non_null(strstr(r.text, own));
	}
}

static void redis_away_is_told(void **state)
{
	struct result r = { 0 };
	struct loc_change change = { .aor = SLICE("alice@example.com"), .call_id = SLICE("a"), .now = NOW, .max_contacts = 1 };
	struct kit_redis other;
	struct loc_redis *away;

	(void)state;
	kit_redis_start(&other, 0, 0);
	away = loc_redis_new(other.url, 100, rt_clock_ms());
	while (!loc_redis_up(away))
		kit_redis_turn(away);
	kill(other.pid, SIGSTOP);
	assert_int_equal(0, loc_store_apply(away, &change, keep, &r, 0));
	assert_true(kit_redis_until(away, &r.done));
	assert_int_equal(RT_TIMEOUT, r.err);
	kit_redis_kill(&other);
	while (loc_redis_up(away))
		kit_redis_turn(away);
	assert_int_equal(RT_DOWN, loc_store_apply(away, &change, keep, &r, 0));
	assert_int_equal(RT_DOWN, loc_store_fetch(away, change.aor, NOW, keep, &r, 0));
	assert_int_equal(1, r.done);
	loc_redis_destroy(&away);
	kit_redis_stop(&other);
}

static void keep_lookup(void *self, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	keep(self, token, err, b, n);
	assert_true((policy != 0) == (err == 0 || err == RT_STALE));
}

static struct result look_up(struct loc_redis *at, const char *aor, int64_t now)
{
	struct result r = { 0 };

	if (loc_lookup(at, slice_str(aor), now, keep_lookup, &r, 0))
		r.err = RT_DOWN;
	else
		assert_true(kit_redis_until(at, &r.done));
	return r;
}

/* Is it answered at once? What Redis is asked instead comes with the next turns. */
static bool is_remembered(struct loc_redis *at, const char *aor)
{
	static struct result r;

	r.done = 0;
	return loc_lookup(at, slice_str(aor), NOW, keep_lookup, &r, 0) == 0 && r.done;
}

/* While Redis is away: who was looked up before is answered from memory, for so long, and without what ran out. */
static void lookups_are_remembered_while_redis_is_away(void **state)
{
	struct kit_redis other;
	struct loc_redis *away;
	struct result r;

	(void)state;
	kit_redis_start(&other, 0, 0);
	away = loc_redis_new(other.url, 200, rt_clock_ms());
	assert_int_equal(0, loc_lookup_remember(away, 8, 100, 0));
	while (!loc_redis_up(away))
		kit_redis_turn(away);
	apply_to(away, "a@example.com", &(struct said){ .call_id = "a", .cseq = 1, .contact = { "sip:a@h 60", "sip:b@h 90" } });
	apply_to(away, "b@example.com", &(struct said){ .call_id = "b", .cseq = 1, .contact = { "sip:c@h 60" } });
	assert_int_equal(2, look_up(away, "a@example.com", NOW).n);
	kill(other.pid, SIGSTOP);
	r = look_up(away, "a@example.com", NOW + 10); /* the deadline passes */
	assert_int_equal(RT_STALE, r.err);
	assert_string_equal("sip:a@h 60 1; sip:b@h 90 1", r.text);
	kit_redis_kill(&other);
	while (loc_redis_up(away))
		kit_redis_turn(away);
	r = look_up(away, "a@example.com", NOW + 70); /* refused at once */
	assert_int_equal(RT_STALE, r.err);
	assert_string_equal("sip:b@h 90 1", r.text);
	assert_int_equal(RT_DOWN, look_up(away, "a@example.com", NOW + 101).err);
	assert_int_equal(RT_DOWN, look_up(away, "b@example.com", NOW).err); /* never looked up */
	kit_redis_launch(&other, 0);
	while (!loc_redis_up(away))
		kit_redis_turn(away);
	r = look_up(away, "a@example.com", NOW); /* it came back empty, and that is the truth now */
	assert_int_equal(0, r.err);
	assert_int_equal(0, r.n);
	kit_redis_kill(&other);
	while (loc_redis_up(away))
		kit_redis_turn(away);
	assert_int_equal(RT_DOWN, look_up(away, "a@example.com", NOW).err);
	loc_redis_destroy(&away);
	kit_redis_stop(&other);
}

static int use_at(struct loc_redis *at, const char *nonce, uint32_t count)
{
	struct used u = { 0 };

	assert_int_equal(0, loc_nonce_use(at, slice_str(nonce), count, 300, used_nonce, &u, 0));
	assert_true(u.done || kit_redis_until(at, &u.done));
	return u.err;
}

/* Who was asked for lately can still be judged, and his credentials serve once here. */
static void users_and_nonces_outlive_redis_for_a_while(void **state)
{
	const struct slice user[] = { SLICE("HSET"), SLICE("user:u@d"), SLICE("ha1_md5"), SLICE("0123456789abcdef0123456789abcdef") };
	struct kit_redis other;
	struct loc_redis *away;
	struct loc_users *users;
	struct met m = { 0 };
	const rt_ms now = rt_clock_ms();
	int answered = 0;

	(void)state;
	kit_redis_start(&other, 0, 0);
	away = loc_redis_new(other.url, 200, now);
	users = loc_users_new(away, 64);
	loc_users_remember(users, 100);
	assert_int_equal(0, loc_nonce_remember(away, 64));
	while (!loc_redis_up(away))
		kit_redis_turn(away);
	assert_int_equal(0, loc_redis_call(away, note_answer, &answered, 0, 4, user));
	assert_true(kit_redis_until(away, &answered));
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now, met_user, &m, 0));
	assert_true(kit_redis_until(away, &m.done));
	assert_int_equal(0, use_at(away, "n", 3));
	kill(other.pid, SIGSTOP);
	m = (struct met){ 0 };
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now + 6000, met_user, &m, 0)); /* the deadline passes */
	assert_true(kit_redis_until(away, &m.done));
	assert_int_equal(RT_STALE, m.err);
	assert_string_equal("0123456789abcdef0123456789abcdef", m.user.ha1_md5);
	assert_int_equal(RT_DENIED, use_at(away, "n", 3)); /* it was used before */
	assert_int_equal(RT_STALE, use_at(away, "n", 4));
	kit_redis_kill(&other);
	while (loc_redis_up(away))
		kit_redis_turn(away);
	assert_int_equal(RT_DENIED, use_at(away, "n", 4)); /* refused at once */
	assert_int_equal(RT_STALE, use_at(away, "m", 1));
	m = (struct met){ 0 };
	assert_int_equal(0, loc_users_fetch(users, SLICE("u@d"), now + 99000, met_user, &m, 0));
	assert_int_equal(RT_STALE, m.err);
	assert_int_equal(RT_DOWN, loc_users_fetch(users, SLICE("u@d"), now + 101000, met_user, &m, 0)); /* too long ago */
	assert_int_equal(RT_DOWN, loc_users_fetch(users, SLICE("other@d"), now, met_user, &m, 0));
	loc_users_destroy(&users);
	loc_redis_destroy(&away);
	kit_redis_stop(&other);
}

/* While Redis promises to tell of changes, what was looked up is answered from memory; whoever changes it. */
static void lookups_are_remembered_until_they_change(void **state)
{
	struct loc_redis *near = loc_redis_new(server.url, 1000, rt_clock_ms());
	struct result r;

	(void)state;
	assert_int_equal(0, loc_lookup_remember(near, 16, 0, 60));
	apply_to(redis, "a@example.com", &(struct said){ .call_id = "a", .cseq = 1, .contact = { "sip:a@h 600" } });
	while (!is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	assert_int_equal(1, look_up(near, "a@example.com", NOW).n);
	apply_to(redis, "a@example.com", &(struct said){ .call_id = "b", .cseq = 1, .contact = { "sip:b@h 600" } }); /* by another connection */
	while (is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	r = look_up(near, "a@example.com", NOW);
	assert_int_equal(2, r.n);
	assert_true(is_remembered(near, "a@example.com"));
	apply_to(near, "a@example.com", &(struct said){ .call_id = "c", .cseq = 1, .contact = { "sip:c@h 600" } }); /* by this one */
	assert_int_equal(3, look_up(near, "a@example.com", NOW).n);
	assert_true(is_remembered(near, "a@example.com"));
	ask(ARGS(SLICE("HSET"), SLICE("policy:a@example.com"), SLICE("mode"), SLICE("redirect")));
	while (is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	assert_int_equal(3, look_up(near, "a@example.com", NOW).n);
	assert_true(is_remembered(near, "a@example.com"));
	ask(ARGS(SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"), SLICE("pubsub"))); /* nobody hears of changes now: no promise, no memory */
	while (is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	while (!is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	ask(ARGS(SLICE("FLUSHALL")));
	while (is_remembered(near, "a@example.com"))
		kit_redis_turn(near);
	assert_int_equal(0, look_up(near, "a@example.com", NOW).n);
	loc_redis_destroy(&near);
}

/* However many are looked up, no more than the given number are kept: the newest of each set. */
static void the_memory_of_lookups_is_bounded(void **state)
{
	struct loc_redis *away = loc_redis_new(server.url, 1000, rt_clock_ms());
	int kept = 0;

	(void)state;
	assert_int_equal(0, loc_lookup_remember(away, 16, 1000, 0));
	while (!loc_redis_up(away))
		kit_redis_turn(away);
	for (int i = 0; i < 200; i++) {
		char aor[32];

		snprintf(aor, sizeof(aor), "u%d@example.com", i);
		apply_to(away, aor, &(struct said){ .call_id = "a", .cseq = 1, .contact = { "sip:a@h 600" } });
		assert_int_equal(1, look_up(away, aor, NOW + i).n);
	}
	kit_redis_kill(&server);
	while (loc_redis_up(away))
		kit_redis_turn(away);
	for (int i = 0; i < 200; i++) {
		char aor[32];

		snprintf(aor, sizeof(aor), "u%d@example.com", i);
		kept += look_up(away, aor, NOW + 200).err == RT_STALE;
	}
	assert_in_range(kept, 1, 16);
	assert_int_equal(RT_STALE, look_up(away, "u199@example.com", NOW + 200).err);
	loc_redis_destroy(&away);
	kit_redis_launch(&server, 0);
}

static int start(void **state)
{
	(void)state;
	kit_redis_start(&server, 0, 0);
	redis = loc_redis_new(server.url, 2000, rt_clock_ms());
	arena = rt_arena_new(1 << 20);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	loc_redis_destroy(&redis);
	rt_arena_destroy(&arena);
	kit_redis_stop(&server);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	ask(ARGS(SLICE("FLUSHALL")));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bindings_are_added_refreshed_and_removed, empty),
		cmocka_unit_test_setup(a_call_id_moves_only_forward, empty),
		cmocka_unit_test_setup(the_same_request_again_is_no_error, empty),
		cmocka_unit_test_setup(all_or_nothing, empty),
		cmocka_unit_test_setup(more_than_allowed_is_refused_or_replaces_the_oldest, empty),
		cmocka_unit_test_setup(equal_contacts_are_one_binding, empty),
		cmocka_unit_test_setup(equal_contacts_of_one_request_are_one_binding, empty),
		cmocka_unit_test_setup(different_contacts_are_two, empty),
		cmocka_unit_test_setup(an_instance_keeps_one_binding_for_each_flow, empty),
		cmocka_unit_test_setup(highest_q_comes_first, empty),
		cmocka_unit_test_setup(a_used_nonce_count_changes_nothing, empty),
		cmocka_unit_test_setup(index_and_events_follow, empty),
		cmocka_unit_test_setup(records_are_flat_json, empty),
		cmocka_unit_test_setup(a_lookup_brings_bindings_and_policy, empty),
		cmocka_unit_test_setup(users_are_fetched_and_remembered, empty),
		cmocka_unit_test_setup(a_nonce_count_serves_once, empty),
		cmocka_unit_test(users_and_nonces_outlive_redis_for_a_while),
		cmocka_unit_test_setup(concurrent_writers_lose_nothing, empty),
		cmocka_unit_test_setup(redis_away_is_told, empty),
		cmocka_unit_test_setup(lookups_are_remembered_while_redis_is_away, empty),
		cmocka_unit_test_setup(lookups_are_remembered_until_they_change, empty),
		cmocka_unit_test_setup(the_memory_of_lookups_is_bounded, empty), /* the last: it restarts the server */
	};

	return cmocka_run_group_tests(tests, start, stop);
}
