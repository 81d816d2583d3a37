/* SPDX-License-Identifier: MIT */
/*
 * actor: whole conversations with the transaction tier, as tests/ladder/actor/NAME.ladder says them, on a virtual clock.
 *
 *   # title
 *        0 < ARRIVED INVITE             what comes in: the test says it
 *        0 > DEPART 100 s1              what goes out: the actor must say exactly this, in this order, at this time
 *      500 ? state                      a question; the answer follows after =
 *
 * s1, s2 are server transactions, c1, c2 client transactions, numbered as they first appear in what goes out.
 * Words after the name of a message: tcp, branch=, by= (sent-by), uri=, to=, to-tag=, from=, from-tag=, call=, cseq=, method= (of CSeq in a
 * response), slot=, reason=, forget, header=Name:value; for ARRIVED, ANSWER and UNSENT also the transaction. An outgoing line ends with
 * what is worth seeing: the receiver (proxy, registrar), slot, reason, merged.
 */
#include "kit/fake_svc.h"

#include "rt/cursor.h"
#include "txn.h"

enum { TRANSPORT = 10, SELF = 20, PROXY = 30, REGISTRAR = 40, NAMES = 16, TEXT_MAX = 1 << 16, START = 1000000, LINGER = 200000 };

struct play {
	struct svc *svc;
	struct rt_cursor *out;
	rt_handle client[NAMES], server[NAMES];
	uint32_t nclient, nserver;
};

/* ---- Names ---- */

static uint32_t number_of(rt_handle *list, uint32_t *n, rt_handle h)
{
	for (uint32_t i = 0; i < *n; i++)
		if (list[i] == h)
			return i + 1;
	assert_true(*n < NAMES);
	list[(*n)++] = h;
	return *n;
}

static rt_handle handle_of(const struct play *p, struct slice name)
{
	uint32_t n;

	if (name.n < 2 || !slice_u32(slice_from(name, 1), &n) || n == 0)
		return 0;
	if (name.p[0] == 's')
		return n <= p->nserver ? p->server[n - 1] : 0;
	return name.p[0] == 'c' && n <= p->nclient ? p->client[n - 1] : 0;
}

/* ---- What comes in ---- */

static uint32_t lost; /* a worker that is gone */

static int is_lost(const struct wire_head *head)
{
	return head->to == lost ? RT_ABSENT : 0;
}

struct words {
	struct slice what; /* INVITE, 180, or a transaction */
	struct slice name; /* the transaction */
	struct slice branch, by, uri, to, to_tag, from, from_tag, call, cseq, method, slot, reason, header;
	bool tcp, forget;
};

static bool take(struct slice word, const char *key, struct slice *value)
{
	const struct slice k = slice_str(key);

	if (!slice_starts_nocase(word, k))
		return false;
	*value = slice_from(word, k.n);
	return true;
}

static struct words read_words(struct slice line)
{
	struct words w = {
		.branch = SLICE("z9hG4bKa"), .by = SLICE("phone.example.org"), .uri = SLICE("sip:bob@example.com"),
		.to = SLICE("sip:bob@example.com"), .from = SLICE("sip:alice@example.org"), .from_tag = SLICE("f1"), .call = SLICE("call-1"), .cseq = SLICE("1"),
		.slot = SLICE("0"),
	};
	struct slice word;

	if (!slice_word(&line, &w.what))
		fail_msg("a line without a message");
	while (slice_word(&line, &word)) {
		if (slice_eq(word, SLICE("tcp")))
			w.tcp = true;
		else if (slice_eq(word, SLICE("forget")))
			w.forget = true;
		else if (!take(word, "branch=", &w.branch) && !take(word, "by=", &w.by) && !take(word, "uri=", &w.uri) &&
			 !take(word, "to=", &w.to) && !take(word, "to-tag=", &w.to_tag) &&
			 !take(word, "from-tag=", &w.from_tag) && !take(word, "from=", &w.from) && !take(word, "call=", &w.call) &&
			 !take(word, "cseq=", &w.cseq) && !take(word, "method=", &w.method) &&
			 !take(word, "slot=", &w.slot) && !take(word, "reason=", &w.reason) &&
			 !take(word, "header=", &w.header))
			w.name = word;
	}
	return w;
}

