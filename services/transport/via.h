/* SPDX-License-Identifier: MIT */
/* via: what RFC 3261 18 says about the topmost Via: stamping it, answering by it, writing ours. Pure. */
#ifndef VIA_H
#define VIA_H

#include "sip/hop.h"
#include "sip/msg.h"
#include "sip/route.h"
#include "wire/members.h"

/*
 * Must received (and rport) be written into the top Via of a request that came from `source`? 18.2.1: when sent-by is a
 * name or another address. RFC 3581 4: when rport is there. And when the sender filled in received by itself, whose word
 * we do not take.
 */
bool via_wants_stamp(const struct sip_msg *request, const struct sip_hop *source);

/*
 * Where a response goes by its top Via, 18.2.2, when no connection takes it.
 *
 *   response  its index may be NULL: the Via is then read from the text
 *   source    where the request came from; family 0 when unknown. With it and an index the Via is not read again
 *   ttl       for a multicast maddr; else 0
 *   name      of a maddr that is none: present when only DNS can tell, at port to->port
 *   returns   0, RT_BAD (no Via, or nothing in it that is an address)
 */
RT_MUSTUSE
int via_reply_to(struct sip_hop *to, uint8_t *ttl, struct slice *name, const struct sip_msg *response, const struct sip_hop *source);

/* Was the request of this response changed on its way: does received or rport contradict its sender? */
bool via_behind_nat(const struct sip_msg *response);

/* Host and port (0: none) of the top Via's sent-by; absent when it does not read. */
struct slice via_host(const struct sip_msg *message, uint16_t *port);

struct via_ours {
	const struct wire_listener *listener; /* the sent-by: advertised host and port */
	const struct sip_branch *branch;
	struct rt_key secret;
	const struct sip_hop *to;             /* its protocol is the Via's; a multicast group adds maddr and ttl, 18.1.1 */
	bool alias;                           /* RFC 5923 */
	bool oc;                              /* RFC 7339 */
};

/* "Via: SIP/2.0/UDP sip.example.com:5060;branch=...;rport\r\n". The same arguments give the same bytes. */
void via_render(struct rt_cursor *c, const struct via_ours *v);

/* Bytes of the start line with its CRLF: where our Via goes in. 0 when there is no line end. */
uint32_t via_insert_at(struct slice text);

/* The branch of our own Via in the beginning of a request of ours, as an ICMP error quotes it. 0 | RT_ABSENT | RT_BAD */
RT_MUSTUSE
int via_quoted_branch(struct sip_branch *out, struct slice quoted, struct rt_key secret);

#endif
