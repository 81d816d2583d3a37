/* SPDX-License-Identifier: MIT */
/* main: the main program of every worker. */
#include "svc/main.h"

#include <stdio.h>
#include <unistd.h>

#include "options.h"
#include "process.h"

int svc_main(int argc, char **argv, const char *name, const struct svc_actor *const actors[])
{
	static struct svc_process process; /* one a process, and large */
	struct svc_config *config;
	char error[512];
	int code;

	process = (struct svc_process){ .name = name, .environment = environ };
	code = options_read(&process, argc, argv, actors);
	if (code != OPTIONS_GO)
		return code;
	process_hold_signals();
	rt_log_open(name, RT_LOG_I);
	if (svc_config_load(&config, process.config_file, process.environment, error)) {
		rt_log(RT_LOG_E, "config.refused", 0, "%s", error);
		return 1;
	}
	atomic_store(&process.config, config);
	return process_run(&process);
}
