/* SPDX-License-Identifier: MIT */
/* actor: the whole proxy between parcels, with a store and a name server that answer when the test says so. */
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

int loc_lookup_remember(struct loc_redis *redis, uint32_t entries, uint32_t seconds)
{
	(void)redis;
	(void)entries;
	(void)seconds;
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

static int open_stage(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_SERVER_DOMAINS=example.com strict.example.com" }, (char[]){ "PEAL_SERVER_AUTH=off" },
		                             (char[]){ "PEAL_SERVER_USERS=known" },
		                       (char[]){ "PEAL_DOMAIN_STRICT_EXAMPLE_COM_STATELESS=on" }, 0 };
	static const char edge[] = "{\"tier\":\"transport\",\"id\":7,\"version\":1,\"host\":\"here\",\"pid\":1,\"state\":\"live\",\"load\":0,"
	                           "\"seen\":1,\"ipc\":\"\",\"tcp\":\"\",\"listeners\":[\"udp:192.0.2.1:5060 as 192.0.2.1:5060\",\"tls:192.0.2.1:5061 as 192.0.2.1:5061\","
	                           "\"tcp:192.0.2.1:5060 as 192.0.2.1:5060\"]}";
	struct wire_member m;

	(void)state;
	memset(&asked, 0, sizeof(asked));
	svc = fake_new(&proxy_actor, SELF, environment);
	assert_int_equal(wire_member_parse(&m, slice_str(edge)), 0);
	assert_int_equal(wire_members_put(svc->members, &m), 0);
	fake_open(svc);
	return 0;
}

/* Nothing may be left behind by any test. */
static int close_stage(void **state)
{
	(void)state;
	fake_run_until(svc, svc->now + 400000);
	assert_int_equal(svc->actor->load(svc->self), 0);
	fake_destroy(&svc);
	return 0;
}

static struct wire_head from_worker(uint8_t verb)
{
	struct wire_head h = { .verb = verb, .from = WORKER, .to = SELF, .edge = EDGE, .trail = 77, .born = ++born };

	assert_int_equal(sip_hop_parse(&h.remote, SLICE("udp:198.51.100.9:5062")), 0);
	assert_int_equal(sip_hop_parse(&h.local, SLICE("udp:192.0.2.1:5060")), 0);
	return h;
}

static void offer(rt_handle txn, const char *text)
{
	struct wire_head h = from_worker(WIRE_OFFER);

	h.txn = txn;
	fake_parcel(svc, &h, text);
}

static void bindings_with(const struct loc_binding *b, int n, struct loc_policy own)
{
	asked.lookup(asked.arg, asked.token, 0, b, n, &own);
	fake_flush(svc);
}

static void bindings(const struct loc_binding *b, int n)
{
	bindings_with(b, n, (struct loc_policy){ -1, -1, -1 });
}

#define CONTACT(text) { .id = SLICE("c:1"), .contact = SLICE(text), .params = SLICE(""), .path = SLICE(""), .received = SLICE(""), \
	                .instance = SLICE(""), .expires_at = FAKE_EPOCH + 100000, .q = 1000 }

static void hops(int err, const char *first, const char *second)
{
	struct sip_hop h[2];

	if (!err) {
		assert_int_equal(sip_hop_parse(&h[0], slice_str(first)), 0);
		assert_int_equal(sip_hop_parse(&h[1], slice_str(second)), 0);
	}
	asked.hops(asked.arg, asked.token, err, h, err ? 0 : 2);
	fake_flush(svc);
}

static const struct fake_post *next(uint8_t verb)
{
	const struct fake_post *const p = fake_next(svc);

	if (!p)
		fail_msg("nothing was posted, %s expected", wire_verb_name(verb));
	if (p->head.verb != verb)
		fail_msg("%s was posted, %s expected:\n" SLICE_FMT, wire_verb_name(p->head.verb), wire_verb_name(verb), SLICE_ARG(p->text));
	return p;
}

static void silence(void)
{
	const struct fake_post *const p = fake_next(svc);

	if (p)
		fail_msg("unexpected %s:\n" SLICE_FMT, wire_verb_name(p->head.verb), SLICE_ARG(p->text));
}

/* An ANSWER with this status and, when given, this text in it. */
static const struct fake_post *answered(rt_handle txn, int status, const char *with)
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

