/* SPDX-License-Identifier: MIT */
/*
 * stage: the whole proxy between parcels, with a store and a name server that answer when the test says so. It defines the functions
 * of loc/store.h, loc/users.h, loc/redis.h and dns/resolver.h, so include it in one file of a test program and nowhere else.
 */
#ifndef PROXY_STAGE_H
#define PROXY_STAGE_H

#include "dns/resolver.h"
#include "kit/fake_svc.h"
#include "loc/store.h"
#include "loc/users.h"

enum { SELF = 3, EDGE = 7, WORKER = 9 };

/* ---- The store and the name server ---- */

static struct {
	loc_lookup_fn *lookup;
	loc_user_fn *user;
	dns_done_fn *hops;
	void *arg;
	uint64_t token;
	char aor[128];
	int lookups, users, searches;
} asked;

int loc_lookup(struct loc_redis *redis, struct slice aor, int64_t now, loc_lookup_fn *done, void *arg, uint64_t token)
{
	(void)redis;
	(void)now;
	slice_cstr(aor, asked.aor, sizeof(asked.aor));
	asked.lookup = done;
	asked.arg = arg;
	asked.token = token;
	asked.lookups++;
	return 0;
}

int loc_lookup_remember(struct loc_redis *redis, uint32_t entries, uint32_t away, uint32_t fresh)
{
	(void)redis;
	(void)entries;
	(void)away;
	(void)fresh;
	return 0;
}

int loc_nonce_remember(struct loc_redis *redis, uint32_t entries)
{
	(void)redis;
	(void)entries;
	return 0;
}

void loc_users_remember(struct loc_users *self, uint32_t seconds)
{
	(void)self;
	(void)seconds;
}

void loc_lookup_forget(struct loc_redis *redis, struct slice aor)
{
	(void)redis;
	(void)aor;
}

/* There is no connection: what is asked of Redis by other ways than these is refused. */
int loc_redis_call(struct loc_redis *self, loc_redis_fn *fn, void *arg, uint64_t token, int argc, const struct slice *argv)
{
	(void)self;
	(void)fn;
	(void)arg;
	(void)token;
	(void)argc;
	(void)argv;
	return RT_DOWN;
}

/* Scripts: the words of the last one, and whom to answer, the newest at the end. */
static struct {
	struct {
		loc_redis_fn *fn;
		void *arg;
	} asker[512];
	int n;
	char words[512]; /* "queue:bob@example.com bob@example.com stand .." */
} script_run;

/* The newest; a test that asks nobody gets nothing. */
static inline void script_answers(int err, const redisReply *reply)
{
	if (script_run.n-- > 0)
		script_run.asker[script_run.n].fn(script_run.asker[script_run.n].arg, 0, err, reply);
}

static inline void scripts_time_out(void)
{
	while (script_run.n > 0)
		script_answers(RT_TIMEOUT, 0);
}

int loc_redis_script(struct loc_redis *self, struct loc_script *script, loc_redis_fn *fn, void *arg, uint64_t token, int nkeys, int argc,
                     const struct slice *argv)
{
	struct rt_cursor c = rt_cursor_on(script_run.words, sizeof(script_run.words) - 1);

	(void)self;
	(void)script;
	(void)token;
	(void)nkeys;
	if (script_run.n == sizeof(script_run.asker) / sizeof(script_run.asker[0]))
		return RT_DOWN;
	for (int i = 0; i < argc; i++)
		rt_cursor_printf(&c, "%s" SLICE_FMT, i ? " " : "", SLICE_ARG(argv[i]));
	script_run.words[c.n] = 0;
	script_run.asker[script_run.n].fn = fn;
	script_run.asker[script_run.n++].arg = arg;
	return 0;
}

static struct { /* SUBSCRIBE queue */
	loc_message_fn *fn;
	void *arg;
} listener;

int loc_redis_subscribe(struct loc_redis *self, struct slice channel, loc_message_fn *fn, void *arg)
{
	(void)self;
	if (!slice_eq(channel, SLICE("queue")))
		return RT_DOWN;
	listener.fn = fn;
	listener.arg = arg;
	return 0;
}

int loc_nonce_use(struct loc_redis *redis, struct slice nonce, uint32_t count, int64_t seconds, loc_nonce_fn *done, void *arg,
                  uint64_t token)
{
	(void)redis;
	(void)nonce;
	(void)count;
	(void)seconds;
	done(arg, token, 0);
	return 0;
}

