/* SPDX-License-Identifier: MIT */
/* expiry: parameter, else header, else ours; then the bounds. */
#include "expiry.h"

#include "sip/param.h"

enum { MALFORMED = 3600, HOUR = 3600 }; /* 20.10, 20.19: a malformed value counts as 3600 */

static uint32_t wish(const struct reg_limits *limits, struct slice param, struct slice header)
{
	const struct slice text = slice_present(param) ? param : header;
	uint32_t seconds;

	if (!slice_present(text))
		return limits->standard;
	return sip_seconds_parse(slice_trim(text), &seconds) ? seconds : MALFORMED;
}

bool reg_expiry(const struct reg_limits *limits, struct slice param, struct slice header, uint32_t *out)
{
	const uint32_t seconds = wish(limits, param, header);

	if (seconds > 0 && seconds < limits->min && seconds < HOUR)
		return false;
	*out = seconds > limits->max ? limits->max : seconds;
	return true;
}