static const char *message(const struct words *w)
{
	static char text[4096];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text) - 1);
	uint32_t status;

	if (slice_u32(w->what, &status))
		rt_cursor_printf(&c, "SIP/2.0 %u Said So\r\n", status);
	else
		rt_cursor_printf(&c, SLICE_FMT " " SLICE_FMT " SIP/2.0\r\n", SLICE_ARG(w->what), SLICE_ARG(w->uri));
	rt_cursor_printf(&c, "Via: SIP/2.0/%s " SLICE_FMT ";branch=" SLICE_FMT "\r\n", w->tcp ? "TCP" : "UDP",
			 SLICE_ARG(w->by), SLICE_ARG(w->branch));
	if (slice_present(w->header))
		rt_cursor_printf(&c, SLICE_FMT "\r\n", SLICE_ARG(w->header));
	rt_cursor_printf(&c, "Max-Forwards: 70\r\nFrom: <" SLICE_FMT ">;tag=" SLICE_FMT "\r\nTo: <" SLICE_FMT ">%s" SLICE_FMT
			     "\r\nCall-ID: " SLICE_FMT "\r\nCSeq: " SLICE_FMT " " SLICE_FMT "\r\nContent-Length: 0\r\n\r\n",
			 SLICE_ARG(w->from), SLICE_ARG(w->from_tag), SLICE_ARG(w->to), slice_present(w->to_tag) ? ";tag=" : "",
			 SLICE_ARG(w->to_tag), SLICE_ARG(w->call), SLICE_ARG(w->cseq),
			 SLICE_ARG(slice_present(w->method) ? w->method : w->what));
	assert_int_equal(c.err, 0);
	text[c.n] = 0;
	return text;
}

static struct sip_hop remote_of(const struct words *w)
{
	struct sip_hop hop;

	assert_int_equal(sip_hop_ip(&hop, SLICE("192.0.2.7"), w->tcp ? SIP_TCP : SIP_UDP, 5070), 0);
	return hop;
}

static int16_t reason_of(struct slice name)
{
	for (int err = -1; err >= -10; err--)
		if (slice_eq(name, slice_str(rt_err_name(err))))
			return (int16_t)err;
	return 0;
}

/* What a transport says when it could not send what last departed for a transaction. */
static struct wire_head unsent_of(const struct play *p, rt_handle h)
{
	for (uint32_t i = p->svc->npost; i > 0; i--) {
		const struct wire_head *sent = &p->svc->post[i - 1].head;

		if (sent->verb == WIRE_DEPART && (sent->branch == h || sent->txn == h))
			return (struct wire_head){ .verb = WIRE_UNSENT, .to = SELF, .from = TRANSPORT, .txn = sent->txn,
						   .branch = sent->branch, .context = sent->context, .slot = sent->slot };
	}
	fail_msg("nothing departed for that transaction");
	return (struct wire_head){ 0 };
}

