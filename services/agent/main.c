/* SPDX-License-Identifier: MIT */
/* main: the agent tier as a worker of its own. */
#include "svc/main.h"

int main(int argc, char **argv)
{
	const struct svc_actor *const actors[] = { &agent_actor, 0 };

	return svc_main(argc, argv, "agent", actors);
}
