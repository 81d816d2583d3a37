/* SPDX-License-Identifier: MIT */
#include "service.h"

static const struct agent_service services[] = {
	{ .name = { "echo", 4 }, .what = "answers and sends back what it hears", .early = 183, .final = 200, .media = true },
	{ .name = { "ring", 4 }, .what = "rings and never answers", .early = 180, .give_up = 480, .reliable = true },
	{ .name = { "busy", 4 }, .what = "is busy", .final = 486 },
};

const struct agent_service *agent_service_find(struct slice user)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (slice_eq(services[i].name, user))
			return &services[i];
	return 0;
}
