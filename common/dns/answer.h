/* SPDX-License-Identifier: MIT */
/* answer: what a DNS response says, RFC 1035 4, RFC 2782, RFC 3403, RFC 2308. Pure. */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include "rt/err.h"
#include "rt/slice.h"

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

enum {
	DNS_RECORDS_MAX = 64,   /* of one answer; the rest is left out */
	DNS_TEXT_MAX = 16384,   /* bytes of their names */
	DNS_NAME_MAX = 255,     /* RFC 1035 2.3.4 */
	DNS_ALIASES_MAX = 8,    /* CNAMEs followed */
};

struct dns_record {
	uint16_t order, preference; /* NAPTR; of SRV: priority, weight */
	uint16_t port;              /* SRV */
	char flag;                  /* NAPTR: its first flag in lower case, 0 when it has none or more than one */
	struct slice service;       /* NAPTR, as written */
	struct slice name;          /* NAPTR: replacement; SRV: target. Lower case, no final dot: "" is the root */
	uint8_t ip[16];             /* A, AAAA */
};

struct dns_answer {
	int err;      /* 0, RT_ABSENT (no such name or no such record), RT_DOWN (the server could not say), RT_TIMEOUT */
	uint32_t ttl; /* seconds this may be believed; of RT_ABSENT by RFC 2308 5 */
	uint32_t n;
	struct dns_record record[DNS_RECORDS_MAX]; /* an answer that is kept ends after record[n - 1] */
};

struct dns_reading { /* room for one answer being read */
	struct dns_answer answer;
	uint32_t text_n;
	char text[DNS_TEXT_MAX]; /* where the names of the records lie */
};

/*
 * Read a response.
 *   name    the name asked for; CNAMEs are followed from it
 * Always leaves an answer: RT_DOWN when the bytes make no sense.
 */
void dns_answer_read(struct dns_reading *out, enum dns_type type, struct slice name, const uint8_t *bytes, uint32_t n);

#endif
