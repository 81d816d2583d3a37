/* SPDX-License-Identifier: MIT */
/*
 * config: the one file of all workers, read by czmq zconfig, each value overridable as PEAL_<SECTION>_<KEY>.
 *
 *   server
 *       domains = "example.com example.net"
 *   transport
 *       listen = "udp:0.0.0.0:5060 tcp:0.0.0.0:5060"
 *   domain
 *       example.net
 *           mode = redirect
 *   gateway
 *       carrier
 *           berlin = "sip:192.0.2.1 priority=1"
 *   route
 *       carrier = "+49 .example.org"
 *
 * The table SVC_CONFIG_MAP is the whole vocabulary: the reader, the help text and the error messages come from it.
 * A snapshot never changes; a reload makes a new one.
 */
#ifndef SVC_CONFIG_H
#define SVC_CONFIG_H

#include <stdint.h>
#include "rt/err.h"
#include "rt/slice.h"
#include "sip/hop.h"
#include "svc/gateway.h"

enum svc_mode { SVC_PROXY, SVC_REDIRECT };
enum svc_fork { SVC_PARALLEL, SVC_SERIAL, SVC_ALL }; /* parallel within a q and serial between; one by one; all at once */
enum svc_overflow { SVC_REFUSE, SVC_REPLACE };      /* more contacts than allowed: 403, or the oldest goes */
enum svc_users { SVC_USERS_KNOWN, SVC_USERS_ANY };   /* who may register: only those with a user: record, or anyone */
enum svc_keep { SVC_KEEP_OFF, SVC_KEEP_ON, SVC_KEEP_AUTO };  /* calls that ring are written to Redis: auto when there is another transaction worker */
enum svc_relay { SVC_RELAY_NONE, SVC_RELAY_USERS, SVC_RELAY_ANY }; /* requests to foreign domains: refused, from authenticated users and peers, from anyone */

