/* SPDX-License-Identifier: MIT */
/* write: requests and answers, piece by piece into the socket's own room. */
#include "write.h"

#include <stdio.h>

#include "digest.h"

static const char sdp[] = "v=0\r\n"
			  "o=- 3724394400 3724394405 IN IP4 127.0.0.1\r\n"
			  "s=call\r\n"
			  "c=IN IP4 127.0.0.1\r\n"
			  "t=0 0\r\n"
			  "m=audio 40000 RTP/AVP 0 8 101\r\n"
			  "a=rtpmap:0 PCMU/8000\r\n"
			  "a=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:101 telephone-event/8000\r\n"
			  "a=fmtp:101 0-15\r\n"
			  "a=sendrecv\r\n";

#define LIT rt_cursor_lit
#define AGENT "User-Agent: storm/2\r\n"
#define ALLOW "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE\r\n"

static void put(struct rt_cursor *c, const char *text)
{
	rt_cursor_put(c, slice_str(text));
}

static void put_user(struct rt_cursor *c, uint32_t aor)
{
	char user[OP_USER_BYTES];

	op_user(aor, user);
	rt_cursor_put(c, slice_of(user, OP_USER_BYTES));
}

static void put_aor(struct rt_cursor *c, uint32_t aor)
{
	LIT(c, "sip:");
	put_user(c, aor);
	LIT(c, "@");
	put(c, options.domain);
}

static const char *transport_param(void)
{
	static const char *const param[] = { "", ";transport=tcp", ";transport=tls" };

	return param[options.proto];
}

static void put_via(struct rt_cursor *c, const struct op *op, char kind)
{
	static const char *const name[] = { "UDP", "TCP", "TLS" };

	LIT(c, "Via: SIP/2.0/");
	put(c, name[options.proto]);
	LIT(c, " ");
	put(c, options.local);
	LIT(c, ":");
	rt_cursor_u64(c, op->sock->port);
	LIT(c, ";rport;branch=z9hG4bK");
	rt_cursor_hex(c, op_run(), 8);
	rt_cursor_hex(c, op->handle, 16);
	rt_cursor_char(c, kind);
	rt_cursor_char(c, (char)('0' + (kind == KIND_BYE || kind == KIND_ACK ? 0 : op->attempt)));
	LIT(c, "\r\n");
}

void put_call_id(struct rt_cursor *c, const struct op *op)
{
	rt_cursor_hex(c, op_run(), 8);
	if (options.mode == MODE_REGISTER) {
		LIT(c, "-");
		put_user(c, op->aor);
	} else {
		rt_cursor_hex(c, op->handle, 16);
	}
	LIT(c, "@storm");
}

void put_contact_uri(struct rt_cursor *c, uint32_t aor, int contact)
{
	LIT(c, "sip:");
	put_user(c, aor);
	LIT(c, "-");
	rt_cursor_u64(c, (uint64_t)contact);
	LIT(c, "@");
	put(c, options.local);
	LIT(c, ":");
	rt_cursor_u64(c, sock_callee(aor)->port);
	put(c, transport_param());
}

struct slice write_sdp(void)
{
	return options.no_sdp ? SLICE("") : slice_of(sdp, sizeof(sdp) - 1);
}

static void put_body(struct rt_cursor *c, struct slice type, struct slice body)
{
	if (body.n) {
		LIT(c, "Content-Type: ");
		rt_cursor_put(c, type);
		LIT(c, "\r\n");
	}
	LIT(c, "Content-Length: ");
	rt_cursor_u64(c, body.n);
	LIT(c, "\r\n\r\n");
	rt_cursor_put(c, body);
}

/* A caller calls from an address of record far from the callee's. */
static uint32_t caller_of(const struct op *op)
{
	const uint32_t aors = (uint32_t)options.aors;

	return options.mode == MODE_REGISTER ? op->aor : (op->aor + aors / 2 + 1) % aors;
}

static struct rt_cursor begin(struct op *op)
{
	return rt_cursor_on(sock_begin(op->sock), SOCK_MESSAGE_MAX);
}

