/* SPDX-License-Identifier: MIT */
/* sdp: session descriptions as far as an end of an audio call needs them, read and written: RFC 4566, RFC 3264. */
#ifndef UA_SDP_H
#define UA_SDP_H

#include "rt/cursor.h"
#include "sip/hop.h"

enum { UA_SDP_MEDIA_MAX = 16 };

enum ua_flow { UA_SENDRECV, UA_SENDONLY, UA_RECVONLY, UA_INACTIVE };

struct ua_sdp_media {
	struct slice kind;     /* "audio" */
	struct slice proto;    /* "RTP/AVP" */
	struct slice formats;  /* "0 8 101" */
	struct slice lines;    /* what follows the m= line, up to the next one */
	struct sip_hop addr;   /* its own c= or the session's; family 0: a name, or none. The port is the m= line's */
	uint16_t port;         /* 0: refused or switched off */
	uint8_t flow;          /* enum ua_flow, as its sender wrote it */
};

struct ua_sdp { /* slices of the text it was read from */
	struct slice origin;
	uint8_t n;
	struct ua_sdp_media media[UA_SDP_MEDIA_MAX];
};

/* Read a description. 0, RT_BAD (not one), RT_BIG (more streams than UA_SDP_MEDIA_MAX). Bare LF is accepted, RFC 4566 5. */
RT_MUSTUSE
int ua_sdp_parse(struct ua_sdp *out, struct slice text);

/* The first audio stream over plain RTP that is not switched off; -1: none. */
int ua_sdp_audio(const struct ua_sdp *s);

struct ua_sdp_local { /* who we are in the descriptions of one dialog */
	uint64_t id;       /* of the session: o= */
	uint32_t version;  /* one higher whenever the text changes, RFC 3264 8 */
	struct sip_hop addr; /* IP and port that media is to be sent to */
};

/* An offer of one audio stream, PCMU and PCMA. */
void ua_sdp_offer(struct rt_cursor *c, const struct ua_sdp_local *me);

/*
 * The answer to an offer: its audio stream (ua_sdp_audio) with every format it names, the others refused by port 0.
 * returns 0, RT_ABSENT (no such stream: 488)
 */
RT_MUSTUSE
int ua_sdp_answer(struct rt_cursor *c, const struct ua_sdp *offer, const struct ua_sdp_local *me);

enum ua_flow ua_sdp_mirror(enum ua_flow theirs); /* RFC 3264 6.1: sendonly is answered recvonly */

#endif