/* type: BOOL on|off, INT with bounds, TEXT, WORDS list, or the enum named. Per-domain keys may stand in a domain section too. */
/* clang-format off */
/*      section      key             type      default       low   high      what it is                                                          */
#define SVC_CONFIG_MAP(X)                                                                                                                        \
	X(server,      domains,        WORDS,    "",           0,    0,        "domains this server is responsible for")                             \
	X(server,      names,          WORDS,    "",           0,    0,        "other host names and addresses that mean this server")               \
	X(server,      state,          TEXT,     "var",        0,    0,        "folder for sockets, Redis data and keys")                            \
	X(server,      threads,        INT,      "1",          1,    64,       "loops (threads) of one process")                                     \
	X(server,      bus,            TEXT,     "",           0,    0,        "tcp address of this host for workers elsewhere, e.g. tcp://192.0.2.1; empty: this host only") \
	X(server,      bus_key,        TEXT,     "",           0,    0,        "key of the bus between hosts: a file that `peal keys new` made, or its 64 digits; empty: from the secret in Redis") \
	X(server,      drain,          INT,      "30",         0,    600,      "seconds to finish transactions after SIGTERM")                       \
	X(server,      health,         TEXT,     "",           0,    0,        "address of the HTTP health endpoint, e.g. 127.0.0.1:8080; empty: only a unix socket in state") \
	X(transport,   listen,         WORDS,    "udp:0.0.0.0:5060 tcp:0.0.0.0:5060", 0, 0, "where to listen: udp|tcp|tls|ws|wss:address:port") \
	X(transport,   advertise,      WORDS,    "",           0,    0,        "host[:port], or listen=host[:port], put into Via and Record-Route; found by itself when empty") \
	X(transport,   udp_sockets,    INT,      "1",          1,    16,       "sockets per UDP address (SO_REUSEPORT)")                             \
	X(transport,   buffer,         INT,      "16777216",   65536, 1073741824, "socket receive buffer asked for, bytes")                          \
	X(transport,   max_message,    INT,      "65535",      4096, 1048576,  "largest message on a stream, bytes")                                 \
	X(transport,   connections,    INT,      "100000",     1,    1000000,  "connections of one worker")                                          \
	X(transport,   source_connections, INT,  "1000",       1,    1000000,  "connections from one source address")                                \
	X(transport,   connect_timeout, INT,     "4000",       100,  60000,    "ms to open a connection")                                            \
	X(transport,   peer_connections, INT,    "1",          1,    64,       "connections to one place we send requests to; more than one share them by branch") \
	X(transport,   idle_timeout,   INT,      "3600",       10,   86400,    "seconds without a byte until a connection is closed")                \
	X(transport,   message_timeout, INT,     "10",         1,    600,      "seconds from a message's first byte to its last")                    \
	X(transport,   certificate,    WORDS,    "",           0,    0,        "PEM chains for tls and wss; the first is the default, others by SNI") \
	X(transport,   key,            WORDS,    "",           0,    0,        "PEM keys, one for each certificate")                                 \
	X(transport,   ca,             TEXT,     "",           0,    0,        "PEM file of authorities for peers' certificates; empty: the system's") \
	X(transport,   client_certificate, TEXT, "off",        0,    0,        "off, optional or required")                                          \
	X(transport,   verify,         BOOL,     "on",         0,    0,        "check the certificate and name of servers we connect to")            \
	X(transport,   origins,        WORDS,    "",           0,    0,        "Origin values accepted on ws and wss; empty: any")                    \
	X(transport,   alias_peers,    WORDS,    "",           0,    0,        "addresses of peers whose alias is believed over TCP (RFC 5923)")      \
	X(transport,   balancers,      WORDS,    "",           0,    0,        "addresses or networks of load balancers that begin connections with the PROXY protocol") \
	X(transport,   keep,           INT,      "25",         0,    3600,     "seconds between keep-alives on UDP: told to phones that offer them (RFC 6223), sent to phones behind NAT; 0: none") \
	X(transport,   source_rate,    INT,      "0",          0,    1000000,  "new requests a second from one source address, more are refused, and ten times as many messages not even read; 0: any number; peers are free") \
	X(transport,   scanners,       WORDS,    "friendly-scanner friendly-request sipvicious sipcli sip-scan sundayddr iWar SIVuS pplsip VaxSIPUserAgent", 0, 0, "requests whose User-Agent has a word that begins so are dropped without an answer") \
	X(transaction, t1,             INT,      "500",        10,   10000,    "ms, RFC 3261 17.1.1.1")                                              \
	X(transaction, t2,             INT,      "4000",       10,   60000,    "ms")                                                                 \
	X(transaction, t4,             INT,      "5000",       10,   60000,    "ms")                                                                 \
	X(transaction, keep,           KEEP,     "auto",       0,    0,        "ringing calls in Redis, so that they outlive their worker: off, on, or auto (when there is another transaction worker)") \
	X(proxy,       record_route,   BOOL,     "on",         0,    0,        "stay in the path of dialogs")                                        \
	X(proxy,       timer_c,        INT,      "185",        1,    3600,     "seconds a forwarded INVITE may ring, RFC 3261 16.6 step 11; more than 180") \
	X(proxy,       relay,          RELAY,    "users",      0,    0,        "requests to other domains: none, users (authenticated ones and peers) or any") \
	X(proxy,       peers,          WORDS,    "",           0,    0,        "addresses or networks that need no authentication, and whose P-Asserted-Identity is believed, e.g. 192.0.2.0/24") \
	X(proxy,       assert,         BOOL,     "off",        0,    0,        "tell peers and trusted gateways who a caller with the right password is (P-Asserted-Identity, RFC 3325)") \
	X(proxy,       routes,         WORDS,    "",           0,    0,        "static next hops: domain=sip:host[:port][;transport=..]")            \
	X(proxy,       lookup_cache,   INT,      "60",         0,    3600,     "seconds a lookup may be answered from memory while Redis, which tells of changes, told of none; 0: always ask") \
	X(proxy,       gateway_timeout, INT,     "6000",       500,  32000,    "ms a gateway may be silent until the next one of its group is tried")  \
	X(proxy,       dns_servers,    WORDS,    "",           0,    0,        "address[:port] of name servers; empty: the system's")                \
	X(proxy,       dns_timeout,    INT,      "2000",       100,  30000,    "ms for one whole RFC 3263 search")                                   \
	X(registrar,   min_expires,    INT,      "60",         1,    3600,     "seconds; shorter answers 423")                                       \
	X(registrar,   max_expires,    INT,      "7200",       60,   31536000, "seconds; longer is shortened")                                       \
	X(registrar,   default_expires, INT,     "3600",       60,   31536000, "seconds when the phone names none")                                  \
	X(registrar,   nonce_lifetime, INT,      "300",        5,    86400,    "seconds until a nonce is stale")                                     \
	X(registrar,   service_route,  TEXT,     "",           0,    0,        "Service-Route of RFC 3608 for phones: its value, or own (this server), or empty: none") \
	X(registrar,   watchers,       WORDS,    "",           0,    0,        "users who may watch anybody's registrations (RFC 3680), as user@domain; everybody may watch his own") \
	X(registrar,   flow_timer,     INT,      "120",        0,    3600,     "seconds between keep-alives asked of phones that keep a connection (Flow-Timer, RFC 5626); 0: their choice") \
	X(agent,       services,       WORDS,    "",           0,    0,        "addresses the server itself answers in every domain, of echo ring busy; empty: none") \
	X(agent,       reliable,       TEXT,     "sdp",        0,    0,        "provisional responses sent reliably when the caller can (RFC 3262): sdp (those with SDP), all, or required (421 when he cannot)") \
	X(agent,       rtp,            TEXT,     "0.0.0.0:40000-40999", 0, 0, "address:low-high, where the agents receive media")                 \
	X(agent,       rtp_advertise,  TEXT,     "",           0,    0,        "address put into session descriptions; empty: as in rtp, or the transport's") \
	X(agent,       max_calls,      INT,      "100",        1,    10000,    "calls of one agent at once; more are answered 480")                   \
	X(agent,       duration,       INT,      "300",        1,    86400,    "seconds until the agent ends a call")                                 \
	X(redis,       url,            TEXT,     "redis://127.0.0.1:6379/0", 0, 0, "redis://[user:password@]host:port/db, unix:///path?db=0, redis+sentinel://host:port,host:port/master-name/db, or redis+cluster://host:port,host:port") \
	X(redis,       timeout,        INT,      "1000",       10,   60000,    "ms until an answer is given up")                                     \
	X(redis,       stale_users,    INT,      "50000",      0,    1000000,  "users a proxy remembers, for lookup_cache and for the time Redis is away; 0: none") \
	X(redis,       stale_age,      INT,      "600",        0,    86400,    "seconds such a memory may be used")                                  \
	X(log,         level,          TEXT,     "info",       0,    0,        "error, warning, info, debug or trace")

