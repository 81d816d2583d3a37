/* SPDX-License-Identifier: MIT */
/* phone_tls: a transport that speaks TLS wants a certificate of its own; a phone of a moment makes one in memory. */
#include "phone.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/mman.h>

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *const x = X509_new();
	X509_NAME *name;

	if (!x)
		return NULL;
	name = X509_get_subject_name(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"peal", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	if (X509_sign(x, key, EVP_sha256()))
		return x;
	X509_free(x);
	return NULL;
}

/* A file without a name, open until the end of the program. */
static FILE *nameless(const char *what, char path[32])
{
	const int fd = memfd_create(what, 0);

	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

int phone_tls_pair(char certificate[32], char key[32])
{
	EVP_PKEY *const pair = EVP_EC_gen("P-256");
	X509 *const x = pair ? self_signed(pair) : NULL;
	FILE *const c = x ? nameless("certificate", certificate) : NULL, *const k = c ? nameless("key", key) : NULL;
	const bool written = k && PEM_write_X509(c, x) && PEM_write_PrivateKey(k, pair, NULL, NULL, 0, NULL, NULL) && !fflush(c) && !fflush(k);

	X509_free(x);
	EVP_PKEY_free(pair);
	return written ? 0 : RT_NOMEM; /* the two stay open: their descriptors are their names */
}
