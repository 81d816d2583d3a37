/* SPDX-License-Identifier: MIT */
/* hasher: one OpenSSL context, used for several short hashes in a row. */
#ifndef HASHER_H
#define HASHER_H

#include <openssl/evp.h>
#include "auth/digest.h"

enum { HASHER_HEX = 65 }; /* 64 digits of SHA-256 and a NUL */

struct hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
	bool failed; /* sticky: memory ran out */
};

struct hasher hasher_open(enum auth_algorithm a);
void hasher_close(struct hasher *h);
void hasher_begin(struct hasher *h);
void hasher_put(struct hasher *h, struct slice s);
void hasher_end(struct hasher *h, char out[HASHER_HEX]); /* lower-case hex, "" when it failed */

#endif
