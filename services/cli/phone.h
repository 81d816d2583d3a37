/* SPDX-License-Identifier: MIT */
/*
 * phone: `peal` as a user agent client for one errand: a call, a registration, OPTIONS or a MESSAGE.
 *
 *   phone_run.c     the words become an errand; transport, transaction and this actor on one loop (svc/solo.h)
 *   phone.c         the actor: requests out (FORK), responses and requests in (RESULT, OFFER), passwords
 *   phone_way.c     where they go: hops of RFC 3263 (phone_dns.c), Contacts of a 3xx
 *   phone_call.c    INVITE with its forks, PRACKs, ACK, BYE (RFC 3261 13, RFC 3262 4)
 *   phone_sound.c   RTP both ways;  phone_ladder.c  a line a message;  phone_tls.c  a certificate of a moment
 */
#ifndef PHONE_H
#define PHONE_H

#include "phone_sound.h"
#include "sip/uri.h"
#include "svc/config.h"
#include "svc/solo.h"
#include "ua/dialog.h"
#include "ua/offer.h"
#include "ua/rel_uac.h"
#include "ua/sdp.h"

enum { PHONE_FORKS = 8, PHONE_ASKED = 32, PHONE_HOPS = 8, PHONE_WAYS = 8 };
enum { PHONE_ANSWERED = 0, PHONE_REFUSED = 1, PHONE_USAGE = 2, PHONE_SILENT = 3 }; /* exit statuses */
enum phone_errand_kind { PHONE_CALL, PHONE_REGISTER, PHONE_OPTIONS, PHONE_MESSAGE };

struct phone_errand { /* what is to be done; texts live as long as the program */
	enum phone_errand_kind kind;
	struct slice uri, from;          /* addr-specs */
	struct slice user, password;     /* password absent: challenges are not answered */
	struct slice text;               /* MESSAGE */
	struct slice contact;            /* REGISTER; absent: our own */
	struct slice audio;              /* file; absent: a tone */
	struct sip_hop hop[PHONE_HOPS];  /* servers, in the order to try */
	int nhop;
	struct svc_words name_servers;   /* none: the system's */
	struct slice name;               /* whom a TLS server must prove to be, RFC 5922 */
	uint32_t seconds;                /* to talk, or to be registered */
	uint32_t timeout_ms;             /* for a final response */
	bool required;                   /* Require: 100rel instead of Supported */
	bool json;                       /* the ladder as an object a line */
};

struct phone_asked { /* a request of ours, until its final response */
	struct sip_msg msg;    /* in the phone's arena; text.p NULL: free */
	int8_t fork;           /* whose dialog; -1: none */
	bool authorized;
	rt_handle branch;      /* its client transaction, once known */
};

struct phone_fork { /* an early dialog, or the one that was answered */
	struct ua_dialog dialog;
	struct ua_rel_uac rel;
	struct ua_offer offer;
	bool answered;         /* a 2xx came */
	bool left;             /* BYE sent or received */
};

struct phone_contact_way { /* a Contact of a 3xx */
	struct slice uri;
	uint16_t q;
	bool tried;
};

struct phone {
	struct svc *svc;
	const struct phone_errand *errand;
	struct rt_arena *arena;        /* what stays until the end */
	struct phone_asked asked[PHONE_ASKED];
	struct phone_fork fork[PHONE_FORKS];
	int nfork, talking;            /* talking: the fork we hear; -1 */
	struct phone_sound sound;
	struct ua_sdp_local me;
	struct slice uri, name;        /* called now, and whom its TLS server must prove to be */
	struct sip_hop hop[PHONE_HOPS], server; /* server: the one in use */
	int nhop, hop_at;
	struct phone_contact_way way[PHONE_WAYS];
	int nway;
	struct slice local_uri, from_value, call_id, tag;
	struct sip_hop local;
	uint32_t edge, cseq;
	uint16_t listener;
	rt_ms began, sound_began;
	uint64_t frames;               /* of sound that were due so far */
	struct rt_timer start, limit, talk, frame;
	int result;                    /* exit status; -1 until known */
	bool cancelled, done;
};

enum phone_timer { PHONE_START = 's', PHONE_LIMIT = 'l', PHONE_TALK = 't', PHONE_FRAME = 'f' };

extern const struct svc_actor phone_actor;
extern const struct phone_errand *phone_errand; /* of the one phone of this program */
extern int phone_result;

/* ---- phone_say.c ---- */
struct sip_draft *phone_request(struct phone *p, struct slice method, struct slice uri); /* outside any dialog */
int phone_ask(struct phone *p, struct sip_draft *d, int fork);                           /* number in asked, or negative */
int phone_send_ack(struct phone *p, struct sip_draft *d);
void phone_answer(struct phone *p, const struct wire_parcel *in, int status, struct sip_draft *d); /* d NULL: a plain reply */
void phone_end(struct phone *p, int result);
struct slice phone_contact(struct phone *p);
struct slice phone_token(struct phone *p);                                               /* a random word, for as long as the phone */

/* ---- phone_way.c ---- */
bool phone_way_begin(struct phone *p);                          /* false: said why */
struct wire_head phone_way(const struct phone *p, const struct sip_msg *m);
bool phone_way_next(struct phone *p, const struct sip_msg *answer); /* after a failure (answer NULL: silence): elsewhere, please; false: nowhere */

/* ---- phone_dns.c ---- */

/* RFC 3263, waiting for it. How many hops, in the order to try; RT_ABSENT: none. */
int phone_dns(const struct sip_uri *uri, const struct svc_words *servers, struct sip_hop *out, int room);

/* ---- phone_call.c ---- */
void phone_call_begin(struct phone *p);
void phone_call_response(struct phone *p, const struct phone_asked *asked, const struct sip_msg *m); /* to the INVITE */
void phone_call_answered(struct phone *p, const struct phone_asked *asked, const struct sip_msg *m); /* to a request inside a dialog */
void phone_call_offered(struct phone *p, const struct wire_parcel *in);
void phone_call_timer(struct phone *p, enum phone_timer name);
void phone_call_give_up(struct phone *p, int result); /* CANCEL or BYE, by what there is */

/* ---- phone_ladder.c ---- */
void phone_ladder(const struct phone *p, bool out, const struct sip_msg *m);
void phone_ladder_advice(const struct phone *p, int status); /* after a refusal */
void phone_ladder_note(const struct phone *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- phone_tls.c ---- */

/* A key pair and a self-signed certificate in memory, as paths that can be opened until the program ends. 0 | RT_NOMEM */
int phone_tls_pair(char certificate[32], char key[32]);

#endif
