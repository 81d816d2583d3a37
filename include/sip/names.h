/* SPDX-License-Identifier: MIT */
/* names: every method and header the server knows, in one table each. */
#ifndef SIP_NAMES_H
#define SIP_NAMES_H

#include <stdbool.h>
#include "rt/slice.h"

/* list: values are separated by commas. once: a second one is a fault (RFC 3261 7.3.1). */
/* clang-format off */
/*    id                     name                     short list once  source                       */
#define SIP_HDR_MAP(X)                                                                              \
	X(ACCEPT,              "Accept",                0,   1, 0, "RFC 3261 20.1")                 \
	X(ACCEPT_CONTACT,      "Accept-Contact",       'a',  1, 0, "RFC 3841 9.2")                  \
	X(ACCEPT_ENCODING,     "Accept-Encoding",       0,   1, 0, "RFC 3261 20.2")                 \
	X(ACCEPT_LANGUAGE,     "Accept-Language",       0,   1, 0, "RFC 3261 20.3")                 \
	X(ALERT_INFO,          "Alert-Info",            0,   1, 0, "RFC 3261 20.4")                 \
	X(ALLOW,               "Allow",                 0,   1, 0, "RFC 3261 20.5")                 \
	X(ALLOW_EVENTS,        "Allow-Events",         'u',  1, 0, "RFC 6665 8.2.2")                \
	X(AUTHENTICATION_INFO, "Authentication-Info",   0,   0, 0, "RFC 3261 20.6")                 \
	X(AUTHORIZATION,       "Authorization",         0,   0, 0, "RFC 3261 20.7")                 \
	X(CALL_ID,             "Call-ID",              'i',  0, 1, "RFC 3261 20.8")                 \
	X(CALL_INFO,           "Call-Info",             0,   1, 0, "RFC 3261 20.9")                 \
	X(CONTACT,             "Contact",              'm',  1, 0, "RFC 3261 20.10")                \
	X(CONTENT_DISPOSITION, "Content-Disposition",   0,   0, 0, "RFC 3261 20.11")                \
	X(CONTENT_ENCODING,    "Content-Encoding",     'e',  1, 0, "RFC 3261 20.12")                \
	X(CONTENT_LANGUAGE,    "Content-Language",      0,   1, 0, "RFC 3261 20.13")                \
	X(CONTENT_LENGTH,      "Content-Length",       'l',  0, 1, "RFC 3261 20.14")                \
	X(CONTENT_TYPE,        "Content-Type",         'c',  0, 0, "RFC 3261 20.15")                \
	X(CSEQ,                "CSeq",                  0,   0, 1, "RFC 3261 20.16")                \
	X(DATE,                "Date",                  0,   0, 0, "RFC 3261 20.17")                \
	X(ERROR_INFO,          "Error-Info",            0,   1, 0, "RFC 3261 20.18")                \
	X(EVENT,               "Event",                'o',  0, 0, "RFC 6665 8.2.1")                \
	X(EXPIRES,             "Expires",               0,   0, 0, "RFC 3261 20.19")                \
	X(FLOW_TIMER,          "Flow-Timer",            0,   0, 0, "RFC 5626 10")                   \
	X(FROM,                "From",                 'f',  0, 1, "RFC 3261 20.20")                \
	X(IN_REPLY_TO,         "In-Reply-To",           0,   1, 0, "RFC 3261 20.21")                \
	X(MAX_BREADTH,         "Max-Breadth",           0,   0, 0, "RFC 5393 5.8")                  \
	X(MAX_FORWARDS,        "Max-Forwards",          0,   0, 1, "RFC 3261 20.22")                \
	X(MIN_EXPIRES,         "Min-Expires",           0,   0, 0, "RFC 3261 20.23")                \
	X(MIME_VERSION,        "MIME-Version",          0,   0, 0, "RFC 3261 20.24")                \
	X(ORGANIZATION,        "Organization",          0,   0, 0, "RFC 3261 20.25")                \
	X(PATH,                "Path",                  0,   1, 0, "RFC 3327 4")                    \
	X(PRIORITY,            "Priority",              0,   0, 0, "RFC 3261 20.26")                \
	X(PROXY_AUTHENTICATE,  "Proxy-Authenticate",    0,   0, 0, "RFC 3261 20.27")                \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization",   0,   0, 0, "RFC 3261 20.28")                \
	X(PROXY_REQUIRE,       "Proxy-Require",         0,   1, 0, "RFC 3261 20.29")                \
	X(RACK,                "RAck",                  0,   0, 0, "RFC 3262 7.2")                  \
	X(REASON,              "Reason",                0,   1, 0, "RFC 3326 2")                    \
	X(RECORD_ROUTE,        "Record-Route",          0,   1, 0, "RFC 3261 20.30")                \
	X(REFER_TO,            "Refer-To",             'r',  0, 0, "RFC 3515 2.1")                  \
	X(REJECT_CONTACT,      "Reject-Contact",       'j',  1, 0, "RFC 3841 9.2")                  \
	X(REPLY_TO,            "Reply-To",              0,   0, 0, "RFC 3261 20.31")                \
	X(REQUEST_DISPOSITION, "Request-Disposition",  'd',  1, 0, "RFC 3841 9.1")                  \
	X(REQUIRE,             "Require",               0,   1, 0, "RFC 3261 20.32")                \
	X(RETRY_AFTER,         "Retry-After",           0,   0, 0, "RFC 3261 20.33")                \
	X(ROUTE,               "Route",                 0,   1, 0, "RFC 3261 20.34")                \
	X(RSEQ,                "RSeq",                  0,   0, 0, "RFC 3262 7.1")                  \
	X(SERVER,              "Server",                0,   0, 0, "RFC 3261 20.35")                \
	X(SERVICE_ROUTE,       "Service-Route",         0,   1, 0, "RFC 3608 5")                    \
	X(SUBJECT,             "Subject",              's',  0, 0, "RFC 3261 20.36")                \
	X(SUBSCRIPTION_STATE,  "Subscription-State",    0,   0, 0, "RFC 6665 8.2.3")                \
	X(SUPPORTED,           "Supported",            'k',  1, 0, "RFC 3261 20.37")                \
	X(TIMESTAMP,           "Timestamp",             0,   0, 0, "RFC 3261 20.38")                \
	X(TO,                  "To",                   't',  0, 1, "RFC 3261 20.39")                \
	X(UNSUPPORTED,         "Unsupported",           0,   1, 0, "RFC 3261 20.40")                \
	X(USER_AGENT,          "User-Agent",            0,   0, 0, "RFC 3261 20.41")                \
	X(VIA,                 "Via",                  'v',  1, 0, "RFC 3261 20.42")                \
	X(WARNING,             "Warning",               0,   1, 0, "RFC 3261 20.43")                \
	X(WWW_AUTHENTICATE,    "WWW-Authenticate",      0,   0, 0, "RFC 3261 20.44")

