/* SPDX-License-Identifier: MIT */
/* names: the tables of names.h made searchable. */
#include "sip/names.h"

struct header {
	struct slice name;
	char brief;
	bool list, once;
};

static const struct header header[SIP_HDR_COUNT] = {
#define X(id, text, brief, is_list, is_once, source)                                               \
	[SIP_HDR_##id] = { { text, sizeof(text) - 1 }, brief, is_list, is_once },
	SIP_HDR_MAP(X)
#undef X
};

enum { BUCKETS = 256 };

/* Written once, before main. */
static uint8_t bucket[BUCKETS];  /* id, or 0; open addressing */
static uint8_t compact[BUCKETS]; /* by lower-case letter: id, or 0 */

static inline unsigned fold(char c)
{
	return (unsigned char)c | 0x20u;
}

/* The factors are such that no two of today's names collide; a newcomer may. */
static inline unsigned bucket_of(struct slice name)
{
	return (name.n * 17 + fold(name.p[0]) * 6 + fold(name.p[name.n / 2]) * 138 +
		fold(name.p[name.n - 1]) * 24) % BUCKETS;
}

__attribute__((constructor)) static void fill_tables(void)
{
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++) {
		unsigned at = bucket_of(header[id].name);

		while (bucket[at])
			at = (at + 1) % BUCKETS;
		bucket[at] = (uint8_t)id;
		if (header[id].brief)
			compact[(unsigned char)header[id].brief] = (uint8_t)id;
	}
}

enum sip_hdr sip_hdr_find(struct slice name)
{
	if (name.n <= 1)
		return name.n ? (enum sip_hdr)compact[fold(name.p[0])] : SIP_HDR_OTHER;
	for (unsigned at = bucket_of(name); bucket[at]; at = (at + 1) % BUCKETS)
		if (slice_eq_nocase(header[bucket[at]].name, name))
			return (enum sip_hdr)bucket[at];
	return SIP_HDR_OTHER;
}

struct slice sip_hdr_name(enum sip_hdr id)
{
	return id > SIP_HDR_OTHER && id < SIP_HDR_COUNT ? header[id].name : SLICE("");
}

bool sip_hdr_is_list(enum sip_hdr id)
{
	return id < SIP_HDR_COUNT && header[id].list;
}

bool sip_hdr_is_once(enum sip_hdr id)
{
	return id < SIP_HDR_COUNT && header[id].once;
}

static const struct slice method_name[SIP_METHOD_COUNT] = {
	[SIP_METHOD_OTHER] = { "", 0 },
#define X(name) [SIP_##name] = { #name, sizeof(#name) - 1 },
	SIP_METHOD_MAP(X)
#undef X
};

enum sip_method sip_method_find(struct slice name)
{
	for (int m = 1; m < SIP_METHOD_COUNT; m++)
		if (slice_eq(method_name[m], name))
			return (enum sip_method)m;
	return SIP_METHOD_OTHER;
}

struct slice sip_method_name(enum sip_method m)
{
	return m < SIP_METHOD_COUNT ? method_name[m] : SLICE("");
}

static const struct {
	struct slice via, param;
	bool reliable;
} transport[] = {
	[0] = { { "", 0 }, { "", 0 }, false },
	[SIP_UDP] = { { "UDP", 3 }, { "udp", 3 }, false },
	[SIP_TCP] = { { "TCP", 3 }, { "tcp", 3 }, true },
	[SIP_TLS] = { { "TLS", 3 }, { "tls", 3 }, true },
	[SIP_WS] = { { "WS", 2 }, { "ws", 2 }, true },
	[SIP_WSS] = { { "WSS", 3 }, { "ws", 2 }, true }, /* RFC 7118 5.2.2: one parameter for both; sips tells them apart */
	[SIP_SCTP] = { { "SCTP", 4 }, { "sctp", 4 }, true },
	[SIP_TRANSPORT_OTHER] = { { "", 0 }, { "", 0 }, false },
};

enum sip_transport sip_transport_find(struct slice token)
{
	for (int t = SIP_UDP; t < SIP_TRANSPORT_OTHER; t++)
		if (slice_eq_nocase(transport[t].via, token))
			return (enum sip_transport)t;
	return SIP_TRANSPORT_OTHER;
}

