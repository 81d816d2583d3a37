/* SPDX-License-Identifier: MIT */
/* err: names and sentences of the failures. */
#include "rt/err.h"

const char *rt_err_name(int err)
{
	switch (err) {
#define X(name, n, text)                                                                           \
	case n:                                                                                    \
		return #name;
		RT_ERR_MAP(X)
#undef X
	case RT_OK:
		return "OK";
	}
	return "UNKNOWN";
}

const char *rt_err_text(int err)
{
	switch (err) {
#define X(name, n, text)                                                                           \
	case n:                                                                                    \
		return text;
		RT_ERR_MAP(X)
#undef X
	case RT_OK:
		return "success";
	}
	return "an error without a name";
}
