/* SPDX-License-Identifier: MIT */
/* write: every message storm sends. */
#ifndef STORM_WRITE_H
#define STORM_WRITE_H

#include "message.h"
#include "op.h"

/* Requests of the calling side; built anew to be sent again. */
void write_first(struct op *op);                          /* REGISTER, OPTIONS, INVITE or MESSAGE */
void write_ack(struct op *op);                            /* for a 2xx, through the dialog */
void write_bye(struct op *op);
void write_ack_failure(struct op *op, const struct message *m); /* hop by hop, RFC 3261 17.1.1.3 */

/* Answers of the called side. contact: present in what makes a dialog, absent elsewhere. */
struct answer {
	const char *status; /* "180 Ringing" */
	struct slice tag, contact;
	bool body;
};
uint32_t write_answer(char *room, const struct message *request, const struct answer *a);

/* Texts that both writing and checking need. */
void put_call_id(struct rt_cursor *c, const struct op *op);
void put_contact_uri(struct rt_cursor *c, uint32_t aor, int contact);
struct slice write_sdp(void);

#endif
