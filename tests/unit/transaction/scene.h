/* SPDX-License-Identifier: MIT */
/* scene: a transaction actor between a transport and a proxy, and what the two send it. */
#ifndef TRANSACTION_SCENE_H
#define TRANSACTION_SCENE_H

#include "kit/fake_svc.h"

#include "txn.h"

enum { TRANSPORT = 10, SELF = 20, PROXY = 30 };

#define FIELDS(n, method, to)                                                                          \
	"From: <sip:alice@example.org>;tag=f\r\nTo: " to "\r\nCall-ID: c" n "\r\nCSeq: 7 " method "\r\n" \
	"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
#define REQUEST(method, n, to)                                                                         \
	method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP p.example.org;branch=z9hG4bK" n           \
	       ";rport=5070;received=192.0.2.7\r\nVia: SIP/2.0/UDP q.example.org;branch=z9hG4bKq\r\n"      \
	       "Timestamp: 54\r\n" FIELDS(n, method, to)
#define INVITE(n) REQUEST("INVITE", n, "<sip:bob@example.com>")

static inline int scene_open(void **state)
{
	static char *const environment[] = { (char *)(uintptr_t) "PEAL_SERVER_DOMAINS=example.com", 0 };
	struct svc *svc = fake_new(&transaction_actor, SELF, environment);

	fake_member(svc, TRANSPORT, WIRE_TRANSPORT);
	fake_member(svc, PROXY, WIRE_PROXY);
	fake_open(svc);
	*state = svc;
	return 0;
}

static inline int scene_close(void **state)
{
	struct svc *svc = *state;

	fake_destroy(&svc);
	return 0;
}

static inline struct wire_head head_of(uint8_t verb, uint32_t from, enum sip_transport proto)
{
	struct wire_head h = {
		.verb = verb, .from = from, .to = SELF, .trail = 99, .edge = TRANSPORT, .flow = 1234, .listener = 3, .born = 555,
	};

	assert_int_equal(sip_hop_ip(&h.remote, SLICE("192.0.2.7"), proto, 5070), 0);
	assert_int_equal(sip_hop_ip(&h.local, SLICE("192.0.2.1"), proto, 5060), 0);
	return h;
}

static inline void arrive(struct svc *svc, const char *text)
{
	const struct wire_head h = head_of(WIRE_ARRIVED, TRANSPORT, SIP_UDP);

	fake_parcel(svc, &h, text);
}

static inline rt_handle fork_invite(struct svc *svc, enum sip_transport proto)
{
	struct wire_head fork = head_of(WIRE_FORK, PROXY, proto);
	const struct fake_post *p;

	fork.context = 800;
	fork.txn = 700;
	fork.slot = 5;
	fork.loop = 4242;
	fake_parcel(svc, &fork, INVITE("1"));
	p = fake_next(svc);
	assert_int_equal(p->head.verb, WIRE_DEPART);
	assert_int_equal(p->head.loop, 4242);
	assert_int_equal(p->head.flow, 1234);
	assert_non_null(p->index);
	return p->head.branch;
}

#endif
