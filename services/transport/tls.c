/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "certs.h"
#include "peername.h"
#include "sessions.h"

struct tls { /* of one actor */
	struct certs *certs;
	struct sessions *sessions;
};

struct tls_link { /* of one connection */
	SSL *ssl;
	bool wants_out, bye;
};

static bool speaks_tls(const struct edge *edge)
{
	const struct svc_words *listen = &svc_config(edge->svc)->transport_listen;

	for (uint32_t i = 0; i < listen->n; i++)
		if (slice_starts_nocase(listen->word[i], SLICE("tls")) || slice_starts_nocase(listen->word[i], SLICE("wss")))
			return true;
	return false;
}

/* A server we connected to gave us a session. Returns 1: it is ours now. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	const struct conn *conn = SSL_get_app_data(ssl);

	sessions_put(conn->edge->tls->sessions, &conn->remote, slice_str(conn->name), session);
	return 1;
}

static void remember_sessions(struct tls *tls, SSL_CTX *client)
{
	sessions_clear(tls->sessions);
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, keep_session);
}

int tls_load(struct edge *edge)
{
	const struct svc_config *config = svc_config(edge->svc);
	char error[512];
	struct certs *fresh;

	if (!speaks_tls(edge))
		return 0;
	if (!edge->tls)
		edge->tls = calloc(1, sizeof(*edge->tls));
	if (edge->tls && !edge->tls->sessions)
		edge->tls->sessions = sessions_new();
	if (!edge->tls || !edge->tls->sessions)
		return RT_NOMEM;
	if (config->transport_certificate.n == 0) {
		rt_log(RT_LOG_E, "tls.config", 0, "error=\"transport.listen has tls or wss addresses but transport.certificate is empty\" "
		       "hint=\"set transport.certificate and transport.key to PEM files\"");
		return RT_CONFIG;
	}
	fresh = certs_load(config, svc_secret(edge->svc, "tickets"), &edge->tls->certs, error);
	if (!fresh) {
		rt_log(RT_LOG_E, "tls.config", 0, "error=\"%s\"%s", error, edge->tls->certs ? " kept=\"the certificates in use\"" : "");
		return RT_CONFIG;
	}
	certs_free(&edge->tls->certs);
	edge->tls->certs = fresh;
	remember_sessions(edge->tls, fresh->client);
	rt_log(RT_LOG_I, "tls.loaded", 0, "certificates=%u", fresh->nserver);
	return 0;
}

void tls_unload(struct edge *edge)
{
	if (edge->tls) {
		certs_free(&edge->tls->certs);
		sessions_destroy(&edge->tls->sessions);
	}
	free(edge->tls);
	edge->tls = 0;
	OPENSSL_thread_stop(); /* what OpenSSL keeps for this thread; it would be lost with a loop that ends before the process */
}

/* ---- One connection ---- */

static void prepare_client(SSL *ssl, struct conn *conn)
{
	SSL_SESSION *session = sessions_get(conn->edge->tls->sessions, &conn->remote, slice_str(conn->name));
	struct sip_hop ip;

	SSL_set_connect_state(ssl);
	SSL_set_app_data(ssl, conn);
	if (session)
		(void)SSL_set_session(ssl, session);
	if (conn->name && *conn->name && sip_hop_ip(&ip, slice_str(conn->name), SIP_TLS, 0) < 0)
		SSL_set_tlsext_host_name(ssl, conn->name);
}

/* A browser is asked for a certificate only when none would do without. */
static void prepare_server(SSL *ssl, const struct conn *conn, int ask)
{
	SSL_set_accept_state(ssl);
	if (conn->remote.proto == SIP_TLS || (ask & SSL_VERIFY_FAIL_IF_NO_PEER_CERT))
		SSL_set_verify(ssl, ask, 0);
}

