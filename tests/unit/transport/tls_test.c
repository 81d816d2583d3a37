/* SPDX-License-Identifier: MIT */
/* The actor on TLS: certificates made here, real handshakes on loopback. RFC 3261 26.3, RFC 5922, RFC 5923 */
#include "shell.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "peername.h"

static const char *const listen_words[] = { "tls:127.0.0.1:0", "wss:127.0.0.1:0" };
static char folder[64];
static struct svc *svc;

/* ---- Certificates ---- */

static X509 *authority;
static EVP_PKEY *authority_key;

static void add_names(X509 *x, const char *names)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, authority ? authority : x, x, 0, 0, 0);
	e = X509V3_EXT_conf_nid(0, &context, NID_subject_alt_name, names);
	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static X509 *certificate(const char *common, const char *names, EVP_PKEY **key, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial = 1;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	*key = EVP_EC_gen("P-256");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(x, *key);
	if (names)
		add_names(x, names);
	if (!issuer) {
		X509_EXTENSION *ca = X509V3_EXT_conf_nid(0, 0, NID_basic_constraints, "critical,CA:TRUE");

		X509_add_ext(x, ca, -1);
		X509_EXTENSION_free(ca);
	}
	assert_true(X509_sign(x, issuer_key ? issuer_key : *key, EVP_sha256()) > 0);
	return x;
}

static const char *in_folder(const char *name)
{
	static char path[8][128];
	static int turn;
	char *p = path[turn++ % 8];

	snprintf(p, 128, "%s/%s", folder, name);
	return p;
}

static void save(const char *name, X509 *x, EVP_PKEY *key)
{
	char file[64];
	FILE *f;

	snprintf(file, sizeof(file), "%s.pem", name);
	f = fopen(in_folder(file), "w");
	PEM_write_X509(f, x);
	fclose(f);
	snprintf(file, sizeof(file), "%s.key", name);
	f = fopen(in_folder(file), "w");
	PEM_write_PrivateKey(f, key, 0, 0, 0, 0, 0);
	fclose(f);
}

static void make(const char *name, const char *common, const char *names)
{
	EVP_PKEY *key;
	X509 *x = certificate(common, names, &key, authority, authority_key);

	save(name, x, key);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int make_all(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(folder, "/tmp/peal-tls-XXXXXX");
	assert_non_null(mkdtemp(folder));
	authority = certificate("test authority", 0, &authority_key, 0, 0);
	save("ca", authority, authority_key);
	make("example", "example.com", "DNS:example.com,URI:sip:example.com,IP:127.0.0.1");
	make("other", "other.example.net", "DNS:other.example.net");
	make("peer", "peer.example.org", "DNS:peer.example.org");
	return 0;
}

static int remove_all(void **state)
{
	static const char *const names[] = { "ca", "example", "other", "peer" };
	char file[64];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s.pem", names[i]);
		unlink(in_folder(file));
		snprintf(file, sizeof(file), "%s.key", names[i]);
		unlink(in_folder(file));
	}
	X509_free(authority);
	EVP_PKEY_free(authority_key);
	return rmdir(folder);
}

static void fill(struct svc_config *c)
{
	c->transport_certificate = (struct svc_words){ .n = 2, .word = { slice_str(in_folder("example.pem")), slice_str(in_folder("other.pem")) } };
	c->transport_key = (struct svc_words){ .n = 2, .word = { slice_str(in_folder("example.key")), slice_str(in_folder("other.key")) } };
	c->transport_ca = slice_str(in_folder("ca.pem"));
	c->transport_client_certificate = SLICE("optional");
}

static int open_actor(void **state)
{
	(void)state;
	svc = shell_open_with(&transport_actor, listen_words, 2, fill);
	return 0;
}

static int close_actor(void **state)
{
	(void)state;
	shell_close(&svc);
	return 0;
}

/* ---- A peer ---- */

struct peer {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
};

static bool share_tickets; /* peers take the tickets of one another */

static SSL_CTX *context_of(const char *name, bool server)
{
	SSL_CTX *c = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	static unsigned char tickets[80];
	char file[64];

	assert_int_equal(SSL_CTX_load_verify_file(c, in_folder("ca.pem")), 1);
	if (server) {
		if (share_tickets)
			SSL_CTX_set_tlsext_ticket_keys(c, tickets, sizeof(tickets));
		SSL_CTX_set_session_id_context(c, (const unsigned char *)"test", 4);
	}
	if (name) {
		snprintf(file, sizeof(file), "%s.pem", name);
		assert_int_equal(SSL_CTX_use_certificate_chain_file(c, in_folder(file)), 1);
		snprintf(file, sizeof(file), "%s.key", name);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(c, in_folder(file), SSL_FILETYPE_PEM), 1);
	}
	return c;
}

