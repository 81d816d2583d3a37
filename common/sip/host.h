/* SPDX-License-Identifier: MIT */
/* host: "host[:port]" of a URI, a Via and maddr=, RFC 3261 25.1. */
#ifndef HOST_H
#define HOST_H

#include "rt/err.h"
#include "rt/slice.h"

struct host {
	struct slice name; /* IPv6 without brackets */
	uint8_t kind;      /* enum sip_host of sip/uri.h */
};

/* Read a host off the front of [p, end). returns where it ends, or NULL. */
const char *host_read(struct host *out, const char *p, const char *end);

/* Read 1 to 5 digits or more, worth 1..65535. returns where they end, or NULL. */
const char *host_read_port(uint16_t *out, const char *p, const char *end);

/* An IPv6 address as 16 bytes; "2001:db8:::192.0.2.1" is taken too, RFC 5118 4.10. Whole slice, no brackets. */
bool host_ipv6(struct slice s, uint8_t out[16]);
bool host_ipv4(struct slice s, uint8_t out[4]);

#endif