struct loc_users *loc_users_new(struct loc_redis *redis, uint32_t room)
{
	static char here;

	(void)redis;
	(void)room;
	return (struct loc_users *)(void *)&here;
}

void loc_users_destroy(struct loc_users **self_p)
{
	*self_p = 0;
}

int loc_users_fetch(struct loc_users *self, struct slice aor, rt_ms now, loc_user_fn *done, void *arg, uint64_t token)
{
	(void)self;
	(void)now;
	slice_cstr(aor, asked.aor, sizeof(asked.aor));
	asked.user = done;
	asked.arg = arg;
	asked.token = token;
	asked.users++;
	return 0;
}

struct dns_resolver *dns_resolver_new(const struct dns_options *options, const struct dns_hooks *hooks, rt_ms now)
{
	static char here;

	(void)options;
	(void)hooks;
	(void)now;
	return (struct dns_resolver *)(void *)&here;
}

void dns_resolver_destroy(struct dns_resolver **self_p)
{
	*self_p = 0;
}

int dns_resolve(struct dns_resolver *self, const struct sip_uri *uri, rt_ms now, dns_done_fn *done, void *arg, uint64_t token)
{
	(void)self;
	(void)uri;
	(void)now;
	asked.hops = done;
	asked.arg = arg;
	asked.token = token;
	asked.searches++;
	return 0;
}

int dns_resolve_response(struct dns_resolver *self, struct slice host, uint16_t port, enum sip_transport proto, rt_ms now,
                         dns_done_fn *done, void *arg, uint64_t token)
{
	(void)port;
	(void)proto;
	(void)host;
	return dns_resolve(self, 0, now, done, arg, token);
}

void dns_resolver_ready(struct dns_resolver *self, int fd, bool read, bool write, rt_ms now)
{
	(void)self;
	(void)fd;
	(void)read;
	(void)write;
	(void)now;
}

rt_ms dns_resolver_tick(struct dns_resolver *self, rt_ms now)
{
	(void)self;
	(void)now;
	return UINT64_MAX;
}

void dns_hop_failed(struct dns_resolver *self, const struct sip_hop *hop, rt_ms now, uint32_t seconds)
{
	(void)self;
	(void)hop;
	(void)now;
	(void)seconds;
}

void dns_hop_worked(struct dns_resolver *self, const struct sip_hop *hop)
{
	(void)self;
	(void)hop;
}

/* ---- The stage ---- */

static struct svc *svc;
static uint64_t born;

static inline int open_stage_with(char *const environment[])
{
	static const char edge[] = "{\"tier\":\"transport\",\"id\":7,\"version\":1,\"host\":\"here\",\"pid\":1,\"state\":\"live\",\"load\":0,"
	                           "\"seen\":1,\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"udp:192.0.2.1:5060 as 192.0.2.1:5060\",\"tls:192.0.2.1:5061 as 192.0.2.1:5061\","
	                           "\"tcp:192.0.2.1:5060 as 192.0.2.1:5060\"]}";
	struct wire_member m;

	memset(&asked, 0, sizeof(asked));
	svc = fake_new(&proxy_actor, SELF, environment);
	assert_int_equal(wire_member_parse(&m, slice_str(edge)), 0);
	assert_int_equal(wire_members_put(svc->members, &m), 0);
	fake_open(svc);
	return 0;
}

/* Nothing may be left behind by any test. */
static inline int close_stage(void **state)
{
	(void)state;
	fake_run_until(svc, svc->now + 400000);
	scripts_time_out();
	assert_int_equal(svc->actor->load(svc->self), 0);
	fake_destroy(&svc);
	return 0;
}

static inline struct wire_head from_worker(uint8_t verb)
{
	struct wire_head h = { .verb = verb, .from = WORKER, .to = SELF, .edge = EDGE, .trail = 77, .born = ++born };

	assert_int_equal(sip_hop_parse(&h.remote, SLICE("udp:198.51.100.9:5062")), 0);
	assert_int_equal(sip_hop_parse(&h.local, SLICE("udp:192.0.2.1:5060")), 0);
	return h;
}

static inline void offer(rt_handle txn, const char *text)
{
	struct wire_head h = from_worker(WIRE_OFFER);

	h.txn = txn;
	fake_parcel(svc, &h, text);
}

