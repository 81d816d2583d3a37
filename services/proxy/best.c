/* SPDX-License-Identifier: MIT */
/* best: the order of preference among failures, as one table read from the top. */
#include "best.h"

#include <stdint.h>

/* The first row that holds the status gives its rank. */
static const struct {
	uint16_t low, high;
	uint8_t rank;
} preference[] = {
	{ 600, 699, 0 },  /* the callee speaks for all his devices: MUST be chosen */
	{ 300, 399, 1 },  /* then the lowest class */
	{ 401, 401, 2 },  /* 4xx the caller can cure by trying again: SHOULD be preferred */
	{ 407, 407, 2 },
	{ 484, 484, 3 },
	{ 415, 415, 3 },
	{ 420, 420, 3 },
	{ 430, 430, 8 },  /* only a flow of ours is gone, RFC 5626 */
	{ 408, 408, 9 },  /* says nothing about the callee */
	{ 487, 487, 7 },  /* says only that we cancelled */
	{ 482, 482, 6 },  /* says only that we met ourselves, RFC 5393 */
	{ 400, 499, 5 },
	{ 503, 503, 11 }, /* SHOULD NOT be passed on: worth less than any other 5xx */
	{ 500, 599, 10 },
};

int proxy_best_rank(int status)
{
	for (unsigned i = 0; i < sizeof(preference) / sizeof(preference[0]); i++)
		if (status >= preference[i].low && status <= preference[i].high)
			return preference[i].rank;
	return UINT8_MAX;
}
