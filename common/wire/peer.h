/* SPDX-License-Identifier: MIT */
/*
 * peer: one place that parcels are sent to: its connection, and the pack that is open for it.
 *
 *   never connected --handshake--> connected --disconnect--> lost --handshake--> connected
 *        |                                                     |
 *        +-- WIRE_PATIENCE since the first refusal --> given up <-- WIRE_LOST_PATIENCE
 */
#ifndef PEER_H
#define PEER_H

#include "wire/mailbox.h"
#include "wire/members.h"

struct peer_keys { /* CURVE; text of zmq_z85_encode */
	bool in_use;
	char public_key[41], secret_key[41];
};

struct peer {
	char endpoint[WIRE_ENDPOINT_MAX];
	void *push, *monitor; /* monitor NULL: inproc, always connected */
	int news, fd;         /* epoll descriptor, and the monitor's own in it */
	struct wire_pack pack;
	struct wire_pack rewritten; /* the same in the version of an older peer */
	uint8_t version;      /* it is written */
	uint32_t actors;      /* how many are reached here; 0: the slot is free */
	bool connected, lost; /* lost: it was connected once */
	bool open;            /* in the mailbox's list of open packs */
	rt_ms refused;        /* when the open pack was last refused; 0: it was not */
	rt_ms since;          /* when it was first missed; 0: it is not */
};

/* A socket as all of ours are: no lingering, small queues, nothing queued to nobody. NULL on failure. */
void *peer_socket(int type);

/* Connect to p->endpoint. news: epoll descriptor that becomes readable when the connection comes or goes. */
RT_MUSTUSE
int peer_connect(struct peer *p, const struct peer_keys *keys, int news);
void peer_close(struct peer *p);

void peer_look(struct peer *p, rt_ms now);             /* what its monitor saw meanwhile */
rt_ms peer_deadline(const struct peer *p);             /* when it is given up; UINT64_MAX: it is not missed */

/* Offer the open pack. True when it is empty again: sent, or dropped because the peer is given up. */
bool peer_offer(struct peer *p, rt_ms now, struct wire_tally *tally);

#endif
