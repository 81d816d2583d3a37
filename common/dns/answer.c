/* SPDX-License-Identifier: MIT */
/* answer: a cursor that never leaves the message, and the records it passes. */
#include "answer.h"

#include <string.h>

enum {
	HEAD = 12,
	NXDOMAIN = 3,
	JUMPS_MAX = 64,      /* compression pointers in one name */
	TTL_MAX = 86400,     /* seconds; longer is shortened: a typing error must not last for ever */
	TTL_NEGATIVE = 30,   /* when a negative answer names none */
	TTL_NEGATIVE_MAX = 300,
};

struct reader {
	const uint8_t *p;
	uint32_t n, at;
	bool bad; /* sticky */
};

static uint32_t take(struct reader *r, uint32_t bytes) /* big-endian */
{
	uint32_t v = 0;

	if (r->bad || r->n - r->at < bytes) {
		r->bad = true;
		return 0;
	}
	while (bytes--)
		v = v << 8 | r->p[r->at++];
	return v;
}

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/*
 * Read a name at r->at into out (DNS_NAME_MAX bytes), labels joined by dots, and step over it.
 * A label with a byte that no host or service name has makes the name useless: it reads as bad.
 */
static struct slice take_name(struct reader *r, char *out)
{
	uint32_t at = r->at, n = 0, jumps = 0;
	bool jumped = false;

	for (;;) {
		const uint8_t len = at < r->n ? r->p[at] : 0xff;

		if (len >= 0xc0 && at + 1 < r->n && jumps++ < JUMPS_MAX) { /* RFC 1035 4.1.4 */
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			at = (len & 0x3fu) << 8 | r->p[at + 1];
			continue;
		}
		if (len > 63 || at + 1 + len > r->n || n + len + 1 > DNS_NAME_MAX) {
			r->bad = true;
			return SLICE_NONE;
		}
		if (len == 0)
			break;
		if (n)
			out[n++] = '.';
		for (uint32_t i = 0; i < len; i++) {
			const char c = lower(r->p[at + 1 + i]);

			r->bad |= c <= ' ' || c == '.' || c == 0x7f;
			out[n++] = c;
		}
		at += 1u + len;
	}
	if (!jumped)
		r->at = at + 1;
	return r->bad ? SLICE_NONE : slice_of(out, n);
}

static struct slice keep(struct dns_reading *out, const char *p, uint32_t n)
{
	char *to = out->text + out->text_n;

	if (n > DNS_TEXT_MAX - out->text_n)
		return SLICE_NONE;
	memcpy(to, p, n);
	out->text_n += n;
	return slice_of(to, n);
}

static struct slice keep_name(struct dns_reading *out, struct reader *r)
{
	char name[DNS_NAME_MAX + 1];
	const struct slice s = take_name(r, name);

	return r->bad ? SLICE_NONE : keep(out, name, s.n);
}

static struct slice take_string(struct reader *r) /* RFC 1035 3.3: a length, then bytes */
{
	const uint32_t n = take(r, 1);
	struct slice s;

	if (r->bad || r->n - r->at < n) {
		r->bad = true;
		return SLICE_NONE;
	}
	s = slice_of((const char *)r->p + r->at, n);
	r->at += n;
	return s;
}

/* ---- Record data; `r` ends where the data ends, but sees the whole message for compressed names ---- */

static void read_naptr(struct dns_reading *out, struct reader *r, struct dns_record *rec) /* RFC 3403 4.1 */
{
	struct slice flags, service;

	rec->order = (uint16_t)take(r, 2);
	rec->preference = (uint16_t)take(r, 2);
	flags = take_string(r);
	service = take_string(r);
	(void)take_string(r); /* regexp: the SIP services use the replacement, RFC 3263 4.1 */
	rec->flag = flags.n == 1 ? lower((uint8_t)flags.p[0]) : 0;
	if (!r->bad)
		rec->service = keep(out, service.p, service.n);
	rec->name = keep_name(out, r);
}

static void read_srv(struct dns_reading *out, struct reader *r, struct dns_record *rec) /* RFC 2782 */
{
	rec->order = (uint16_t)take(r, 2);
	rec->preference = (uint16_t)take(r, 2);
	rec->port = (uint16_t)take(r, 2);
	rec->name = keep_name(out, r);
}

static void read_ip(struct reader *r, struct dns_record *rec, uint32_t bytes)
{
	if (r->n - r->at < bytes) {
		r->bad = true;
		return;
	}
	memcpy(rec->ip, r->p + r->at, bytes);
	r->at += bytes;
}