/* Keys of section `server` that a domain section may repeat for itself. */
#define SVC_DOMAIN_MAP(X)                                                                                                                        \
	X(auth,            BOOL,     "on",       0, 0,     "ask for a password at REGISTER")                                                       \
	X(auth_calls,      BOOL,     "",         0, 0,     "ask callers of this domain for a password; empty: as auth")                            \
	X(realm,           TEXT,     "",         0, 0,     "digest realm; empty: the domain")                                                      \
	X(algorithms,      WORDS,    "SHA-512-256 SHA-256 MD5", 0, 0, "digest algorithms offered in challenges, strongest first")                \
	X(md5_agents,      WORDS,    "baresip",  0, 0,     "phones (User-Agent begins so) that fail on anything but MD5: offered MD5 alone")        \
	X(users,           USERS,    "",         0, 0,     "who exists: known (user: records) or any; empty: known with auth, any without")        \
	X(mode,            MODE,     "proxy",    0, 0,     "proxy or redirect")                                                                    \
	X(fork,            FORK,     "parallel", 0, 0,     "parallel (within a q, serial between), serial, or all")                                \
	X(ring,            INT,      "20",       0, 3600,  "seconds a phone may ring while others wait for their turn (fork = serial, or a lower q); 0: as long as proxy.timer_c") \
	X(queue,           INT,      "0",        0, 3600,  "seconds a caller waits for a busy user and is told his place (182); 0: he hears 486")                  \
	X(wake,            INT,      "0",        0, 300,   "seconds a caller waits for a phone to wake and register when none is there; 0: he hears 480")          \
	X(waking,          INT,      "183",      180, 183, "status a caller hears meanwhile")                                                                      \
	X(recurse,         BOOL,     "off",      0, 0,     "follow 3xx contacts instead of passing them back")                                     \
	X(stateless,       BOOL,     "off",      0, 0,     "forward and answer datagrams without transactions (RFC 3261 16.11, 8.2.7), to the best target alone")     \
	X(max_contacts,    INT,      "10",       1, 32,    "bindings of one address of record")                                                    \
	X(overflow,        OVERFLOW, "refuse",   0, 0,     "more contacts than that: refuse (403) or replace (the oldest)")                        \
	X(require,         WORDS,    "",         0, 0,     "option tags an INVITE to this domain must support (Supported or Require), e.g. timer: else 421")         \
	X(third_party,     BOOL,     "off",      0, 0,     "let a user register another user of the domain")
