/* SPDX-License-Identifier: MIT */
/* err: one table of failures. 0 is success, every failure is negative. */
#ifndef RT_ERR_H
#define RT_ERR_H

/* clang-format off */
#define RT_ERR_MAP(X)                                                   \
	X(MORE,    -1, "the input ends before the message does")        \
	X(BAD,     -2, "the input breaks the grammar")                  \
	X(BIG,     -3, "a limit in limits.h was reached")               \
	X(NOMEM,   -4, "memory, slots or queue space ran out")          \
	X(ABSENT,  -5, "no such thing")                                 \
	X(STALE,   -6, "a newer write won")                             \
	X(DOWN,    -7, "the peer or the store is unreachable")          \
	X(CONFIG,  -8, "the configuration does not make sense")         \
	X(TIMEOUT, -9, "no answer in time")                             \
	X(DENIED, -10, "not allowed")
/* clang-format on */

enum rt_err {
#define X(name, n, text) RT_##name = n,
	RT_ERR_MAP(X)
#undef X
	RT_OK = 0,
};

const char *rt_err_name(int err); /* "BAD" */
const char *rt_err_text(int err); /* the sentence above */

#define RT_MUSTUSE __attribute__((warn_unused_result))

#endif
