/* SPDX-License-Identifier: MIT */
/* settings: section `agent` of the configuration, read for use. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "svc/config.h"
#include "wire/members.h"

enum agent_policy { AGENT_REL_SDP, AGENT_REL_ALL, AGENT_REL_REQUIRED };

struct agent_settings {
	struct sip_hop rtp;       /* bound address; port 0 */
	struct sip_hop told;      /* in descriptions; family 0: find one */
	uint16_t low, high;       /* ports */
	uint32_t max_calls;
	uint32_t duration_ms;
	uint32_t t1, t2;
	enum agent_policy reliable;
};

void agent_settings_read(struct agent_settings *out, const struct svc_config *config);

/* The address media is to be sent to: as told, or as bound, or that of a transport of the same family. family 0: none is known. */
struct sip_hop agent_settings_told(const struct agent_settings *s, const struct wire_members *members);

#endif