static struct wire_head forked(const char *hop, const char *with)
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
static void result(const struct wire_head *fork, int status, const char *more)
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

static void failed(const struct wire_head *fork, int reason)
{
	struct wire_head h = from_worker(WIRE_RESULT);

	h.context = fork->context;
	h.slot = fork->slot;
	h.branch = 5000u + fork->slot;
	h.reason = (int16_t)reason;
	fake_parcel(svc, &h, 0);
}

#define COMMON(cseq) "Via: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nMax-Forwards: 70\r\nCall-ID: c1\r\nCSeq: " cseq "\r\n"
#define INVITE_TO(uri) "INVITE " uri " SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:alice@example.net>;tag=a1\r\nTo: <" uri ">\r\n" \
	"Contact: <sip:alice@198.51.100.9:5062>\r\nContent-Length: 0\r\n\r\n"

/* ---- Calls ---- */

static void a_call(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	assert_string_equal(asked.aor, "bob@example.com");
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5070", "INVITE sip:bob@203.0.113.5:5070 SIP/2.0\r\n");
	assert_int_equal(fork.txn, 11);
	assert_int_equal(fork.edge, EDGE);
	result(&fork, 100, "");
	silence();
	result(&fork, 180, "");
	answered(11, 180, "SIP/2.0 180 Said So\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;branch=z9hG4bKcaller\r\nFrom");
	result(&fork, 200, "");
	answered(11, 200, "To: <sip:bob@example.com>;tag=b0\r\n");
	assert_int_equal(svc->actor->load(svc->self), 0);
	result(&fork, 200, ""); /* RFC 6026: again, when the context is long gone */
	answered(11, 200, "tag=b0");
	result(&fork, 486, "");
	silence();
}

/* RFC 5922 7.3: over TLS the next hop is told by name, also a strict router, whom 16.6 step 6 moves into the Request-URI. */
static void the_next_hop_over_tls_is_named(void **state)
{
	struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5061;transport=tls") };
	const struct fake_post *p;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_int_equal(p->head.remote.proto, SIP_TLS);
	assert_text(p->name, "203.0.113.5");
	bob[0].path = SLICE("<sip:198.51.100.77:5061;transport=tls>");
	offer(12, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_text(p->name, "198.51.100.77");
	assert_true(slice_starts_nocase(p->text, SLICE("INVITE sip:198.51.100.77:5061;transport=tls SIP/2.0\r\n")));
	bob[0].path = SLICE("<sip:198.51.100.78;lr>");
	offer(13, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	p = next(WIRE_FORK);
	assert_int_equal(p->head.remote.proto, SIP_UDP);
	assert_int_equal(p->name.n, 0);
}

static void nobody(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(0, 0);
	assert_int_equal(asked.users, 1);
	asked.user(asked.arg, asked.token, RT_ABSENT, 0);
	answered(11, 404, "To: <sip:bob@example.com>;tag=");
	offer(12, INVITE_TO("sip:bob@example.com"));
	bindings(0, 0);
	asked.user(asked.arg, asked.token, 0, &(const struct loc_user){ .disabled = false });
	answered(12, 480, 0);
}

static void redis_is_away(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	asked.lookup(asked.arg, asked.token, RT_TIMEOUT, 0, 0, 0);
	answered(11, 503, "Retry-After: ");
}

static void redis_is_away_but_he_was_seen_before(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	static const struct loc_policy none = { -1, -1, -1 };

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	asked.lookup(asked.arg, asked.token, RT_STALE, bob, 1, &none);
	forked("udp:203.0.113.5:5070", "INVITE sip:bob@203.0.113.5:5070 SIP/2.0\r\n");
	assert_int_equal(*svc_counter(svc, "loc_stale_answers_total", ""), 1);
}

static void a_late_answer_of_redis_finds_nobody(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head abandon = from_worker(WIRE_ABANDON);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	abandon.txn = 11;
	fake_parcel(svc, &abandon, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\r\n");
	answered(11, 487, 0);
	bindings(bob, 1);
	silence();
}

static void no_secure_way_rfc5630_5_3(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };

	(void)state;
	offer(11, INVITE_TO("sips:bob@example.com"));
	bindings(bob, 1);
	answered(11, 480, "Warning: 380 peal \"SIPS Not Allowed\"\r\n");
}

/* ---- His own policy ---- */

static void redirected_by_his_own_policy(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 1, (struct loc_policy){ SVC_REDIRECT, -1, -1 });
	answered(11, 302, "Contact: <sip:bob@203.0.113.5>;expires=");
	silence();
}

static void serial_by_his_own_policy(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 2, (struct loc_policy){ -1, SVC_SERIAL, -1 });
	fork = forked("udp:203.0.113.5:5060", "Max-Breadth: 60\r\n");
	silence();
	result(&fork, 486, "");
	fork = forked("udp:203.0.113.6:5060", "Max-Breadth: 60\r\n");
	result(&fork, 200, "");
	answered(11, 200, 0);
}

