/* SPDX-License-Identifier: MIT */
/*
 * index: where everything is in a SIP message.
 *
 * Offsets, never pointers: the same bytes are valid in memory, in a ZeroMQ frame and in another process.
 * A message is (text, index), both read-only after sip_msg_parse or sip_draft_render.
 *
 *   +-------------------+--------------------+
 *   | struct sip_index  | field[nfield]      |   travels as SIP_INDEX_BYTES(nfield) bytes
 *   +-------------------+--------------------+
 */
#ifndef SIP_INDEX_H
#define SIP_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include "limits.h"
#include "sip/names.h"

enum { SIP_NO_FIELD = 255 };

struct sip_span { /* bytes from the first byte of text; {0,0} when absent (offset 0 is the start line) */
	uint16_t at, n;
};

struct sip_field { /* one value: "Via: a, b" makes two */
	uint8_t id;    /* enum sip_hdr; SIP_HDR_OTHER when unknown */
	uint8_t next;  /* next field of the same id, or SIP_NO_FIELD */
	uint16_t line; /* header line number, from 0: values that share a line */
	struct sip_span name;  /* as written: "v", "Via", "VIA" */
	struct sip_span value; /* trimmed; folding is left in place */
};
_Static_assert(sizeof(struct sip_field) == 12, "twelve bytes a field on the wire");

enum sip_via_flag { /* struct sip_facts.via_flags */
	SIP_VIA_COOKIE = 1 << 0,   /* branch begins with z9hG4bK and has more after it, RFC 3261 8.1.1.7 */
	SIP_VIA_RPORT = 1 << 1,    /* rport present, with or without a value, RFC 3581 */
	SIP_VIA_RECEIVED = 1 << 2, /* received present */
	SIP_VIA_ALIAS = 1 << 3,    /* RFC 5923 */
	SIP_VIA_MADDR = 1 << 4,
	SIP_VIA_KEEP = 1 << 5,     /* RFC 6223 */
};

/* What every tier asks for, found once at the door. A span {0,0} or a number 0 means absent unless said. */
struct sip_facts {
	struct sip_span via_host;   /* sent-by of the topmost Via, IPv6 without brackets */
	struct sip_span via_branch; /* whole value, cookie included */
	struct sip_span from_tag, to_tag;
	struct sip_span uri_user;   /* Request-URI as written (escapes stay); requests only */
	struct sip_span uri_host;   /* IPv6 without brackets */
	uint32_t cseq;
	uint16_t via_port;          /* 0 when not written */
	uint16_t uri_port;
	int16_t max_forwards;       /* 0..255; -1 when absent */
	uint8_t via_transport;      /* enum sip_transport */
	uint8_t via_flags;          /* enum sip_via_flag */
	uint8_t uri_scheme;         /* enum sip_scheme of uri.h */
	uint8_t spare[3];
};
_Static_assert(sizeof(struct sip_facts) == 40, "the facts are forty bytes");

struct sip_index {
	uint16_t status; /* 100..699, or 0 for a request */
	uint8_t method;  /* enum sip_method; from CSeq in a response */
	uint8_t nfield;  /* <= SIP_FIELDS_MAX */
	uint16_t head_n; /* bytes of the head, up to and including the blank line's CRLF */
	uint16_t lines;  /* header lines */
#ifdef PEAL_NEXT
	uint32_t next;   /* see wire/pack.h */
#endif
	struct sip_span target;      /* Request-URI, or reason phrase */
	struct sip_span method_text; /* as written; in a response, the method of CSeq */
	uint32_t body_at, body_n;    /* bytes; body_n == 0 when there is none */
	struct sip_facts facts;
	uint8_t first[SIP_HDR_COUNT];           /* head of each id's chain, or SIP_NO_FIELD */
	uint8_t pad[(4 - SIP_HDR_COUNT % 4) % 4 + 4]; /* zero; keeps field[] aligned */
	struct sip_field field[SIP_FIELDS_MAX]; /* only nfield of them travel */
};

#define SIP_INDEX_BYTES(nfield) (offsetof(struct sip_index, field) + (size_t)(nfield) * sizeof(struct sip_field))

#endif
