/* SPDX-License-Identifier: MIT */
/* certs: TLS contexts made of files: one for each certificate we show, chosen by SNI, and one for connections we open. */
#ifndef CERTS_H
#define CERTS_H

#include <openssl/ssl.h>

#include "rt/hash.h"
#include "svc/config.h"

struct certs {
	SSL_CTX *server[SVC_WORDS_MAX]; /* the first is the default */
	uint32_t nserver;
	SSL_CTX *client;
	int ask;                        /* SSL_VERIFY_ flags towards phones and peers that connect over tls */
	bool verify;                    /* servers we connect to must prove their name */
};

/*
 * Load everything that transport.certificate, key, ca, client_certificate and verify say.
 *   tickets  sessions are resumed on any worker that has the same key
 *   current  where the set in use stands: SNI chooses from it, also for connections that began with an older one
 *   error    on failure: the file, what is wrong with it
 * returns a new set, or NULL
 */
struct certs *certs_load(const struct svc_config *config, struct rt_key tickets, struct certs *const *current, char error[512]);
void certs_free(struct certs **self_p); /* connections that use a context keep it alive */

#endif
