/* SPDX-License-Identifier: MIT */
/* limits: every bound of the server in one place, with its unit and where the number comes from. */
#ifndef LIMITS_H
#define LIMITS_H

enum {
	/* Messages. Spans are 16 bits, so a head fits in 65535 bytes. */
	SIP_HEAD_MAX = 65535,     /* bytes, start line and header fields; larger answers 513 */
	SIP_BODY_MAX = 1 << 20,   /* bytes; larger answers 413 */
	SIP_FIELDS_MAX = 250,     /* header field values after comma splitting; more answers 513 */
	SIP_URI_MAX = 8192,       /* bytes of one URI; longer answers 414 */
	SIP_MAX_FORWARDS = 70,    /* RFC 3261 8.1.1.6, 16.6 step 3 */

	/* Bus. */
	WIRE_PACK_PARCELS = 64,   /* parcels in one ZeroMQ frame: a hop costs 1 us packed, 2.4 us alone */
	WIRE_PACK_BYTES = 65536,  /* a parcel larger than this travels in a pack of its own */
	WIRE_HWM = 64,            /* packs queued to one peer before a send is refused */
	WIRE_STALLED = 1000,      /* ms an actor may leave a question unanswered until new work goes elsewhere, or is refused */
	WIRE_BURST = 64,          /* packs, datagrams or replies taken from one source before the flush */

	/* Proxy. */
	PROXY_BRANCHES_MAX = 32,  /* client transactions of one response context, over its whole life */
	PROXY_BREADTH_MAX = 60,   /* RFC 5393 5.3.3.1: default of Max-Breadth */
	PROXY_CONTEXTS_MAX = 1 << 22,
	GATEWAY_GROUPS = 256,     /* named groups of next hops, of the configuration and Redis together */
	GATEWAY_HOPS = 1024,      /* in all of them; more are left out, and said so */
	GATEWAY_ROUTES = 1 << 14, /* prefixes and domains; likewise */
	GATEWAY_TRIES = 8,        /* hops of its group that one request is sent to, one after another */

	/* Transactions. */
	TXN_SLOTS_MAX = 1 << 23,  /* client and server, each */

	/* DNS. */
	DNS_SEARCHES_MAX = 8192,   /* at once, of one resolver; 1.7 KB each */
	DNS_QUESTIONS_MAX = 16384, /* asked or cached, of one resolver; 0.3 KB each and their records */

	/* Location. */
	LOC_BINDINGS_MAX = 32,    /* bindings of one AoR in storage; the policy limit is lower: max_contacts */
	LOC_CONTACTS_MAX = 32,    /* Contact values of one REGISTER */
	LOC_TEXT_MAX = 2048,      /* bytes of a contact URI, of its parameters, of its Path, of its Call-ID; longer answers 400 */
	LOC_AGENT_MAX = 128,      /* bytes of a User-Agent kept with a binding; the rest is cut */
	LOC_PENDING_MAX = 1 << 16, /* commands of one connection waiting for Redis; more are refused as if it were down */
	LOC_QUEUE_BYTES = 1 << 24, /* bytes of commands waiting for the socket of one connection; likewise */
	LOC_NODES_MAX = 128,      /* masters of a Redis Cluster; keys of further ones are answered as if Redis were down */
	LOC_CHANNELS_MAX = 8,     /* SUBSCRIBE channels of one connection */
	LOC_WATCHERS_MAX = 64,    /* subscriptions to the registrations of one AoR; more answer 403 */
	LOC_EVENTS = 64,          /* events of the stream taken at a time */
	LOC_QUEUE_MAX = 100,      /* callers waiting for one busy user; more are told 486 at once */
	LOC_QUEUE_LEASE = 9000,   /* ms a caller stays in the queue when his worker says nothing: it says so every third of it */

	/* Transport. */
	TRANSPORT_UDP_REQUEST_MAX = 1300, /* bytes; larger requests prefer TCP, RFC 3261 18.1.1 */
	TRANSPORT_DATAGRAMS = 1024,       /* waiting for the kernel in one actor; more are told RT_NOMEM */
	TRANSPORT_DATAGRAM_BYTES = 1 << 21, /* of them */
	TRANSPORT_QUEUE = 4096,           /* messages waiting on one connection; more are told RT_NOMEM */
	TRANSPORT_QUEUE_BYTES = 1 << 21,  /* of them */
	TRANSPORT_ANSWERS = 10,           /* a second to one source of malformed requests */
	TRANSPORT_ANSWERS_BURST = 50,     /* and at once */
	TRANSPORT_KEEPS = 1 << 16,        /* phones behind NAT that one worker keeps reachable; the rest must do so themselves */
	TRANSPORT_CONNECTS = 512,         /* connections being opened by one worker; more are told RT_NOMEM, and the next hop is tried */
	TRANSPORT_BANS = 1 << 14,         /* banned networks; more are left out, and said so */
	TRANSPORT_FLOOD = 10,             /* messages of any kind for each new request of source_rate, before any is read */

	/* User agent. */
	UA_DIALOG_BYTES = 4096,   /* Call-ID, From, To and Route set of one dialog; more answers 513 */
	UA_TARGET_BYTES = 1024,   /* its remote target */

	/* Log. */
	RT_LOG_BURST = 50,        /* lines a second for one event name */
};

#endif
