/* SPDX-License-Identifier: MIT */
/*
 * match: what of a request names its server transaction, RFC 3261 17.2.3, and what makes two of them one, 8.2.2.2.
 *
 * Texts are compared as two keyed hashes of 64 bits each (an attacker cannot aim at a secret key), so a transaction needs to keep
 * no text of its request for this.
 */
#ifndef TXN_MATCH_H
#define TXN_MATCH_H

#include "rt/hash.h"
#include "sip/msg.h"

struct txn_match {
	uint64_t key, check; /* equal for a request, its retransmissions, its CANCEL and its ACK for a failure */
	uint64_t merge;      /* From tag, Call-ID, CSeq number and method; 0 when the request has a To tag */
	uint32_t method;     /* txn_method_of */
	uint32_t to_tag;     /* txn_tag_hash */
	bool cookie;         /* by branch and sent-by; else by the rules for RFC 2543 */
};

void txn_match_request(struct txn_match *out, const struct sip_msg *request, struct rt_key secret);

/* The method as a number: enum sip_method, or a hash above it for one the table lacks. */
uint32_t txn_method_of(const struct sip_msg *m, struct rt_key secret);

/* A To tag as a number; 0 when absent. */
uint32_t txn_tag_hash(struct slice tag, struct rt_key secret);

/* What a transaction remembers of the request that created it and the response it sent. */
struct txn_born_from {
	uint64_t key, check, merge;
	uint32_t method, to_tag;
	uint32_t sent_tag; /* of the last response; 0: none yet */
	bool cookie;
};

/* The same request again? Branch, sent-by and method; for RFC 2543 the To tag too. */
bool txn_match_again(const struct txn_born_from *born, const struct txn_match *request);

/* Its ACK? The transaction must be an INVITE; for RFC 2543 the ACK's To tag must be the one we sent. */
bool txn_match_ack(const struct txn_born_from *born, const struct txn_match *ack);

/* Does this CANCEL mean it? As if its method were the transaction's, 9.2. */
bool txn_match_cancel(const struct txn_born_from *born, const struct txn_match *cancel);

#endif
