/* SPDX-License-Identifier: MIT */
#include "icmp.h"

#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "via.h"

enum {
	QUOTE = 2048,
	ERRORS_MAX = 64,    /* read in one go */
	BOUNCED_MS = 32000, /* as long as an answer may be repeated */
};

/* Unreachable and parameter problems count; source quench, time exceeded and a smaller path MTU do not, 18.4. */
static bool hard(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		return (e->ee_type == ICMP_DEST_UNREACH && e->ee_code != ICMP_FRAG_NEEDED) || e->ee_type == ICMP_PARAMETERPROB;
	if (e->ee_origin == SO_EE_ORIGIN_ICMP6)
		return e->ee_type == ICMP6_DST_UNREACH || e->ee_type == ICMP6_PARAM_PROB;
	return e->ee_origin == SO_EE_ORIGIN_LOCAL && e->ee_errno != EMSGSIZE;
}

static bool counts(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const bool four = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		const bool six = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

		if ((four || six) && hard((const void *)CMSG_DATA(c)))
			return true;
	}
	return false;
}

/* 18.2.2: the next answer to there goes by the sent-by of its Via, RFC 3263 5. */
static void answer_bounced(struct edge *edge, const struct sockaddr_storage *to)
{
	struct sip_hop hop;

	sip_hop_from_sockaddr(&hop, to, SIP_UDP);
	refusals_note(&edge->bounced, &hop, svc_now(edge->svc) + BOUNCED_MS);
}

void icmp_read(struct edge *edge, int fd)
{
	for (int i = 0; i < ERRORS_MAX; i++) {
		char quote[QUOTE], control[512];
		struct sockaddr_storage to = { 0 };
		struct iovec vec = { quote, sizeof(quote) };
		struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
		const ssize_t n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
		struct sip_branch branch;

		if (n < 0)
			return;
		if (!counts(&m))
			continue;
		if (slice_starts_nocase(slice_of(quote, (uint32_t)n), SLICE("SIP/2.0 ")))
			answer_bounced(edge, &to);
		else if (via_quoted_branch(&branch, slice_of(quote, (uint32_t)n), edge->branch_key) == 0 && branch.owner) {
			const struct edge_owed owed = { .to = branch.owner, .branch = branch.handle, .loop = branch.loop };

			edge_unsent(edge, &owed, RT_DOWN);
		}
	}
}