static void say(struct play *p, struct slice verb, struct slice line)
{
	struct words w = read_words(line);
	struct wire_head head = { .to = SELF, .trail = 1, .edge = TRANSPORT, .flow = w.tcp ? 77 : 0, .remote = remote_of(&w) };
	uint32_t slot, status;

	assert_true(slice_u32(w.slot, &slot));
	head.reason = reason_of(w.reason);
	head.slot = (uint16_t)slot;
	if (slice_u32(w.what, &status) && !slice_present(w.method))
		w.method = SLICE("INVITE");
	if (slice_eq(verb, SLICE("ARRIVED"))) {
		head.verb = WIRE_ARRIVED;
		head.from = TRANSPORT;
		head.branch = handle_of(p, w.name);
		fake_parcel(p->svc, &head, message(&w));
	} else if (slice_eq(verb, SLICE("ANSWER"))) {
		head.verb = WIRE_ANSWER;
		head.from = PROXY;
		head.txn = handle_of(p, w.name);
		head.flags = w.forget ? WIRE_FORGET : 0;
		fake_parcel(p->svc, &head, message(&w));
	} else if (slice_eq(verb, SLICE("FORK"))) {
		head.verb = WIRE_FORK;
		head.from = PROXY;
		head.txn = handle_of(p, w.name);
		head.context = 900;
		fake_parcel(p->svc, &head, message(&w));
	} else if (slice_eq(verb, SLICE("GIVE_UP"))) {
		head.verb = WIRE_GIVE_UP;
		head.from = PROXY;
		head.branch = handle_of(p, w.what);
		head.context = 900;
		head.flags = w.forget ? WIRE_FORGET : 0;
		fake_parcel_text(p->svc, &head, "");
	} else if (slice_eq(verb, SLICE("UNSENT"))) {
		head = unsent_of(p, handle_of(p, w.what));
		head.reason = reason_of(w.reason);
		fake_parcel(p->svc, &head, 0);
	} else if (slice_eq(verb, SLICE("LOST"))) { /* a worker is gone */
		lost = slice_eq(w.what, SLICE("proxy")) ? PROXY : REGISTRAR;
		wire_members_drop(p->svc->members, lost);
		p->svc->refuse = is_lost;
	} else {
		fail_msg("no verb " SLICE_FMT, SLICE_ARG(verb));
	}
}

/* ---- What goes out ---- */

static void name_message(struct rt_cursor *c, const struct fake_post *post)
{
	const struct slice line = slice_head(post->text, (uint32_t)(slice_find(post->text, '\r') + 1));
	struct slice rest = line, word;

	if (!post->text.n || !slice_word(&rest, &word))
		rt_cursor_lit(c, " -");
	else if (slice_eq(word, SLICE("SIP/2.0")) && slice_word(&rest, &word))
		rt_cursor_printf(c, " " SLICE_FMT, SLICE_ARG(word));
	else
		rt_cursor_printf(c, " " SLICE_FMT, SLICE_ARG(word));
}

static void name_transaction(struct play *p, const struct wire_head *h)
{
	const bool up = h->verb == WIRE_OFFER || h->verb == WIRE_ABANDON;

	if (h->branch)
		rt_cursor_printf(p->out, " c%u", number_of(p->client, &p->nclient, h->branch));
	else if (h->txn)
		rt_cursor_printf(p->out, " s%u", number_of(p->server, &p->nserver, h->txn));
	else
		rt_cursor_lit(p->out, " -");
	if (up)
		rt_cursor_printf(p->out, " %s", h->to == PROXY ? "proxy" : h->to == REGISTRAR ? "registrar" : "?");
}

static void listen(struct play *p)
{
	const struct fake_post *post;

	while ((post = fake_next(p->svc))) {
		const struct wire_head *h = &post->head;

		rt_cursor_printf(p->out, "%6llu > %s", (unsigned long long)(p->svc->now - START), wire_verb_name(h->verb));
		name_message(p->out, post);
		name_transaction(p, h);
		if (h->verb == WIRE_RESULT)
			rt_cursor_printf(p->out, " slot=%u", h->slot);
		if (h->reason)
			rt_cursor_printf(p->out, " %s", rt_err_name(h->reason));
		if (h->flags & WIRE_MERGED)
			rt_cursor_lit(p->out, " merged");
		rt_cursor_char(p->out, '\n');
	}
}

static void answer_state(struct play *p)
{
	const struct svc *svc = p->svc;

	rt_cursor_printf(p->out, "%6llu = clients=%llu servers=%llu waiting=%u\n", (unsigned long long)(svc->now - START),
			 (unsigned long long)fake_counter(svc, "txn_client_live"),
			 (unsigned long long)fake_counter(svc, "txn_server_live"), svc->actor->load(svc->self));
}

/* ---- A ladder ---- */