#define SIP_METHOD_MAP(X)                                                                           \
	X(INVITE) X(ACK) X(CANCEL) X(BYE) X(REGISTER) X(OPTIONS) X(PRACK) X(UPDATE) X(INFO)         \
	X(MESSAGE) X(SUBSCRIBE) X(NOTIFY) X(PUBLISH) X(REFER)
/* clang-format on */

enum sip_hdr {
	SIP_HDR_OTHER = 0,
#define X(id, name, brief, list, once, source) SIP_HDR_##id,
	SIP_HDR_MAP(X)
#undef X
	SIP_HDR_COUNT,
};

enum sip_method {
	SIP_METHOD_OTHER = 0,
#define X(name) SIP_##name,
	SIP_METHOD_MAP(X)
#undef X
	SIP_METHOD_COUNT,
};

enum sip_transport { SIP_UDP = 1, SIP_TCP, SIP_TLS, SIP_WS, SIP_WSS, SIP_SCTP, SIP_TRANSPORT_OTHER };

enum sip_hdr sip_hdr_find(struct slice name);       /* long or compact, any case; OTHER when unknown */
struct slice sip_hdr_name(enum sip_hdr id);         /* "Call-ID" */
bool sip_hdr_is_list(enum sip_hdr id);
bool sip_hdr_is_once(enum sip_hdr id);
enum sip_method sip_method_find(struct slice name); /* case-sensitive, RFC 3261 7.1 */
struct slice sip_method_name(enum sip_method m);    /* "INVITE"; "" for OTHER */
enum sip_transport sip_transport_find(struct slice token); /* any case */
struct slice sip_transport_name(enum sip_transport t);     /* "UDP", as a Via writes it */
struct slice sip_transport_param(enum sip_transport t);    /* "udp", as a URI writes it; TLS is "tls", WSS is "ws" (RFC 7118) */
bool sip_transport_reliable(enum sip_transport t);

/* Reason phrase of RFC 3261 21 and its extensions; "Unknown" for a code without one. */
struct slice sip_status_phrase(int status);

/* Classes are asked, never compared by hand: 199 is provisional. */
static inline bool sip_status_provisional(int s) { return s >= 100 && s < 200; }
static inline bool sip_status_final(int s)       { return s >= 200 && s < 700; }
static inline bool sip_status_success(int s)     { return s >= 200 && s < 300; }
static inline bool sip_status_redirect(int s)    { return s >= 300 && s < 400; }
static inline bool sip_status_failure(int s)     { return s >= 300 && s < 700; }
static inline bool sip_status_global(int s)      { return s >= 600 && s < 700; }

#endif
