/* SPDX-License-Identifier: MIT */
/* expiry: how long a binding lives, RFC 3261 10.3 step 7. Pure. */
#ifndef EXPIRY_H
#define EXPIRY_H

#include "rt/slice.h"

struct reg_limits { /* seconds; of the configuration */
	uint32_t min, max, standard;
};

/*
 * The seconds to grant; 0 removes.
 *   param   the contact's expires value, absent when not written
 *   header  the value of Expires, absent when there is none
 * False: shorter than we allow, answer 423 (only what is shorter than an hour may be refused).
 */
bool reg_expiry(const struct reg_limits *limits, struct slice param, struct slice header, uint32_t *out);

#endif