static struct slice next_line(struct slice *rest)
{
	const int at = slice_find(*rest, '\n');
	const struct slice line = at < 0 ? *rest : slice_head(*rest, (uint32_t)at);

	*rest = slice_from(*rest, line.n + 1);
	return line;
}

/* Turn the clock to `until`, writing down what the timers do. */
static void wait(struct play *p, rt_ms until)
{
	while (fake_fire(p->svc, until))
		listen(p);
}

/* The nobody's clock of the sweep ticks for ever, so the end is a time, not silence. */
static void climb(struct slice rungs, struct rt_cursor *out)
{
	static char *const environment[] = { (char *)(uintptr_t) "PEAL_SERVER_DOMAINS=example.com still.example.com",
					     (char *)(uintptr_t) "PEAL_DOMAIN_STILL_EXAMPLE_COM_STATELESS=on", 0 };
	struct play p = { .svc = fake_new(&transaction_actor, SELF, environment), .out = out };

	fake_member(p.svc, TRANSPORT, WIRE_TRANSPORT);
	fake_member(p.svc, PROXY, WIRE_PROXY);
	fake_member(p.svc, REGISTRAR, WIRE_REGISTRAR);
	fake_open(p.svc);
	while (rungs.n) {
		struct slice line = next_line(&rungs), rest = line, word;
		uint32_t at;

		if (!slice_word(&rest, &word) || !slice_u32(word, &at) || !slice_word(&rest, &word))
			continue;
		if (word.p[0] == '>' || word.p[0] == '=')
			continue;
		wait(&p, START + at);
		rt_cursor_printf(out, SLICE_FMT "\n", SLICE_ARG(line));
		if (word.p[0] == '?') {
			answer_state(&p);
			continue;
		}
		slice_word(&rest, &word);
		say(&p, word, rest);
		listen(&p);
	}
	wait(&p, p.svc->now + LINGER);
	assert_int_equal(fake_counter(p.svc, "txn_client_live"), 0);
	assert_int_equal(fake_counter(p.svc, "txn_server_live"), 0);
	assert_int_equal(p.svc->actor->load(p.svc->self), 0);
	fake_destroy(&p.svc);
}

static void play(const char *name)
{
	static char text[TEXT_MAX], room[TEXT_MAX];
	char path[512];
	struct slice rest, title;
	FILE *f;

	snprintf(path, sizeof(path), PEAL_SOURCE_DIR "/tests/ladder/actor/%s.ladder", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot open %s", path);
	rest = slice_of(text, (uint32_t)fread(text, 1, sizeof(text), f));
	fclose(f);
	while (rest.n) {
		struct rt_cursor c = rt_cursor_on(room, sizeof(room));
		struct slice want;

		title = next_line(&rest);
		if (!title.n)
			continue;
		assert_int_equal(title.p[0], '#');
		want = slice_head(rest, 0);
		while (rest.n && rest.p[0] != '#' && rest.p[0] != '\n')
			want.n += next_line(&rest).n + 1;
		climb(want, &c);
		assert_int_equal(c.err, 0);
		if (slice_eq(rt_cursor_text(&c), want))
			continue;
		print_error("%s: " SLICE_FMT "\nthe actor does:\n" SLICE_FMT "the file says:\n" SLICE_FMT, path, SLICE_ARG(title),
			    (int)c.n, room, SLICE_ARG(want));
		fail();
	}
}

static void client(void **state)
{
	(void)state;
	play("client");
}

static void server(void **state)
{
	(void)state;
	play("server");
}

static void cancel(void **state)
{
	(void)state;
	play("cancel");
}

static void matching(void **state)
{
	(void)state;
	play("matching");
}

static void heir(void **state)
{
	(void)state;
	play("heir");
}

static void trouble(void **state)
{
	(void)state;
	play("trouble");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client),   cmocka_unit_test(server),  cmocka_unit_test(cancel),
		cmocka_unit_test(matching), cmocka_unit_test(trouble), cmocka_unit_test(heir),
	};

	return cmocka_run_group_tests_name("ladder/actor", tests, 0, 0);
}
