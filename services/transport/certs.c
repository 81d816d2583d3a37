/* SPDX-License-Identifier: MIT */
#include "certs.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "peername.h"
#include "rt/log.h"

enum { WARN_DAYS = 14 };

struct maker { /* what is being made, and where to say what went wrong */
	const struct svc_config *config;
	struct certs *certs;
	struct certs *const *current;
	char *error;
};

/* The first error is the cause, those after it say whom it hurt. */
static const char *first_error(void)
{
	const unsigned long code = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : code ? ERR_reason_error_string(code) : 0;

	return text ? text : "unknown error";
}

static int fail(const struct maker *m, const char *key, struct slice file, const char *hint)
{
	snprintf(m->error, 512, "transport.%s: " SLICE_FMT ": %s%s%s", key, SLICE_ARG(file), first_error(), *hint ? "; " : "", hint);
	ERR_clear_error();
	return RT_CONFIG;
}

/* A key behind a password is refused, not asked about at a terminal: nobody may be there, and everything waits. */
static int no_password(char *out, int size, int writing, void *arg)
{
	(void)out, (void)size, (void)writing, (void)arg;
	return 0;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
	SSL_CTX *c = SSL_CTX_new(method);

	if (!c)
		return 0;
	SSL_CTX_set_default_passwd_cb(c, no_password);
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return c;
}

static int use_pair(const struct maker *m, SSL_CTX *c, struct slice certificate, struct slice key)
{
	char path[1024];

	if (!slice_cstr(certificate, path, sizeof(path)) || SSL_CTX_use_certificate_chain_file(c, path) != 1)
		return fail(m, "certificate", certificate, "a PEM file is wanted, the server's certificate first");
	if (!slice_cstr(key, path, sizeof(path)) || SSL_CTX_use_PrivateKey_file(c, path, SSL_FILETYPE_PEM) != 1)
		return fail(m, "key", key, "a PEM key without a password is wanted, the one of the certificate at the same place");
	if (SSL_CTX_check_private_key(c) != 1)
		return fail(m, "key", key, "it does not belong to the certificate at the same place");
	return 0;
}

static int use_authorities(const struct maker *m, SSL_CTX *c)
{
	char path[1024];

	if (m->config->transport_ca.n == 0) {
		SSL_CTX_set_default_verify_paths(c);
		return 0;
	}
	if (!slice_cstr(m->config->transport_ca, path, sizeof(path)) || SSL_CTX_load_verify_file(c, path) != 1)
		return fail(m, "ca", m->config->transport_ca, "a PEM file of certificates is wanted");
	return 0;
}