static void a_3xx_is_followed_where_he_wants_it(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings_with(bob, 1, (struct loc_policy){ -1, -1, 1 });
	fork = forked("udp:203.0.113.5:5060", 0);
	result(&fork, 302, "Contact: <sip:bob@203.0.113.5>, <sip:bob@203.0.113.9>\r\n");
	fork = forked("udp:203.0.113.9:5060", "INVITE sip:bob@203.0.113.9 SIP/2.0\r\n");
	silence();
	result(&fork, 302, "Contact: <sip:bob@203.0.113.5>\r\n"); /* nothing new: now it is an answer */
	answered(11, 302, "Contact: <sip:bob@203.0.113.5>\r\n");
}

/* ---- Next hops, RFC 3263 4.3 ---- */

static void the_next_hop_after_a_failure(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@pc.example.net") };
	struct wire_head first, second;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	assert_int_equal(asked.searches, 1);
	hops(0, "udp:203.0.113.1:5060", "tcp:203.0.113.2:5060");
	first = forked("udp:203.0.113.1:5060", 0);
	failed(&first, RT_TIMEOUT);
	second = forked("tcp:203.0.113.2:5060", "transport=tcp;lr>");
	assert_int_not_equal(first.slot, second.slot);
	result(&first, 486, ""); /* too late to matter */
	silence();
	result(&second, 503, "");
	answered(11, 500, "SIP/2.0 500 ");
}

static void a_name_that_leads_nowhere(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@pc.example.net"), CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	fork = forked("udp:203.0.113.5:5060", 0);
	hops(RT_ABSENT, 0, 0);
	silence();
	result(&fork, 486, "");
	answered(11, 404, 0); /* one of class 4xx, the first that came */
}