static inline void bindings_with(const struct loc_binding *b, int n, struct loc_policy own)
{
	asked.lookup(asked.arg, asked.token, 0, b, n, &own);
	fake_flush(svc);
}

static inline void bindings(const struct loc_binding *b, int n)
{
	bindings_with(b, n, (struct loc_policy){ -1, -1, -1, -1, -1 });
}

#define CONTACT(text) { .id = SLICE("c:1"), .contact = SLICE(text), .params = SLICE(""), .path = SLICE(""), .received = SLICE(""), \
	                .instance = SLICE(""), .expires_at = FAKE_EPOCH + 100000, .q = 1000 }

static inline void hops(int err, const char *first, const char *second)
{
	struct sip_hop h[2];

	if (!err) {
		assert_int_equal(sip_hop_parse(&h[0], slice_str(first)), 0);
		assert_int_equal(sip_hop_parse(&h[1], slice_str(second)), 0);
	}
	asked.hops(asked.arg, asked.token, err, h, err ? 0 : 2);
	fake_flush(svc);
}

static inline const struct fake_post *next(uint8_t verb)
{
	const struct fake_post *const p = fake_next(svc);

	if (!p)
		fail_msg("nothing was posted, %s expected", wire_verb_name(verb));
	if (p->head.verb != verb)
		fail_msg("%s was posted, %s expected:\n" SLICE_FMT, wire_verb_name(p->head.verb), wire_verb_name(verb), SLICE_ARG(p->text));
	return p;
}

static inline void silence(void)
{
	const struct fake_post *const p = fake_next(svc);

	if (p)
		fail_msg("unexpected %s:\n" SLICE_FMT, wire_verb_name(p->head.verb), SLICE_ARG(p->text));
}

/* An ANSWER with this status and, when given, this text in it. */
static inline const struct fake_post *answered(rt_handle txn, int status, const char *with)
{
	const struct fake_post *const p = next(WIRE_ANSWER);
	char text[4096];

	assert_int_equal(p->head.to, WORKER);
	assert_int_equal(p->head.txn, txn);
	assert_non_null(p->index);
	assert_int_equal(p->index->status, status);
	assert_true(slice_cstr(p->text, text, sizeof(text)));
	if (with && !strstr(text, with))
		fail_msg("\"%s\" is not in\n%s", with, text);
	return p;
}

static inline struct wire_head forked(const char *hop, const char *with)
{
	const struct fake_post *const p = next(WIRE_FORK);
	struct sip_hop to;
	char text[4096];

	assert_int_equal(p->head.to, WORKER);
	assert_int_equal(sip_hop_parse(&to, slice_str(hop)), 0);
	assert_true(sip_hop_same(&to, &p->head.remote));
	assert_true(slice_cstr(p->text, text, sizeof(text)));
	if (with && !strstr(text, with))
		fail_msg("\"%s\" is not in\n%s", with, text);
	return p->head;
}

/* The next hop's response to a FORK; our Via on top as the transaction passes it. */
static inline void result(const struct wire_head *fork, int status, const char *more)
{
	struct wire_head h = from_worker(WIRE_RESULT);
	char text[2048];

	h.txn = fork->txn;
	h.context = fork->context;
	h.slot = fork->slot;
	h.branch = 5000u + fork->slot;
	snprintf(text, sizeof(text),
	         "SIP/2.0 %d Said So\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\n"
	         "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nFrom: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>;tag=b%u\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
	         status, fork->slot, more);
	fake_parcel(svc, &h, text);
}

static inline void failed(const struct wire_head *fork, int reason)
{
	struct wire_head h = from_worker(WIRE_RESULT);

	h.txn = fork->txn;
	h.context = fork->context;
	h.slot = fork->slot;
	h.branch = 5000u + fork->slot;
	h.reason = (int16_t)reason;
	fake_parcel(svc, &h, 0);
}

#define COMMON(cseq) "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nMax-Forwards: 70\r\nCall-ID: c1\r\nCSeq: " cseq "\r\n"
#define INVITE_TO(uri) "INVITE " uri " SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:alice@example.net>;tag=a1\r\nTo: <" uri ">\r\n" \
	"Contact: <sip:alice@198.51.100.9:5062>\r\nContent-Length: 0\r\n\r\n"

#endif