/* SNI: the first certificate that speaks for the name, wildcards included as browsers expect them; else the default. */
static int choose(SSL *ssl, int *alert, void *arg)
{
	struct certs *const *current = arg;
	const struct certs *certs = *current;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (uint32_t i = 0; name && certs && i < certs->nserver; i++) {
		X509 *x = SSL_CTX_get0_certificate(certs->server[i]);

		if (x && (peername_is(x, slice_str(name)) || X509_check_host(x, name, 0, 0, 0) == 1)) {
			SSL_set_SSL_CTX(ssl, certs->server[i]);
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

/* Every worker derives the same ticket key, so a session is resumed wherever the client lands. */
static void use_tickets(SSL_CTX *c, struct rt_key key)
{
	uint64_t words[10]; /* name 16, HMAC key 32, AES key 32 */

	for (unsigned i = 0; i < 10; i++)
		words[i] = rt_hash(key, &i, sizeof(i));
	SSL_CTX_set_tlsext_ticket_keys(c, words, sizeof(words));
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF); /* tickets only: nothing kept here */
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"peal", 4);
	SSL_CTX_set_num_tickets(c, 1);
}

/* A certificate that has ended is shown all the same: some phones do not look, and those who do say why. */
static void note_end(const SSL_CTX *c, struct slice file)
{
	const ASN1_TIME *const end = X509_get0_notAfter(SSL_CTX_get0_certificate(c));
	char day[32] = "";
	struct tm tm;
	int days = 0, seconds = 0;

	if (!ASN1_TIME_diff(&days, &seconds, 0, end) || !ASN1_TIME_to_tm(end, &tm) || days >= WARN_DAYS)
		return;
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	rt_log(RT_LOG_W, days < 0 || seconds < 0 ? "tls.expired" : "tls.expires", 0, "file=%s on=%s left=%dd hint=\"phones refuse it then; "
	       "put a new one into its place and reload (peal config apply, SIGHUP)\"", rt_log_safe(file), day, days > 0 ? days : 0);
}

static int add_server(const struct maker *m, struct slice certificate, struct slice key, struct rt_key tickets)
{
	SSL_CTX *c = new_context(TLS_server_method());
	int err;

	if (!c)
		return fail(m, "certificate", certificate, "");
	m->certs->server[m->certs->nserver++] = c;
	err = use_pair(m, c, certificate, key);
	if (err == 0)
		err = use_authorities(m, c);
	if (err < 0)
		return err;
	note_end(c, certificate);
	if (m->certs->ask && m->config->transport_ca.n) {
		char path[1024];

		if (slice_cstr(m->config->transport_ca, path, sizeof(path)))
			SSL_CTX_set_client_CA_list(c, SSL_load_client_CA_file(path));
	}
	SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_tlsext_servername_callback(c, choose);
	SSL_CTX_set_tlsext_servername_arg(c, (void *)(uintptr_t)m->current);
	use_tickets(c, tickets);
	return 0;
}

/* Connections we open show our first certificate, so that the far end can know us (RFC 5922 7.4). */
static int add_client(const struct maker *m)
{
	const struct svc_config *config = m->config;

	m->certs->client = new_context(TLS_client_method());
	if (!m->certs->client)
		return fail(m, "certificate", SLICE("client"), "");
	SSL_CTX_set_verify(m->certs->client, m->certs->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, 0);
	if (config->transport_certificate.n) {
		const int err = use_pair(m, m->certs->client, config->transport_certificate.word[0], config->transport_key.word[0]);

		if (err < 0)
			return err;
	}
	return use_authorities(m, m->certs->client);
}

static int read_ask(const struct maker *m)
{
	const struct slice word = m->config->transport_client_certificate;

	if (slice_eq_nocase(word, SLICE("off")))
		m->certs->ask = SSL_VERIFY_NONE;
	else if (slice_eq_nocase(word, SLICE("optional")))
		m->certs->ask = SSL_VERIFY_PEER;
	else if (slice_eq_nocase(word, SLICE("required")))
		m->certs->ask = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else {
		snprintf(m->error, 512, "transport.client_certificate: \"" SLICE_FMT "\" is not off, optional or required", SLICE_ARG(word));
		return RT_CONFIG;
	}
	return 0;
}

static int load(const struct maker *m, struct rt_key tickets)
{
	const struct svc_config *config = m->config;
	int err = read_ask(m);

	if (err == 0 && config->transport_certificate.n != config->transport_key.n) {
		snprintf(m->error, 512, "transport.key: %u keys for %u certificates; one for each is wanted, in the same order",
			 config->transport_key.n, config->transport_certificate.n);
		return RT_CONFIG;
	}
	for (uint32_t i = 0; i < config->transport_certificate.n && err == 0; i++)
		err = add_server(m, config->transport_certificate.word[i], config->transport_key.word[i], tickets);
	return err < 0 ? err : add_client(m);
}

struct certs *certs_load(const struct svc_config *config, struct rt_key tickets, struct certs *const *current,
			 char error[512])
{
	struct certs *self = calloc(1, sizeof(*self));
	const struct maker m = { config, self, current, error };

	if (!self) {
		snprintf(error, 512, "out of memory");
		return 0;
	}
	self->verify = config->transport_verify;
	ERR_clear_error();
	if (load(&m, tickets) < 0)
		certs_free(&self);
	return self;
}

void certs_free(struct certs **self_p)
{
	struct certs *self = *self_p;

	for (uint32_t i = 0; self && i < self->nserver; i++)
		SSL_CTX_free(self->server[i]);
	if (self)
		SSL_CTX_free(self->client);
	free(self);
	*self_p = 0;
}