static void a_lost_flow_rfc5626(void **state)
{
	static const struct loc_binding phone[] = {
		{ .contact = SLICE("sip:bob@203.0.113.5;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40001"), .instance = SLICE("<urn:x>"),
		  .flow = 1, .edge = EDGE, .listener = 1, .reg_id = 1, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
		{ .contact = SLICE("sip:bob@203.0.113.5;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40002"), .instance = SLICE("<urn:x>"),
		  .flow = 2, .edge = EDGE, .listener = 1, .reg_id = 2, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
	};
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(phone, 2);
	fork = forked("tcp:203.0.113.5:40001", 0);
	assert_int_equal(fork.flow, 1);
	silence();
	failed(&fork, RT_ABSENT);
	fork = forked("tcp:203.0.113.5:40002", 0);
	assert_int_equal(fork.flow, 2);
	failed(&fork, RT_ABSENT);
	answered(11, 480, 0);
}

static void a_connection_that_is_gone_is_opened_again(void **state)
{
	static const struct loc_binding phone[] = {
		{ .contact = SLICE("sip:bob@203.0.113.5:5080;transport=tcp"), .received = SLICE("tcp:203.0.113.5:40001"), .flow = 1, .edge = EDGE,
		  .listener = 1, .expires_at = FAKE_EPOCH + 100000, .q = 1000 },
	};
	struct wire_head fork;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(phone, 1);
	fork = forked("tcp:203.0.113.5:40001", 0);
	failed(&fork, RT_ABSENT);
	fork = forked("tcp:203.0.113.5:5080", 0);
	assert_int_equal(fork.flow, 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
}

static void a_large_request_goes_by_tcp_first_rfc3261_18_1_1(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	char text[3000];
	struct wire_head fork;

	(void)state;
	snprintf(text, sizeof(text), "INVITE sip:bob@example.com SIP/2.0\r\n" COMMON("1 INVITE") "From: <sip:a@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>\r\nContact: <sip:a@198.51.100.9:5062>\r\nContent-Length: 1500\r\n\r\n%1500s", "x");
	offer(11, text);
	bindings(bob, 1);
	fork = forked("tcp:203.0.113.5:5060", "transport=tcp;lr>");
	failed(&fork, RT_DOWN);
	fork = forked("udp:203.0.113.5:5060", 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
}

/* ---- 16.7 ---- */

static void challenges_of_all_branches_rfc3261_16_7_step_7(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head first, second;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	first = forked("udp:203.0.113.5:5060", "Max-Breadth: 30\r\n");
	second = forked("udp:203.0.113.6:5060", "Max-Breadth: 30\r\n");
	result(&first, 407, "Proxy-Authenticate: Digest realm=\"r0\", nonce=\"n\"\r\n");
	silence();
	result(&second, 401, "WWW-Authenticate: Digest realm=\"r1\", nonce=\"n\"\r\n");
	answered(11, 407, "Proxy-Authenticate: Digest realm=\"r0\", nonce=\"n\"\r\n");
	assert_non_null(strstr(svc->post[svc->npost - 1].text.p, "WWW-Authenticate: Digest realm=\"r1\", nonce=\"n\"\r\n"));
}

static void call_completed_elsewhere_rfc3326(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };
	struct wire_head first, second;
	const struct fake_post *p;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	first = forked("udp:203.0.113.5:5060", 0);
	second = forked("udp:203.0.113.6:5060", 0);
	result(&first, 180, "");
	answered(11, 180, 0);
	result(&second, 200, "");
	p = next(WIRE_GIVE_UP);
	assert_int_equal(p->head.branch, 5000u + first.slot);
	assert_text(p->text, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	answered(11, 200, 0);
	result(&first, 487, "");
	silence();
}

static void a_cancel_carries_its_reason(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork, abandon = from_worker(WIRE_ABANDON);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5060", 0);
	result(&fork, 180, "");
	answered(11, 180, 0);
	abandon.txn = 11;
	fake_parcel(svc, &abandon, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n"
	            "Reason: Q.850;cause=16\r\nReason: SIP;cause=600;text=\"x\"\r\n\r\n");
	assert_text(next(WIRE_GIVE_UP)->text, "Reason: Q.850;cause=16\r\nReason: SIP;cause=600;text=\"x\"\r\n");
	result(&fork, 487, "");
	answered(11, 487, "tag=b0");
}

static void a_response_that_leads_nowhere_is_dropped(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	struct wire_head fork, h = from_worker(WIRE_RESULT);

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	fork = forked("udp:203.0.113.5:5060", 0);
	h.context = fork.context;
	h.slot = fork.slot;
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n");
	silence();
	result(&fork, 486, "");
	answered(11, 486, 0);
}

/* ---- 16.11 ---- */

static void an_ack_is_forwarded_without_state(void **state)
{
	static const char ack[] = "ACK sip:bob@203.0.113.5:5070 SIP/2.0\r\n" COMMON("1 ACK") "Route: <sip:%s@192.0.2.1:5060;lr>\r\n"
	                          "From: <sip:alice@example.net>;tag=a1\r\nTo: <sip:bob@example.com>;tag=b0\r\nContent-Length: 0\r\n\r\n";
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5:5070") };
	const struct fake_post *first, *second;
	struct wire_head fork;
	char text[1024], token[32] = "";
	const char *at;

	(void)state;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 1);
	at = strstr(svc->post[svc->npost - 1].text.p, "Record-Route: <sip:");
	assert_non_null(at);
	sscanf(at + 19, "%31[^@]", token);
	fork = forked("udp:203.0.113.5:5070", 0);
	result(&fork, 200, "");
	answered(11, 200, 0);
	snprintf(text, sizeof(text), ack, token);
	offer(0, text);
	offer(0, text);
	first = next(WIRE_DEPART);
	second = next(WIRE_DEPART);
	assert_int_equal(first->head.to, EDGE);
	assert_true(first->head.flags & WIRE_STATELESS);
	assert_true(first->head.branch == second->head.branch);
	assert_int_equal(asked.lookups, 1);
	snprintf(text, sizeof(text), ack, "d0123456789abcdef"); /* no dialog of ours: dropped, for nothing answers an ACK */
	offer(0, text);
	silence();
}

static void a_stateless_domain(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5") };
	const struct fake_post *invite, *cancel, *forget;

	(void)state;
	offer(11, INVITE_TO("sip:bob@strict.example.com"));
	bindings(bob, 1);
	invite = next(WIRE_DEPART);
	forget = next(WIRE_ANSWER);
	assert_int_equal(forget->head.txn, 11);
	assert_int_equal(forget->text.n, 0);
	assert_int_equal(svc->actor->load(svc->self), 0);
	offer(0, "CANCEL sip:bob@strict.example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@strict.example.com>\r\nContent-Length: 0\r\n\r\n");
	bindings(bob, 1);
	cancel = next(WIRE_DEPART);
	assert_true(cancel->head.branch == invite->head.branch && cancel->head.loop == invite->head.loop);
	offer(0, "CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON("1 CANCEL") "From: <sip:alice@example.net>;tag=a1\r\n"
	         "To: <sip:bob@example.com>\r\nContent-Length: 0\r\n\r\n");
	answered(0, 481, 0);
}

static void a_response_without_a_transaction(void **state)
{
	struct wire_head h = from_worker(WIRE_ARRIVED);
	const struct fake_post *p;
	struct sip_hop to;

	(void)state;
	h.from = EDGE;
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\n"
	                     "Via: SIP/2.0/UDP pc.example.net;rport=5062;received=198.51.100.9;branch=z9hG4bKc\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n\r\n");
	p = next(WIRE_DEPART);
	assert_int_equal(sip_hop_parse(&to, SLICE("udp:198.51.100.9:5062")), 0);
	assert_true(sip_hop_same(&to, &p->head.remote));
	assert_int_equal(strncmp(p->text.p, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP pc.example.net", 47), 0);
	fake_parcel(svc, &h, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours\r\nFrom: <sip:a@b>;tag=1\r\n"
	                     "To: <sip:b@b>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n\r\n");
	silence();
}

static void no_relay(void **state)
{
	(void)state;
	offer(11, INVITE_TO("sip:bob@carrier.example.net"));
	answered(11, 403, 0);
	assert_int_equal(asked.searches, 0);
}

/* ---- Overload ---- */

static int refuse_forks(const struct wire_head *head)
{
	return head->verb == WIRE_FORK ? RT_NOMEM : 0;
}

static void a_full_mailbox_is_an_answer(void **state)
{
	static const struct loc_binding bob[] = { CONTACT("sip:bob@203.0.113.5"), CONTACT("sip:bob@203.0.113.6") };

	(void)state;
	svc->refuse = refuse_forks;
	offer(11, INVITE_TO("sip:bob@example.com"));
	bindings(bob, 2);
	answered(11, 500, 0);
	silence();
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		STAGED(a_call),
		STAGED(the_next_hop_over_tls_is_named),
		STAGED(nobody),
		STAGED(redis_is_away),
		STAGED(redis_is_away_but_he_was_seen_before),
		STAGED(a_late_answer_of_redis_finds_nobody),
		STAGED(no_secure_way_rfc5630_5_3),
		STAGED(redirected_by_his_own_policy),
		STAGED(serial_by_his_own_policy),
		STAGED(a_3xx_is_followed_where_he_wants_it),
		STAGED(the_next_hop_after_a_failure),
		STAGED(a_name_that_leads_nowhere),
		STAGED(a_lost_flow_rfc5626),
		STAGED(a_connection_that_is_gone_is_opened_again),
		STAGED(a_large_request_goes_by_tcp_first_rfc3261_18_1_1),
		STAGED(challenges_of_all_branches_rfc3261_16_7_step_7),
		STAGED(call_completed_elsewhere_rfc3326),
		STAGED(a_cancel_carries_its_reason),
		STAGED(a_response_that_leads_nowhere_is_dropped),
		STAGED(an_ack_is_forwarded_without_state),
		STAGED(a_stateless_domain),
		STAGED(a_response_without_a_transaction),
		STAGED(no_relay),
		STAGED(a_full_mailbox_is_an_answer),
	};

	return cmocka_run_group_tests(tests, 0, 0);
}
