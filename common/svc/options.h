/* SPDX-License-Identifier: MIT */
/* options: the command line every worker shares. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "process.h"

enum { OPTIONS_GO = -1 };

/* Fills config_file and actors. OPTIONS_GO, or an exit code: everything was said already. */
int options_read(struct svc_process *out, int argc, char **argv, const struct svc_actor *const actors[]);

#endif
