/* SPDX-License-Identifier: MIT */
/*
 * echo: one socket that sends each RTP packet back to where it came from, once.
 *
 *   caller  -- RTP ssrc S -->  socket  -- the same packet, ssrc S ^ mask -->  the address it came from
 *
 * Never an amplifier: at most one packet out for one in, no larger, to its own source, no faster than ECHO_RATE, and only while the
 * call lives. The first source is the caller (a NAT may have moved him); another is heard only when he has been silent for a while.
 */
#ifndef ECHO_H
#define ECHO_H

#include "rt/err.h"
#include "rt/wheel.h"
#include "sip/hop.h"

enum {
	ECHO_RATE = 250,       /* packets a second; 20 ms packets make 50 */
	ECHO_BURST = 100,
	ECHO_PACKET_MAX = 1500, /* bytes */
	ECHO_SILENCE = 3000,   /* ms after which another source is believed */
};

struct agent_echo {
	int fd;                 /* -1: no socket */
	uint32_t mask;          /* into the SSRC: or the caller hears a loop, RFC 3550 8.2 */
	struct sip_hop source;  /* family 0: none yet */
	rt_ms heard, filled;
	uint32_t tokens;
	uint64_t in, out;
};

/* Take a free even port between low and high, `*next` being where to begin. The port, or RT_NOMEM: none is free. */
RT_MUSTUSE
int agent_echo_open(struct agent_echo *e, const struct sip_hop *at, uint16_t low, uint16_t high, uint16_t *next, uint32_t mask);
void agent_echo_close(struct agent_echo *e);

/* May this source be answered now? Counts. Pure but for e. */
bool agent_echo_admits(struct agent_echo *e, const struct sip_hop *from, rt_ms now);

/* What waits on the socket goes back; `send` false: it is only drained. */
void agent_echo_ready(struct agent_echo *e, rt_ms now, bool send);

#endif