int tls_begin(struct conn *conn)
{
	const struct certs *certs = conn->edge->tls ? conn->edge->tls->certs : 0;
	struct tls_link *link;
	SSL *ssl;

	if (!certs)
		return RT_CONFIG;
	link = calloc(1, sizeof(*link));
	ssl = SSL_new(conn->outgoing ? certs->client : certs->server[0]);
	if (!link || !ssl || SSL_set_fd(ssl, conn->fd) != 1) {
		SSL_free(ssl);
		free(link);
		return RT_NOMEM;
	}
	if (conn->outgoing)
		prepare_client(ssl, conn);
	else
		prepare_server(ssl, conn, certs->ask);
	link->ssl = ssl;
	conn->tls = link;
	return 0;
}

/* What came of an OpenSSL call that did not succeed. */
static ssize_t outcome(struct tls_link *link, int rc)
{
	switch (SSL_get_error(link->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		link->wants_out = false;
		return RT_MORE;
	case SSL_ERROR_WANT_WRITE:
		link->wants_out = true;
		return RT_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		link->bye = true; /* after an error nothing more may be said */
		return RT_DOWN;
	}
}

static const char *why_failed(const SSL *ssl)
{
	const unsigned long code = ERR_peek_last_error();
	const long verdict = SSL_get_verify_result(ssl);
	const char *reason = code ? ERR_reason_error_string(code) : 0;

	if (verdict != X509_V_OK)
		return X509_verify_cert_error_string(verdict);
	if (reason)
		return reason;
	return errno ? strerror(errno) : "the peer closed the connection";
}

static void refused(const struct conn *conn, const char *reason)
{
	rt_log(RT_LOG_W, "tls.refused", 0, "peer=%s way=%s name=%s reason=\"%s\"", edge_text(&conn->remote).s,
	       conn->outgoing ? "out" : "in", conn->name && *conn->name ? conn->name : "-", reason);
}

int tls_step(struct conn *conn)
{
	struct tls_link *link = conn->tls;
	int rc;
	ssize_t what;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(link->ssl);
	what = rc == 1 ? 0 : outcome(link, rc);
	if (what == RT_MORE)
		return RT_MORE;
	if (rc != 1) {
		refused(conn, why_failed(link->ssl));
		ERR_clear_error();
		return RT_DENIED;
	}
	link->wants_out = false;
	if (conn->outgoing && conn->edge->tls->certs->verify && !tls_named(conn, slice_str(conn->name))) {
		refused(conn, "the certificate is another domain's (RFC 5922 7.3)");
		return RT_DENIED;
	}
	return 0;
}

ssize_t tls_read(struct conn *conn, char *p, uint32_t n)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(conn->tls->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	return rc > 0 ? rc : outcome(conn->tls, rc);
}

ssize_t tls_write(struct conn *conn, const char *p, uint32_t n)
{
	ssize_t what;
	int rc;

	ERR_clear_error();
	rc = SSL_write(conn->tls->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (rc > 0)
		return rc;
	what = outcome(conn->tls, rc);
	return what == RT_MORE ? RT_MORE : RT_DOWN;
}

bool tls_pending(const struct conn *conn)
{
	return SSL_pending(conn->tls->ssl) > 0;
}

bool tls_wants_out(const struct conn *conn)
{
	return conn->tls->wants_out;
}

void tls_bye(struct conn *conn)
{
	if (conn->tls->bye || !SSL_is_init_finished(conn->tls->ssl))
		return;
	conn->tls->bye = true;
	ERR_clear_error();
	(void)SSL_shutdown(conn->tls->ssl);
}

void tls_end(struct conn *conn)
{
	tls_bye(conn);
	SSL_free(conn->tls->ssl);
	free(conn->tls);
	conn->tls = 0;
	ERR_clear_error();
}

bool tls_named(const struct conn *conn, struct slice name)
{
	X509 *certificate = conn->tls ? SSL_get0_peer_certificate(conn->tls->ssl) : 0;

	return certificate && SSL_get_verify_result(conn->tls->ssl) == X509_V_OK && peername_is(certificate, name);
}