/* clang-format on */

enum {
	SVC_WORDS_MAX = 64,
	SVC_DOMAINS_MAX = 64,
	SVC_HOPS_MAX = 256,
	SVC_ROUTES_MAX = 1024,
	SVC_REDIS_URL_MAX = 1024, /* bytes, with a NUL */
};

struct svc_words {
	struct slice word[SVC_WORDS_MAX];
	uint32_t n;
};

typedef bool svc_BOOL;
typedef int64_t svc_INT;
typedef struct slice svc_TEXT;
typedef struct svc_words svc_WORDS;
typedef enum svc_mode svc_MODE;
typedef enum svc_fork svc_FORK;
typedef enum svc_overflow svc_OVERFLOW;
typedef enum svc_users svc_USERS;
typedef enum svc_relay svc_RELAY;
typedef enum svc_keep svc_KEEP;

struct svc_domain { /* every choice resolved: domain section, else server section, else default */
	struct slice name; /* lower case */
#define X(key, type, def, low, high, what) svc_##type key;
	SVC_DOMAIN_MAP(X)
#undef X
};

struct svc_config { /* field section_key, e.g. transport_listen */
#define X(section, key, type, def, low, high, what) svc_##type section##_##key;
	SVC_CONFIG_MAP(X)
#undef X
	struct svc_domain server;                  /* the server-wide choices of SVC_DOMAIN_MAP; name absent */
	struct svc_domain domain[SVC_DOMAINS_MAX]; /* one for each word of server.domains */
	uint32_t ndomain;
	struct svc_hop hop[SVC_HOPS_MAX];          /* section `gateway` */
	struct svc_route route[SVC_ROUTES_MAX];    /* section `route` */
	uint32_t nhop, nroute;
};

/*
 * Read a configuration: file (NULL: none), then environment, then defaults; checked whole.
 *   error   on RT_CONFIG: one line for a person: file:line, what is wrong, what would be right
 * The snapshot lives until svc_config_destroy.
 */
RT_MUSTUSE
int svc_config_load(struct svc_config **out, const char *file, char *const environment[], char error[512]);
void svc_config_destroy(struct svc_config **self_p);

/* The domain by name, any case; NULL when it is not ours. */
const struct svc_domain *svc_config_domain(const struct svc_config *self, struct slice name);

/* Every section, key, type, default and meaning, as a commented file a person can start from. */
void svc_config_print(void (*line)(const char *text, void *arg), void *arg);

#endif
