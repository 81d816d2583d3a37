/* SPDX-License-Identifier: MIT */
/* main: all tiers on each loop of one process. */
#include "svc/main.h"

int main(int argc, char **argv)
{
	const struct svc_actor *const actors[] = { &transport_actor, &transaction_actor, &proxy_actor, &registrar_actor, &agent_actor, 0 };

	return svc_main(argc, argv, "node", actors);
}