struct slice sip_transport_name(enum sip_transport t)
{
	return transport[t <= SIP_TRANSPORT_OTHER ? t : 0].via;
}

struct slice sip_transport_param(enum sip_transport t)
{
	return transport[t <= SIP_TRANSPORT_OTHER ? t : 0].param;
}

bool sip_transport_reliable(enum sip_transport t)
{
	return transport[t <= SIP_TRANSPORT_OTHER ? t : 0].reliable;
}

static const struct {
	int status;
	struct slice text;
} phrase[] = {
#define P(status, text) { status, { text, sizeof(text) - 1 } }
	P(100, "Trying"),
	P(180, "Ringing"),
	P(181, "Call Is Being Forwarded"),
	P(182, "Queued"),
	P(183, "Session Progress"),
	P(199, "Early Dialog Terminated"), /* RFC 6228 */
	P(200, "OK"),
	P(202, "Accepted"),
	P(204, "No Notification"), /* RFC 5839 */
	P(300, "Multiple Choices"),
	P(301, "Moved Permanently"),
	P(302, "Moved Temporarily"),
	P(305, "Use Proxy"),
	P(380, "Alternative Service"),
	P(400, "Bad Request"),
	P(401, "Unauthorized"),
	P(402, "Payment Required"),
	P(403, "Forbidden"),
	P(404, "Not Found"),
	P(405, "Method Not Allowed"),
	P(406, "Not Acceptable"),
	P(407, "Proxy Authentication Required"),
	P(408, "Request Timeout"),
	P(410, "Gone"),
	P(412, "Conditional Request Failed"), /* RFC 3903 */
	P(413, "Request Entity Too Large"),
	P(414, "Request-URI Too Long"),
	P(415, "Unsupported Media Type"),
	P(416, "Unsupported URI Scheme"),
	P(417, "Unknown Resource-Priority"), /* RFC 4412 */
	P(420, "Bad Extension"),
	P(421, "Extension Required"),
	P(422, "Session Interval Too Small"), /* RFC 4028 */
	P(423, "Interval Too Brief"),
	P(424, "Bad Location Information"), /* RFC 6442 */
	P(428, "Use Identity Header"), /* RFC 8224 */
	P(429, "Provide Referrer Identity"), /* RFC 3892 */
	P(430, "Flow Failed"), /* RFC 5626 */
	P(433, "Anonymity Disallowed"), /* RFC 5079 */
	P(436, "Bad Identity Info"),
	P(437, "Unsupported Credential"),
	P(438, "Invalid Identity Header"),
	P(439, "First Hop Lacks Outbound Support"), /* RFC 5626 */
	P(440, "Max-Breadth Exceeded"), /* RFC 5393 */
	P(469, "Bad Info Package"), /* RFC 6086 */
	P(470, "Consent Needed"), /* RFC 5360 */
	P(480, "Temporarily Unavailable"),
	P(481, "Call/Transaction Does Not Exist"),
	P(482, "Loop Detected"),
	P(483, "Too Many Hops"),
	P(484, "Address Incomplete"),
	P(485, "Ambiguous"),
	P(486, "Busy Here"),
	P(487, "Request Terminated"),
	P(488, "Not Acceptable Here"),
	P(489, "Bad Event"), /* RFC 6665 */
	P(491, "Request Pending"),
	P(493, "Undecipherable"),
	P(494, "Security Agreement Required"), /* RFC 3329 */
	P(500, "Server Internal Error"),
	P(501, "Not Implemented"),
	P(502, "Bad Gateway"),
	P(503, "Service Unavailable"),
	P(504, "Server Time-out"),
	P(505, "Version Not Supported"),
	P(513, "Message Too Large"),
	P(580, "Precondition Failure"), /* RFC 3312 */
	P(600, "Busy Everywhere"),
	P(603, "Decline"),
	P(604, "Does Not Exist Anywhere"),
	P(606, "Not Acceptable"),
	P(607, "Unwanted"), /* RFC 8197 */
	P(608, "Rejected"), /* RFC 8688 */
#undef P
};

struct slice sip_status_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrase) / sizeof(phrase[0]); i++)
		if (phrase[i].status == status)
			return phrase[i].text;
	return SLICE("Unknown");
}
