/* SPDX-License-Identifier: MIT */
/* apply: a new configuration for all workers, or for none. */
#ifndef APPLY_H
#define APPLY_H

#include "cli.h"

int cli_apply(struct cli *cli); /* arg[0], or what stands in the workers' file already */

#endif
