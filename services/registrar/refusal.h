/* SPDX-License-Identifier: MIT */
/* refusal: why a REGISTER fails, as the response will say it. */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "rt/slice.h"
#include "sip/names.h"

struct reg_refusal {
	int status;          /* 400..599; a registrar never sends a 6xx (10.3) */
	struct slice reason; /* absent: the standard phrase */
	enum sip_hdr header; /* one header to add, OTHER for none */
	struct slice value;
};

#endif