static void finish(struct op *op, const struct rt_cursor *c, const struct sockaddr_in *to)
{
	if (c->err)
		die("a message is longer than %d bytes; shorten --domain", SOCK_MESSAGE_MAX);
	sock_commit(op->sock, c->n, to);
}

static void put_start(struct rt_cursor *c, struct slice method, struct slice uri)
{
	rt_cursor_put(c, method);
	LIT(c, " ");
	rt_cursor_put(c, uri);
	LIT(c, " SIP/2.0\r\n");
}

/* Max-Forwards, From, To, Call-ID, CSeq: what every request has beside its Via. */
static void put_common(struct rt_cursor *c, const struct op *op, struct slice method, struct slice to, struct slice to_tag,
                       uint32_t cseq)
{
	LIT(c, "Max-Forwards: 70\r\nFrom: <");
	put_aor(c, caller_of(op));
	LIT(c, ">;tag=");
	rt_cursor_hex(c, op->tag, 8);
	LIT(c, "\r\nTo: <");
	rt_cursor_put(c, to);
	LIT(c, ">");
	if (to_tag.n) {
		LIT(c, ";tag=");
		rt_cursor_put(c, to_tag);
	}
	LIT(c, "\r\nCall-ID: ");
	put_call_id(c, op);
	LIT(c, "\r\nCSeq: ");
	rt_cursor_u64(c, cseq);
	LIT(c, " ");
	rt_cursor_put(c, method);
	LIT(c, "\r\n");
}

static struct slice aor_text(uint32_t aor, char *room, uint32_t size)
{
	struct rt_cursor c = rt_cursor_on(room, size);

	put_aor(&c, aor);
	return rt_cursor_text(&c);
}

static void write_register(struct op *op)
{
	char room[120], domain[100];
	const struct slice aor = aor_text(op->aor, room, sizeof(room)), method = SLICE("REGISTER");
	const struct slice uri = slice_of(domain, (uint32_t)snprintf(domain, sizeof(domain), "sip:%s", options.domain));
	struct rt_cursor c = begin(op);

	put_start(&c, method, uri);
	put_via(&c, op, KIND_REGISTER);
	put_common(&c, op, method, aor, SLICE_NONE, op->cseq);
	for (int k = 0; k < (int)options.contacts; k++) {
		LIT(&c, "Contact: <");
		put_contact_uri(&c, op->aor, k);
		LIT(&c, ">\r\n");
	}
	if (digest_wanted(op))
		digest_put(&c, op, method, uri);
	LIT(&c, "Expires: ");
	rt_cursor_u64(&c, (uint64_t)options.expires);
	LIT(&c, "\r\n" AGENT ALLOW);
	put_body(&c, SLICE_NONE, SLICE(""));
	finish(op, &c, &options.target);
}

static void write_options(struct op *op)
{
	char room[80];
	const struct slice method = SLICE("OPTIONS");
	const struct slice uri = slice_of(room, (uint32_t)snprintf(room, sizeof(room), "sip:%s%s", options.target_text, transport_param()));
	struct rt_cursor c = begin(op);

	put_start(&c, method, uri);
	put_via(&c, op, KIND_OPTIONS);
	put_common(&c, op, method, uri, SLICE_NONE, op->cseq);
	LIT(&c, "Accept: application/sdp\r\n" AGENT);
	put_body(&c, SLICE_NONE, SLICE(""));
	finish(op, &c, &options.target);
}

static void write_to_callee(struct op *op, struct slice method, char kind)
{
	char room[120];
	const struct slice aor = aor_text(op->aor, room, sizeof(room));
	struct rt_cursor c = begin(op);

	put_start(&c, method, aor);
	put_via(&c, op, kind);
	put_common(&c, op, method, aor, SLICE_NONE, op->cseq);
	if (kind == KIND_INVITE) {
		LIT(&c, "Contact: <sip:");
		put_user(&c, caller_of(op));
		LIT(&c, "@");
		put(&c, options.local);
		LIT(&c, ":");
		rt_cursor_u64(&c, op->sock->port);
		put(&c, transport_param());
		LIT(&c, ">\r\n" ALLOW "Supported: replaces, timer\r\n");
	}
	if (digest_wanted(op))
		digest_put(&c, op, method, aor);
	LIT(&c, AGENT);
	if (kind == KIND_INVITE)
		put_body(&c, SLICE("application/sdp"), write_sdp());
	else
		put_body(&c, SLICE("text/plain"), SLICE("hello world"));
	finish(op, &c, &options.target);
}

