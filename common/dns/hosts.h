/* SPDX-License-Identifier: MIT */
/* hosts: names that need no DNS: those of the hosts file, and localhost (RFC 6761 6.3). */
#ifndef DNS_HOSTS_H
#define DNS_HOSTS_H

#include "rt/wheel.h"

#include "answer.h"

struct dns_hosts;

struct dns_hosts *dns_hosts_new(const char *path); /* "/etc/hosts"; one that cannot be read is empty */
void dns_hosts_destroy(struct dns_hosts **self_p);

/*
 * What is said here about a question, NULL when nothing is. A name of the hosts file has addresses and nothing else, so its services
 * ("_sip._udp.name") do not exist. Looks at the file again every few seconds.
 * The answer is valid until the next call.
 */
const struct dns_answer *dns_hosts_answer(struct dns_hosts *self, enum dns_type type, struct slice name, rt_ms now);

#endif
