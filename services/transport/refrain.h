/* SPDX-License-Identifier: MIT */
/*
 * refrain: what a proxy said a moment ago to a plain OPTIONS to the server itself, said again to who asks the same.
 *
 *   OPTIONS --> long way: OFFER to a proxy, its ANSWER goes out, and is learned         first of all, and then every now and again
 *   OPTIONS --> the same words for another Via, From, To, Call-ID and CSeq, at once     for REFRAIN_LIFE after each ANSWER
 *
 * The proxy stays the only one who decides: a question is the same when the Request-URI, the domain of From and the source's IP address are, and when it
 * has no header that could change the answer. Only a 200 is learned. Who asks seldom always hears a proxy, so an OPTIONS still tells whether
 * one lives. Pure: time is an argument.
 */
#ifndef REFRAIN_H
#define REFRAIN_H

#include "rt/cursor.h"
#include "rt/hash.h"
#include "rt/wheel.h"
#include "sip/hop.h"
#include "sip/msg.h"

enum {
	REFRAIN_LIFE = 100,   /* ms that an answer is good for */
	REFRAIN_AGAIN = 50,   /* ms after which it is asked for anew, while the old one is still good */
	REFRAIN_PATIENCE = 10, /* ms between two such questions */
	REFRAIN_PLACES = 32,  /* questions remembered; one that meets another in its place takes it */
	REFRAIN_BYTES = 512,  /* of a longer answer nothing is learned */
};

struct refrain {
	struct refrain_one {
		uint64_t question, trail; /* trail: of the OFFER that is on its way; 0: none */
		rt_ms asked, heard;       /* heard 0: nothing yet */
		uint32_t proxy;           /* who said it */
		uint32_t n;
		char end[REFRAIN_BYTES];  /* all behind the lines that every response copies from its request; from a CRLF to the last one */
	} one[REFRAIN_PLACES];
};

/* Which question this is, as a hash; 0: one that only a proxy answers. */
uint64_t refrain_question(const struct sip_msg *request, const struct sip_hop *source, struct rt_key key);

/*
 * The answer to it, when that is known and need not be asked for again.
 *
 *   request  its Via stamped
 *   proxy    who would be asked
 *   tag      for To
 *   returns  0, RT_ABSENT (ask), RT_BIG (no room at c)
 */
RT_MUSTUSE
int refrain_say(struct refrain *self, struct rt_cursor *c, uint64_t question, const struct sip_msg *request, uint32_t proxy, struct slice tag, rt_ms now);

void refrain_asked(struct refrain *self, uint64_t question, uint64_t trail, rt_ms now);                                /* an OFFER goes out */
void refrain_heard(struct refrain *self, const struct sip_msg *answer, uint32_t proxy, uint64_t trail, rt_ms now);      /* an ANSWER came */

#endif