/* One record of the type asked for; one that does not read is left out. */
static void add_record(struct dns_reading *out, enum dns_type type, struct reader r)
{
	struct dns_record rec = { 0 };

	if (out->answer.n == DNS_RECORDS_MAX)
		return;
	if (type == DNS_NAPTR)
		read_naptr(out, &r, &rec);
	else if (type == DNS_SRV)
		read_srv(out, &r, &rec);
	else
		read_ip(&r, &rec, type == DNS_A ? 4 : 16);
	if (!r.bad && (type == DNS_A || type == DNS_AAAA || slice_present(rec.name)))
		out->answer.record[out->answer.n++] = rec;
}

/* ---- The message ---- */

struct record_head {
	char owner[DNS_NAME_MAX + 1];
	struct slice name;
	uint32_t type, ttl, data_n;
};

static bool take_head(struct reader *r, struct record_head *h)
{
	uint32_t class;

	h->name = take_name(r, h->owner);
	h->type = take(r, 2);
	class = take(r, 2);
	h->ttl = take(r, 4);
	h->data_n = take(r, 2);
	if (r->bad || r->n - r->at < h->data_n)
		return false;
	if (class != 1)
		h->type = 0;
	if (h->ttl >> 31) /* RFC 2181 8 */
		h->ttl = 0;
	return true;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* RFC 2308 5: the SOA of the authority section says how long a name may be known not to be. */
static uint32_t negative_ttl(struct reader r, uint32_t records)
{
	struct record_head h;
	char skip[DNS_NAME_MAX + 1];

	while (records-- && take_head(&r, &h)) {
		struct reader data = { r.p, r.at + h.data_n, r.at, false };
		uint32_t minimum;

		r.at += h.data_n;
		if (h.type != DNS_SOA)
			continue;
		(void)take_name(&data, skip);
		(void)take_name(&data, skip);
		data.at += 16; /* serial, refresh, retry, expire */
		minimum = data.at <= data.n ? take(&data, 4) : 0;
		return data.bad ? TTL_NEGATIVE : least(least(minimum, h.ttl), TTL_NEGATIVE_MAX);
	}
	return TTL_NEGATIVE;
}

/* The records of `name` in the answer section; a CNAME moves `name` on. returns whether it did. */
static bool walk_answers(struct dns_reading *out, enum dns_type type, char *name, uint32_t *name_n, struct reader *r,
			 uint32_t records)
{
	struct record_head h;

	while (records-- && take_head(r, &h)) {
		struct reader data = { r->p, r->at + h.data_n, r->at, false };

		r->at += h.data_n;
		if (!slice_eq(h.name, slice_of(name, *name_n)))
			continue;
		if (h.type == (uint32_t)type) {
			out->answer.ttl = least(out->answer.ttl, h.ttl);
			add_record(out, type, data);
		} else if (h.type == DNS_CNAME) {
			const struct slice to = take_name(&data, name);

			out->answer.ttl = least(out->answer.ttl, h.ttl);
			*name_n = to.n;
			return !data.bad;
		}
	}
	return false;
}

static void skip_questions(struct reader *r, uint32_t n)
{
	char skip[DNS_NAME_MAX + 1];

	while (n-- && !r->bad) {
		(void)take_name(r, skip);
		(void)take(r, 4);
	}
}

static void skip_records(struct reader *r, uint32_t n)
{
	struct record_head h;

	while (n-- && take_head(r, &h))
		r->at += h.data_n;
}

void dns_answer_read(struct dns_reading *out, enum dns_type type, struct slice asked, const uint8_t *bytes, uint32_t n)
{
	struct reader r = { bytes, n, HEAD, n < HEAD }, start;
	const uint32_t rcode = r.bad ? 0 : bytes[3] & 0xfu;
	const uint32_t questions = r.bad ? 0 : bytes[4] << 8u | bytes[5], answers = r.bad ? 0 : bytes[6] << 8u | bytes[7];
	const uint32_t authorities = r.bad ? 0 : bytes[8] << 8u | bytes[9];
	char name[DNS_NAME_MAX + 1];
	uint32_t name_n = least(asked.n, DNS_NAME_MAX);

	out->answer = (struct dns_answer){ .err = RT_DOWN, .ttl = TTL_MAX };
	out->text_n = 0;
	for (uint32_t i = 0; i < name_n; i++)
		name[i] = lower((uint8_t)asked.p[i]);
	skip_questions(&r, questions);
	if (r.bad || (rcode != 0 && rcode != NXDOMAIN))
		return;
	start = r;
	for (int i = 0; i < DNS_ALIASES_MAX; i++, r = start)
		if (!walk_answers(out, type, name, &name_n, &r, answers))
			break;
	out->answer.err = out->answer.n ? 0 : RT_ABSENT;
	if (out->answer.n)
		return;
	skip_records(&start, answers);
	out->answer.ttl = start.bad ? TTL_NEGATIVE : negative_ttl(start, authorities);
}