/* Turn the actor until the peer's handshake is over: true when it succeeded. */
static bool shake(struct peer *p)
{
	for (int i = 0; i < 200; i++) {
		const int rc = SSL_do_handshake(p->ssl);

		if (rc == 1)
			return true;
		if (SSL_get_error(p->ssl, rc) != SSL_ERROR_WANT_READ)
			return false;
		shell_turn(svc, 5);
	}
	return false;
}

static struct peer wrap(int fd, const char *name, bool server)
{
	struct peer p = { .fd = fd, .context = context_of(name, server) };

	fcntl(fd, F_SETFL, O_NONBLOCK);
	p.ssl = SSL_new(p.context);
	SSL_set_fd(p.ssl, fd);
	if (server)
		SSL_set_accept_state(p.ssl);
	else
		SSL_set_connect_state(p.ssl);
	return p;
}

static struct peer dial(int listener, const char *name)
{
	struct sockaddr_storage address;
	const socklen_t size = sip_hop_to_sockaddr(&svc->listener[listener].local, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	return wrap(fd, name, false);
}

static void hang_up(struct peer *p)
{
	SSL_shutdown(p->ssl); /* a session whose connection just vanished would not be resumed */
	SSL_free(p->ssl);
	SSL_CTX_free(p->context);
	close(p->fd);
}

static void say(struct peer *p, const char *text)
{
	assert_int_equal(SSL_write(p->ssl, text, (int)strlen(text)), (int)strlen(text));
}

static const char *hear(struct peer *p)
{
	static char text[70000];
	int n = 0, got;

	for (int i = 0; i < 3; i++) {
		shell_quiet(svc);
		while ((got = SSL_read(p->ssl, text + n, (int)sizeof(text) - 1 - n)) > 0)
			n += got;
	}
	text[n] = 0;
	return n == 0 && SSL_get_error(p->ssl, got) != SSL_ERROR_WANT_READ ? "EOF" : text;
}

static const char *request(const char *via, size_t pad)
{
	static char text[70000];

	snprintf(text, sizeof(text), "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		 "To: <sip:bob@example.com>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: %zu\r\n\r\n%0*d", via, pad, (int)pad, 0);
	return text;
}

static struct sip_hop hop(uint16_t port, enum sip_transport proto)
{
	struct sip_hop h;

	assert_int_equal(sip_hop_ip(&h, SLICE("127.0.0.1"), proto, port), 0);
	return h;
}

/* ---- Tests ---- */

static void messages_both_ways(void **state)
{
	struct peer p = dial(0, 0);
	struct wire_head head;
	static const char response[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKa\r\nFrom: <sip:a@example.com>;tag=1\r\n"
				       "To: <sip:bob@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	assert_true(shake(&p));
	say(&p, request("SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKa", 1));
	say(&p, request("SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKb", 60000)); /* several records */
	shell_until(svc, 2);
	assert_int_equal(svc->post[0].head.remote.proto, SIP_TLS);
	assert_text(svc->post[1].text, request("SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKb", 60000));
	head = svc->post[0].head;
	head.verb = WIRE_DEPART;
	shell_give(svc, &head, response, true);
	assert_string_equal(hear(&p), response);
	say(&p, "\r\n\r\n");
	assert_string_equal(hear(&p), "\r\n");
	assert_true(SSL_version(p.ssl) >= TLS1_2_VERSION);
	hang_up(&p);
}

static void sni_chooses_the_certificate(void **state)
{
	static const char *const asked[] = { "example.com", "other.example.net", "unknown.example.com", "OTHER.example.net" };
	static const char *const shown[] = { "example.com", "other.example.net", "example.com", "other.example.net" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct peer p = dial(0, 0);

		SSL_set_tlsext_host_name(p.ssl, asked[i]);
		assert_true(shake(&p));
		assert_true(peername_is(SSL_get0_peer_certificate(p.ssl), slice_str(shown[i])));
		hang_up(&p);
	}
}

static void old_versions_and_noise_are_refused(void **state)
{
	struct peer p = dial(0, 0);

	(void)state;
	SSL_set_max_proto_version(p.ssl, TLS1_1_VERSION);
	assert_false(shake(&p));
	hang_up(&p);
	p = dial(0, 0);
	assert_int_equal(send(p.fd, "OPTIONS sip:a SIP/2.0\r\n\r\n", 25, 0), 25);
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 0);
	hang_up(&p);
}

static void a_silent_handshake_ends(void **state)
{
	struct peer p = dial(0, 0);

	(void)state;
	shell_quiet(svc);
	assert_int_equal(shell_count(svc, "connections"), 1);
	shell_wait(svc, 4100);
	shell_turn(svc, 0);
	assert_int_equal(shell_count(svc, "connections"), 0);
	hang_up(&p);
}

static void sessions_are_resumed(void **state)
{
	struct peer p = dial(0, 0);
	SSL_SESSION *session;

	(void)state;
	assert_true(shake(&p));
	say(&p, "\r\n\r\n");
	assert_string_equal(hear(&p), "\r\n"); /* the ticket comes before it */
	session = SSL_get1_session(p.ssl);
	hang_up(&p);
	assert_int_equal(transport_actor.reload(svc->actor), 0); /* other contexts, the same key */
	p = dial(0, 0);
	SSL_set_session(p.ssl, session);
	assert_true(shake(&p));
	assert_true(SSL_session_reused(p.ssl));
	SSL_SESSION_free(session);
	hang_up(&p);
}

static const char forwarded[] = "OPTIONS sips:bob@peer.example.org SIP/2.0\r\nVia: SIP/2.0/UDP pc.example.com;branch=z9hG4bKa\r\nMax-Forwards: 69\r\n"
				"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n"
				"Content-Length: 0\r\n\r\n";

/* Send one request to a listening peer that shows certificate `name`, found by asking for `looked_up`: the peer; its handshake is over. */
static struct peer called(int door, const char *name, const char *looked_up, bool *met)
{
	struct sockaddr_in a;
	socklen_t size = sizeof(a);
	struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003 };
	struct peer p;
	int fd;

	getsockname(door, (struct sockaddr *)&a, &size);
	head.remote = hop(ntohs(a.sin_port), SIP_TLS);
	shell_give_named(svc, &head, forwarded, looked_up);
	fd = accept(door, 0, 0);
	assert_true(fd >= 0);
	p = wrap(fd, name, true);
	SSL_set_verify(p.ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, 0);
	*met = shake(&p);
	shell_quiet(svc);
	return p;
}

static int open_door(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const int door = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(door, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(door, 4), 0);
	return door;
}

static void the_name_looked_up_must_be_proved_rfc5922_7_3(void **state)
{
	const int door = open_door();
	bool met;
	struct peer p = called(door, "peer", "peer.example.org", &met);

	(void)state;
	assert_true(met);
	assert_string_equal(SSL_get_servername(p.ssl, TLSEXT_NAMETYPE_host_name), "peer.example.org");
	assert_memory_equal(hear(&p), "OPTIONS sips:bob@peer.example.org SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:", 70);
	assert_true(peername_is(SSL_get0_peer_certificate(p.ssl), SLICE("example.com"))); /* we show ours */
	assert_int_equal(svc->posts, 0);
	hang_up(&p);
	shell_quiet(svc);

	p = called(door, "other", "peer.example.org", &met);
	shell_quiet(svc);
	assert_string_equal(hear(&p), "EOF");
	assert_int_equal(svc->posts, 1);
	assert_int_equal(svc->post[0].head.verb, WIRE_UNSENT);
	assert_int_equal(svc->post[0].head.reason, RT_DOWN);
	hang_up(&p);
	close(door);
}

static void a_connection_for_one_name_is_not_used_for_another(void **state)
{
	const int door = open_door();
	bool met;
	struct peer p = called(door, "peer", "peer.example.org", &met), q;

	(void)state;
	assert_true(met);
	q = called(door, "other", "other.example.net", &met); /* as by proxy.routes: the message says nothing of it */
	assert_true(met);
	assert_string_equal(SSL_get_servername(q.ssl, TLSEXT_NAMETYPE_host_name), "other.example.net");
	assert_memory_equal(hear(&q), "OPTIONS sips:bob@peer.example.org", 33);
	assert_memory_equal(hear(&p), "OPTIONS sips:bob@peer.example.org", 33);
	assert_string_equal(hear(&p), "");
	hang_up(&p);
	hang_up(&q);
	close(door);
}

static void our_sessions_are_resumed_for_the_same_name_only(void **state)
{
	static const struct {
		const char *certificate, *asked;
		bool resumed;
	} calls[] = {
		{ "peer", "peer.example.org", false },
		{ "peer", "peer.example.org", true },
		{ "other", "other.example.net", false }, /* at the same address */
		{ "peer", "peer.example.org", false },   /* it took the place */
	};
	const int door = open_door();
	bool met;

	(void)state;
	share_tickets = true;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct peer p = called(door, calls[i].certificate, calls[i].asked, &met);

		assert_true(met);
		assert_int_equal(SSL_session_reused(p.ssl), calls[i].resumed);
		assert_memory_equal(hear(&p), "OPTIONS ", 8);
		hang_up(&p);
		shell_quiet(svc);
	}
	share_tickets = false;
	close(door);
}

