/* SPDX-License-Identifier: MIT */
/*
 * members: who is alive, as a pure table. The shell feeds it from Redis (key `nodes`); actors ask it.
 *
 * One member is one actor. Its record in Redis, field = id in decimal, value = one-line JSON:
 *   {"tier":"transport","id":17,"version":1,"oldest":1,"host":"edge-1","pid":4711,"state":"live","load":3,"seen":1795300000123,
 *    "ipc":"ipc:///run/peal/17","tcp":"tcp://192.0.2.1:7017","listeners":["udp:192.0.2.1:5060 as sip.example.com:5060"]}
 * A listener is known by its place in that list; "-" is a place that is free, local.family 0.
 */
#ifndef WIRE_MEMBERS_H
#define WIRE_MEMBERS_H

#include "wire/parcel.h"

enum { WIRE_MEMBERS_MAX = 256, WIRE_LISTENERS_MAX = 16, WIRE_ENDPOINT_MAX = 108, WIRE_HOST_MAX = 64 };
enum wire_state { WIRE_LIVE = 1, WIRE_DRAINING };

struct wire_listener {       /* one listening address of a transport, as every tier knows it */
	struct sip_hop local;      /* bound address */
	char host[WIRE_HOST_MAX];  /* advertised host for Via and Record-Route; IPv6 with brackets */
	uint16_t port;             /* advertised port */
};

struct wire_member {
	uint32_t id;               /* 24 bits, never 0 */
	uint8_t tier, state, nlistener;
	uint8_t version, oldest;   /* of parcels: what it writes by itself, and the oldest it writes and reads; pack.h */
	uint32_t load, pid;
	uint64_t seen;             /* wall ms of its last announcement */
	char host[WIRE_HOST_MAX];  /* host name: decides ipc or tcp */
	char ipc[WIRE_ENDPOINT_MAX], tcp[WIRE_ENDPOINT_MAX]; /* "" when not offered */
	struct wire_listener listener[WIRE_LISTENERS_MAX];
};

struct wire_members;

struct wire_members *wire_members_new(void);
void wire_members_destroy(struct wire_members **self_p);

/* 0, or RT_BAD: a record that does not read. One of a version too old or too new to talk to reads well: see wire_member_speaks. */
RT_MUSTUSE
int wire_member_parse(struct wire_member *out, struct slice json);
int wire_member_render(const struct wire_member *m, struct rt_cursor *c);

/* The version of parcels to write to it; 0: none that both of us know. */
uint8_t wire_member_speaks(const struct wire_member *m);

int wire_members_put(struct wire_members *self, const struct wire_member *m); /* 0 | RT_NOMEM */
void wire_members_drop(struct wire_members *self, uint32_t id);
uint32_t wire_members_expire(struct wire_members *self, uint64_t seen_before); /* how many went */
const struct wire_member *wire_members_get(const struct wire_members *self, uint32_t id);
const struct wire_member *wire_members_each(const struct wire_members *self, uint32_t *iter); /* NULL at the end */
uint32_t wire_members_generation(const struct wire_members *self); /* changes with every change that matters */

/* Rendezvous hash over the live members of a tier: id, or 0 when there is none. A member that joins or leaves moves only its share. */
uint32_t wire_members_pick(const struct wire_members *self, enum wire_tier tier, uint64_t key);

/* As pick, over the live and the draining members other than `not_id`: who had this key before `not_id` came, or has what is left of it
 * while it drains. */
uint32_t wire_members_pick_other(const struct wire_members *self, enum wire_tier tier, uint64_t key, uint32_t not_id);

/* The listener of `edge` that speaks proto and family; number, or -1. `like` is preferred when it fits. */
int wire_member_listener(const struct wire_member *edge, enum sip_transport proto, uint8_t family, int like);

/* Does host:port (port 0: any; transport 0: any, WS: WSS as well) name one of our listeners, advertised or bound? IPv6 with or without brackets. */
bool wire_members_own(const struct wire_members *self, struct slice host, uint16_t port, enum sip_transport proto);

#endif
