/* SPDX-License-Identifier: MIT */
/* order: which NAPTR records matter and in which order SRV targets are tried. Pure. */
#ifndef DNS_ORDER_H
#define DNS_ORDER_H

#include "answer.h"
#include "sip/names.h"

/*
 * The usable NAPTR records, best first: those with flag "s" and a service of RFC 3263 4.1 or RFC 7118 7 that `transports` (bit n:
 * enum sip_transport n) allows and, for a sips URI, that is secure; of the lowest order only, RFC 3403 8, by preference.
 *   picked, proto   room for DNS_RECORDS_MAX: record numbers, and the transport each one means
 * returns how many
 */
uint32_t dns_order_naptr(const struct dns_answer *answer, bool sips, uint8_t transports, uint8_t *picked, uint8_t *proto);

/*
 * SRV records in the order to try them, RFC 2782: by priority; within one, each next target is drawn by weight.
 *   picked   room for DNS_RECORDS_MAX
 *   seed     decides the draws; the same seed gives the same order
 */
uint32_t dns_order_srv(const struct dns_answer *answer, uint64_t seed, uint8_t *picked);

#endif