static void an_alias_needs_the_certificate_rfc5923(void **state)
{
	struct peer p = dial(0, "peer"), q = dial(0, 0);
	const struct wire_head head = { .verb = WIRE_DEPART, .from = 21, .branch = 0x2000003, .remote = hop(5071, SIP_TLS) };

	(void)state;
	assert_true(shake(&p) && shake(&q));
	say(&q, request("SIP/2.0/TLS peer.example.org:5071;branch=z9hG4bKa;alias", 1)); /* no certificate */
	say(&p, request("SIP/2.0/TLS someone.example.org:5071;branch=z9hG4bKa;alias", 1)); /* another's name */
	shell_until(svc, 2);
	shell_give_named(svc, &head, forwarded, "peer.example.org");
	shell_until(svc, 3);
	assert_int_equal(svc->post[2].head.verb, WIRE_UNSENT); /* nobody listens at 5071 */
	say(&p, request("SIP/2.0/TLS peer.example.org:5071;branch=z9hG4bKb;alias", 1));
	shell_until(svc, 4);
	shell_give_named(svc, &head, forwarded, "peer.example.org");
	assert_memory_equal(hear(&p), "OPTIONS sips:bob@peer.example.org", 33);
	hang_up(&p);
	hang_up(&q);
}

static void names_in_certificates_rfc5922_7(void **state)
{
	static const struct {
		const char *common, *names, *asked;
		bool is;
	} cases[] = {
		{ "x", "URI:sip:example.com", "example.com", true },
		{ "x", "URI:sip:EXAMPLE.com", "example.COM", true },
		{ "x", "URI:sip:alice@example.com", "example.com", false },
		{ "x", "URI:sips:example.com", "example.com", false },
		{ "x", "DNS:example.com", "example.com", true },
		{ "x", "DNS:*.example.com", "sip.example.com", false },
		{ "x", "DNS:example.com", "sip.example.com", false },
		{ "example.com", "DNS:example.org", "example.com", false },
		{ "example.com", 0, "example.com", true },
		{ "x", "IP:192.0.2.1", "192.0.2.1", true },
		{ "x", "DNS:192.0.2.1", "192.0.2.1", false },
		{ "x", "IP:2001:db8::1", "2001:db8:0::1", true },
		{ "x", "DNS:example.com", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key;
		X509 *x = certificate(cases[i].common, cases[i].names, &key, authority, authority_key);

		if (peername_is(x, slice_str(cases[i].asked)) != cases[i].is)
			fail_msg("case %zu", i);
		X509_free(x);
		EVP_PKEY_free(key);
	}
}

static void a_bad_file_is_named_and_the_old_ones_stay(void **state)
{
	struct svc_config c = svc->config;
	struct certs *certs = 0, *none;
	const struct rt_key key = { 1, 2 };
	char error[512];
	struct peer p;

	(void)state;
	c.transport_certificate.word[1] = SLICE("/nonexistent/x.pem");
	none = certs_load(&c, key, &certs, error);
	assert_null(none);
	assert_non_null(strstr(error, "transport.certificate: /nonexistent/x.pem"));
	c = svc->config;
	c.transport_key.word[1] = c.transport_key.word[0];
	assert_null(certs_load(&c, key, &certs, error));
	assert_non_null(strstr(error, "transport.key: "));
	c = svc->config;
	c.transport_key.n = 1;
	assert_null(certs_load(&c, key, &certs, error));
	assert_non_null(strstr(error, "1 keys for 2 certificates"));
	c = svc->config;
	c.transport_client_certificate = SLICE("maybe");
	assert_null(certs_load(&c, key, &certs, error));
	assert_non_null(strstr(error, "off, optional or required"));

	svc->config.transport_ca = SLICE("/nonexistent/ca.pem");
	assert_int_equal(transport_actor.reload(svc->actor), RT_CONFIG);
	p = dial(0, 0);
	assert_true(shake(&p));
	hang_up(&p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_actor, close_actor)
	const struct CMUnitTest tests[] = {
		T(messages_both_ways),
		T(sni_chooses_the_certificate),
		T(old_versions_and_noise_are_refused),
		T(a_silent_handshake_ends),
		T(sessions_are_resumed),
		T(the_name_looked_up_must_be_proved_rfc5922_7_3),
		T(a_connection_for_one_name_is_not_used_for_another),
		T(our_sessions_are_resumed_for_the_same_name_only),
		T(an_alias_needs_the_certificate_rfc5923),
		cmocka_unit_test(names_in_certificates_rfc5922_7),
		T(a_bad_file_is_named_and_the_old_ones_stay),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
