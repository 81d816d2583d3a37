/* SPDX-License-Identifier: MIT */
/* counts: what happened in the present window. */
#ifndef STORM_COUNTS_H
#define STORM_COUNTS_H

#include "hist.h"

/* What may be wrong with a message: an operation that meets one has failed. */
/* clang-format off */
#define FAULT_MAP(X)                                                               \
	X(syntax,       "it does not read as SIP")                                 \
	X(status,       "a final answer other than 200")                           \
	X(via,          "Vias: an answer has ours alone, a request the server's above ours") \
	X(rport,        "rport of our Via is not filled in with our port")         \
	X(cseq,         "CSeq")                                                    \
	X(call_id,      "Call-ID")                                                 \
	X(from,         "From tag")                                                \
	X(to,           "To tag")                                                  \
	X(uri,          "Request-URI")                                             \
	X(max_forwards, "Max-Forwards is not one less")                            \
	X(record_route, "Record-Route is missing, or Route was left")              \
	X(contact,      "Contact")                                                 \
	X(body,         "the body changed")
/* clang-format on */
enum fault {
	FAULT_NONE,
#define X(name, text) FAULT_##name,
	FAULT_MAP(X)
#undef X
	FAULTS,
};
const char *fault_name(enum fault f); /* "max_forwards" */
const char *fault_text(enum fault f);

struct counts {
	uint64_t started, done;
	uint64_t timeouts, wrong, no_slot; /* the three ways to fail */
	uint64_t fault[FAULTS];            /* of `wrong`, by reason */
	uint64_t repeats_sent, repeats_received;
	uint64_t late;                     /* of an operation that is over */
	uint64_t stray;                    /* of none of ours */
	uint64_t sent, received, send_errors, closed;
	uint64_t acks, byes, cancels;      /* that reached the called side */
	struct hist answer;                /* from the scheduled start to the final answer */
	struct hist forward;               /* from our request to its arrival at the called side */
	struct hist bye;
	uint32_t status[700];              /* final answers other than 200 */
};
extern struct counts counts;

#endif