void write_first(struct op *op)
{
	switch (options.mode) {
	case MODE_REGISTER:
		write_register(op);
		break;
	case MODE_OPTIONS:
		write_options(op);
		break;
	case MODE_CALL:
		write_to_callee(op, SLICE("INVITE"), KIND_INVITE);
		break;
	case MODE_MESSAGE:
		write_to_callee(op, SLICE("MESSAGE"), KIND_MESSAGE);
		break;
	}
}

static void write_in_dialog(struct op *op, struct slice method, char kind, uint32_t cseq)
{
	char room[120];
	const struct slice aor = aor_text(op->aor, room, sizeof(room));
	struct rt_cursor c = begin(op);

	put_start(&c, method, op->target);
	put_via(&c, op, kind);
	rt_cursor_put(&c, op->route);
	put_common(&c, op, method, aor, op->to_tag, cseq);
	LIT(&c, AGENT);
	put_body(&c, SLICE_NONE, SLICE(""));
	finish(op, &c, &op->next_hop);
}

void write_ack(struct op *op)
{
	write_in_dialog(op, SLICE("ACK"), KIND_ACK, op->cseq);
}

void write_bye(struct op *op)
{
	write_in_dialog(op, SLICE("BYE"), KIND_BYE, op->cseq + 1);
}

void write_ack_failure(struct op *op, const struct message *m)
{
	char room[120];
	const struct slice aor = aor_text(op->aor, room, sizeof(room)), method = SLICE("ACK");
	struct rt_cursor c = begin(op);

	put_start(&c, method, aor);
	put_via(&c, op, KIND_INVITE);
	put_common(&c, op, method, aor, message_tag(m->to), op->cseq);
	put_body(&c, SLICE_NONE, SLICE(""));
	finish(op, &c, &options.target);
}

/* Via, From, To, Call-ID, CSeq and, where a dialog begins, Record-Route go back as they came (RFC 3261 8.2.6.2, 12.1.1). */
uint32_t write_answer(char *room, const struct message *request, const struct answer *a)
{
	struct rt_cursor c = rt_cursor_on(room, SOCK_MESSAGE_MAX);
	struct slice rest = slice_from(request->text, (uint32_t)slice_find(request->text, '\n') + 1);
	struct message_line line;

	LIT(&c, "SIP/2.0 ");
	put(&c, a->status);
	LIT(&c, "\r\n");
	while (message_next(&rest, &line)) {
		const bool to = slice_eq_nocase(line.name, SLICE("To"));

		if (!to && !slice_eq_nocase(line.name, SLICE("Via")) && !slice_eq_nocase(line.name, SLICE("From")) &&
		    !slice_eq_nocase(line.name, SLICE("Call-ID")) && !slice_eq_nocase(line.name, SLICE("CSeq")) &&
		    !(a->contact.n && slice_eq_nocase(line.name, SLICE("Record-Route"))))
			continue;
		rt_cursor_put(&c, line.whole);
		if (to && a->tag.n && !message_tag(line.value).n) {
			LIT(&c, ";tag=");
			rt_cursor_put(&c, a->tag);
		}
		LIT(&c, "\r\n");
	}
	if (a->contact.n) {
		LIT(&c, "Contact: <");
		rt_cursor_put(&c, a->contact);
		LIT(&c, ">\r\n");
	}
	LIT(&c, AGENT);
	put_body(&c, SLICE("application/sdp"), a->body ? write_sdp() : SLICE(""));
	return c.err ? 0 : c.n;
}
