/* SPDX-License-Identifier: MIT */
/* config_test: the file, the environment, the defaults, and what a person is told about a mistake. */
#include <unistd.h>

#include "kit/file.h"
#include "kit/test.h"
#include "svc/config.h"

static char path[] = "/tmp/peal-config-XXXXXX";
static char error[512];
static char *const nothing[] = { 0 };

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static struct svc_config *load(const char *text, char *const environment[])
{
	struct svc_config *c = 0;

	write_file(text);
	if (svc_config_load(&c, path, environment, error))
		fail_msg("refused: %s", error);
	assert_string_equal(error, "");
	return c;
}

/* The configuration is refused, and every one of the words (up to NULL) stands in what the person reads. */
static void refuse(const char *text, char *const environment[], const char *const words[])
{
	struct svc_config *c = 0;

	write_file(text);
	if (svc_config_load(&c, path, environment, error) != RT_CONFIG)
		fail_msg("taken: %s", text);
	assert_null(c);
	for (; *words; words++)
		if (!strstr(error, *words))
			fail_msg("'%s' is not in: %s", *words, error);
}
#define REFUSE(text, ...) refuse(text, nothing, (const char *const[]){ __VA_ARGS__, 0 })

static void without_a_file_the_defaults_stand(void **state)
{
	struct svc_config *c = 0;

	(void)state;
	assert_int_equal(svc_config_load(&c, 0, nothing, error), 0);
	assert_int_equal(c->transaction_t1, 500);
	assert_int_equal(c->transport_listen.n, 2);
	assert_text(c->transport_listen.word[1], "tcp:0.0.0.0:5060");
	assert_text(c->redis_url, "redis://127.0.0.1:6379/0");
	assert_int_equal(c->server_domains.n, 0);
	assert_int_equal(c->ndomain, 0);
	assert_true(c->proxy_record_route);
	assert_int_equal(c->proxy_relay, SVC_RELAY_USERS);
	assert_true(c->server.auth);
	assert_true(c->server.auth_calls);
	assert_int_equal(c->server.users, SVC_USERS_KNOWN);
	assert_int_equal(c->server.max_contacts, 10);
	svc_config_destroy(&c);
	assert_null(c);
}

static void a_file_with_domains(void **state)
{
	struct svc_config *c = load("# ours\n"
				    "server\n"
				    "    domains = \"Example.COM, example.net\"   # two\n"
				    "    fork = serial\n"
				    "    auth = off\n"
				    "transaction\n"
				    "    t1 = 100\n"
				    "domain\n"
				    "    example.net\n"
				    "        mode = redirect\n"
				    "        auth = on\n"
				    "        max_contacts = 3\n",
				    nothing);
	const struct svc_domain *com = svc_config_domain(c, SLICE("EXAMPLE.com")), *net = svc_config_domain(c, SLICE("example.net."));

	(void)state;
	assert_int_equal(c->transaction_t1, 100);
	assert_non_null(com);
	assert_non_null(net);
	assert_null(svc_config_domain(c, SLICE("example.org")));
	assert_null(svc_config_domain(c, SLICE("")));
	assert_text(com->name, "example.com");
	assert_int_equal(com->mode, SVC_PROXY);
	assert_int_equal(net->mode, SVC_REDIRECT);
	assert_int_equal(com->fork, SVC_SERIAL);
	assert_int_equal(net->fork, SVC_SERIAL);
	assert_int_equal(net->max_contacts, 3);
	assert_int_equal(com->max_contacts, 10);
	/* realm, users and auth_calls follow */
	assert_text(com->realm, "example.com");
	assert_false(com->auth_calls);
	assert_int_equal(com->users, SVC_USERS_ANY);
	assert_true(net->auth_calls);
	assert_int_equal(net->users, SVC_USERS_KNOWN);
	svc_config_destroy(&c);
}

static void a_choice_of_the_server_section_does_not_follow(void **state)
{
	struct svc_config *c = load("server\n    domains = a.example\n    auth = off\n    auth_calls = on\n    users = known\n"
				    "    realm = shared\ndomain\n    a.example\n        auth = off\n",
				    nothing);

	(void)state;
	assert_true(c->domain[0].auth_calls);
	assert_int_equal(c->domain[0].users, SVC_USERS_KNOWN);
	assert_text(c->domain[0].realm, "shared");
	svc_config_destroy(&c);
}

static void the_environment_goes_first(void **state)
{
	char *const environment[] = {
		(char[]){ "HOME=/root" },
		(char[]){ "PEAL_CONFIG=elsewhere" },
		(char[]){ "PEAL_PORT=5070" }, /* for deploy/compose.yml */
		(char[]){ "PEAL_TRANSACTION_T1=20" },
		(char[]){ "PEAL_SERVER_DOMAINS=b-1.example a.example" },
		(char[]){ "PEAL_SERVER_MODE=redirect" },
		(char[]){ "PEAL_DOMAIN_B_1_EXAMPLE_MAX_CONTACTS=7" },
		(char[]){ "PEAL_DOMAIN_A_EXAMPLE_MODE=proxy" },
		0,
	};
	struct svc_config *c = load("server\n    domains = a.example\ntransaction\n    t1 = 300\n", environment);

	(void)state;
	assert_int_equal(c->transaction_t1, 20);
	assert_int_equal(c->ndomain, 2);
	assert_int_equal(svc_config_domain(c, SLICE("b-1.example"))->max_contacts, 7);
	assert_int_equal(svc_config_domain(c, SLICE("b-1.example"))->mode, SVC_REDIRECT);
	assert_int_equal(svc_config_domain(c, SLICE("a.example"))->mode, SVC_PROXY);
	svc_config_destroy(&c);
}

static void an_empty_value_means_the_same_as_none(void **state)
{
	struct svc_config *c = load("server\n    domains = a.example\n    auth_calls =\n    users = \"\"\n    names =\n", nothing);

	(void)state;
	assert_true(c->domain[0].auth_calls);
	assert_int_equal(c->server_names.n, 0);
	svc_config_destroy(&c);
}

static void numbers_at_below_and_above_their_bounds(void **state)
{
	struct svc_config *c = load("server\n    threads = 64\ntransaction\n    t1 = 10\n", nothing);

	(void)state;
	assert_int_equal(c->server_threads, 64);
	assert_int_equal(c->transaction_t1, 10);
	svc_config_destroy(&c);
	REFUSE("server\n    threads = 65\n", ":2:", "threads", "1 to 64");
	REFUSE("transaction\n    t1 = 9\n", ":2:", "10 to 10000");
	REFUSE("transaction\n    t1 = -1\n", "'-1'");
	REFUSE("transaction\n    t1 = 5x\n", "'5x'");
	REFUSE("transaction\n    t1 =\n", "must be a number");
	REFUSE("transaction\n    t1 = 99999999999999999999999\n", "must be a number");
}

static void mistakes_are_told_with_their_line_and_what_would_be_right(void **state)
{
	(void)state;
	REFUSE("server\n    domain = a.example\n", path, ":2:", "unknown key 'domain'", "did you mean domains in section server");
	REFUSE("\n\nservre\n    domains = a.example\n", ":3:", "'servre'", "'server'");
	REFUSE("server\n    domains = a\n    domains = b\n", ":3:", "given before", ":2");
	REFUSE("server\n    domains = a\nserver\n    domains = b\n", ":4:", "given before");
	REFUSE("server\n    auth = yes\n", ":2:", "'yes'", "on or off");
	REFUSE("server\n    fork = many\n", ":2:", "parallel, serial or all");
	REFUSE("server\n\tauth = on\n", ":2:", "tab");
	REFUSE("server\n   auth = on\n", ":2:", "four spaces");
	REFUSE("server\n        auth = on\n", ":2:", "indented too far");
	REFUSE("server\n    realm = \"a\n", ":2:", "quote");
	REFUSE("domains = a\n", ":1:", "outside of a section");
	REFUSE("server\n    auth on\n", ":2:", "'on' after 'auth'", "key = value");
	REFUSE("\ndomain a.example\n", ":2:", "'a.example' after 'domain'");
	REFUSE("server\n    realm = \"a\" b\n", ":2:", "'b' after 'realm'");
	REFUSE("[server]\n", ":1:", "'[server]' makes no sense");
	REFUSE("server {\n", ":1:", "'{' after 'server'");
	REFUSE("server\n    auth\n        mode = on\n", ":3:", "too far");
	REFUSE("domain\n    a.example\n        mode = redirect\n", ":3:", "server.domains");
	REFUSE("server\n    domains = a\ndomain\n    a\n        threads = 2\n", ":5:", "unknown key 'threads'");
	REFUSE("server\n    domains = a\ndomain\n    a = b\n", ":4:", "no value");
	REFUSE("server\n    domains = \"a A\"\n", "twice");
	REFUSE("transport\n    timer_c = 5\n", ":2:", "timer_c in section proxy");
}

static void values_that_do_not_fit_each_other(void **state)
{
	(void)state;
	REFUSE("transport\n    listen = udp:example.com:5060\n", "transport.listen", "udp:0.0.0.0:5060");
	REFUSE("transport\n    listen = sctp:0.0.0.0:5060\n", "transport.listen");
	REFUSE("transport\n    listen = tls:0.0.0.0:5061\n", "transport.certificate");
	REFUSE("transport\n    certificate = \"a b\"\n    key = a\n", "2 certificates but 1 keys");
	REFUSE("registrar\n    min_expires = 3600\n    max_expires = 60\n", "more than registrar.max_expires");
	REFUSE("registrar\n    default_expires = 31536000\n", "not between");
	REFUSE("transaction\n    t1 = 5000\n", "more than transaction.t2");
	REFUSE("proxy\n    peers = 192.0.2.0/33\n", "proxy.peers");
	REFUSE("proxy\n    routes = nowhere\n", "proxy.routes");
	REFUSE("proxy\n    dns_servers = name.example\n", "proxy.dns_servers");
	REFUSE("redis\n    url = localhost:6379\n", "redis.url", "redis://");
	REFUSE("log\n    level = loud\n", "log.level", "warning");
	REFUSE("agent\n    services = \"echo sing\"\n", "agent.services", "'sing'", "echo, ring and busy");
	REFUSE("server\n    bus = 192.0.2.1\n", "server.bus", "tcp://");
	REFUSE("server\n    bus = tcp://0.0.0.0:7000\n", "server.bus", "other hosts reach");
	REFUSE("server\n    bus = tcp://*\n", "server.bus");
	REFUSE("server\n    health = here\n", "server.health");
	REFUSE("server\n    state = \"\"\n", "server.state");
	REFUSE("transport\n    client_certificate = maybe\n", "client_certificate");
}

static void addresses_that_do_read(void **state)
{
	struct svc_config *c = load("server\n    bus = tcp://192.0.2.1:7000\n    health = \"[::1]:8080\"\n"
				    "proxy\n    peers = \"192.0.2.0/24 2001:db8::/32 198.51.100.7\"\n    dns_servers = \"192.0.2.53 [2001:db8::35]:5353\"\n"
				    "    routes = \"*=sip:gw.example.com;transport=tcp\"\n"
				    "transport\n    listen = \"udp:[::]:5060 tls:0.0.0.0\"\n    certificate = a\n    key = b\n",
				    nothing);

	(void)state;
	assert_int_equal(c->proxy_peers.n, 3);
	svc_config_destroy(&c);
}

static void a_wrong_environment_is_a_mistake_too(void **state)
{
	char *const unknown[] = { (char[]){ "PEAL_SERVER_DOMAIN=a" }, 0 };
	char *const section[] = { (char[]){ "PEAL_SERVRE_DOMAINS=a" }, 0 };
	char *const value[] = { (char[]){ "PEAL_SERVER_AUTH=maybe" }, 0 };
	char *const domain[] = { (char[]){ "PEAL_DOMAIN_NOWHERE_EXAMPLE_MODE=proxy" }, 0 };

	(void)state;
	refuse("", unknown, (const char *const[]){ "PEAL_SERVER_DOMAIN", "domains", 0 });
	refuse("", section, (const char *const[]){ "PEAL_SERVRE_DOMAINS", "server", 0 });
	refuse("", value, (const char *const[]){ "PEAL_SERVER_AUTH", "on or off", 0 });
	refuse("", domain, (const char *const[]){ "PEAL_DOMAIN_NOWHERE_EXAMPLE_MODE", "server.domains", 0 });
}

static void too_much_is_refused(void **state)
{
	char text[8192] = "server\n    domains = \"";

	(void)state;
	for (int i = 0; i <= SVC_WORDS_MAX; i++)
		sprintf(text + strlen(text), "d%d.example ", i);
	strcat(text, "\"\n");
	REFUSE(text, ":2:", "more than 64");
}

static void a_file_that_is_not_there(void **state)
{
	struct svc_config *c = 0;

	(void)state;
	assert_int_equal(svc_config_load(&c, "/no/such/file.conf", nothing, error), RT_CONFIG);
	assert_non_null(strstr(error, "/no/such/file.conf"));
	assert_non_null(strstr(error, "--config"));
}

static void append(const char *line, void *arg)
{
	char *text = arg;

	strcat(text, line);
	strcat(text, "\n");
}

/* "#    key = value" becomes "    key = value"; the example of a domain at the end stays as it is. */
static void uncomment(char *text)
{
	for (char *at = text; (at = strstr(at, "\n#    ")) && strstr(at, "\ndomain\n"); at++)
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
}

static void the_printed_file_is_the_one_in_deploy_and_says_the_defaults(void **state)
{
	static char printed[1 << 16];
	const struct slice kept = kit_file_read(PEAL_SOURCE_DIR "/deploy/config/peal.conf");
	struct svc_config *c, *defaults = 0;

	(void)state;
	svc_config_print(append, printed);
	assert_true(slice_present(kept));
	assert_text(kept, printed);
	free((void *)(uintptr_t)kept.p);
	c = load(printed, nothing);
	svc_config_destroy(&c);
	uncomment(printed);
	c = load(printed, nothing);
	assert_int_equal(svc_config_load(&defaults, 0, nothing, error), 0);
	assert_int_equal(c->transport_listen.n, defaults->transport_listen.n);
	assert_int_equal(c->proxy_timer_c, defaults->proxy_timer_c);
	assert_int_equal(c->server.users, defaults->server.users);
	assert_int_equal(c->server.md5_agents.n, defaults->server.md5_agents.n);
	svc_config_destroy(&c);
	svc_config_destroy(&defaults);
}

static void gateways_and_routes(void **state)
{
	char *const environment[] = { (char[]){ "PEAL_GATEWAY_CARRIER_MUNICH=sip:192.0.2.9" }, (char[]){ "PEAL_ROUTE_LAB=.lab.example" }, 0 };
	struct svc_config *c = load("gateway\n"
				    "    Carrier\n"
				    "        berlin = \"sip:192.0.2.1;transport=tcp priority=2 weight=0 options=5 trust=on\"\n"
				    "        munich = \"sip:gw.example.org\"\n"
				    "route\n"
				    "    carrier = \"+49, +43 Example.ORG *\"\n"
				    "    lab = \"1\"\n",
				    environment);

	(void)state;
	assert_int_equal(c->nhop, 2);
	assert_text(c->hop[0].group, "carrier");
	assert_text(c->hop[0].uri, "sip:192.0.2.1;transport=tcp");
	assert_int_equal(c->hop[0].priority, 2);
	assert_int_equal(c->hop[0].weight, 0);
	assert_int_equal(c->hop[0].options, 5);
	assert_int_equal(c->hop[0].trust, 1);
	assert_text(c->hop[1].uri, "sip:192.0.2.9");
	assert_int_equal(c->hop[1].priority, 1);
	assert_int_equal(c->hop[1].options, 30);
	assert_int_equal(c->nroute, 5);
	assert_text(c->route[2].what, "example.org");
	assert_text(c->route[2].group, "carrier");
	assert_text(c->route[4].what, ".lab.example");
	svc_config_destroy(&c);
}

static void gateways_that_make_no_sense(void **state)
{
	(void)state;
	REFUSE("gateway\n    a = sip:192.0.2.1\n", ":2:", "the name of a gateway takes no value");
	REFUSE("gateway\n    a\n        b = tel:1\n", ":3:", "sip:host");
	REFUSE("gateway\n    a\n        b = sip:bob@192.0.2.1\n", ":3:", "without a user");
	REFUSE("gateway\n    a\n        b = \"sip:192.0.2.1 weight=70000\"\n", ":3:", "weight", "65535");
	REFUSE("gateway\n    a\n        b = \"sip:192.0.2.1 trust=yes\"\n", ":3:", "on or off");
	REFUSE("gateway\n    a\n        b = \"sip:gw.example trust=on\"\n", ":3:", "trust=on needs an address");
	REFUSE("gateway\n    a\n        b = \"sip:192.0.2.1 wieght=1\"\n", ":3:", "wieght", "weight=");
	REFUSE("gateway\n    a/b\n        c = sip:192.0.2.1\n", ":3:", "a/b", "letters, digits");
	REFUSE("route\n    a = \"+49x\"\n", ":2:", "+49x", "the beginning of a number");
	REFUSE("route\n    a = 49\n    b = \"43 49\"\n", ":3:", "'49' goes to a already");
	REFUSE("gatewey\n    a\n", ":1:", "did you mean 'gateway'");
}

static void what_a_number_is(void **state)
{
	static const struct {
		const char *user, *bare;
	} row[] = {
		{ "+49-30-(123).4", "+49301234" }, { "100", "100" }, { "*21#", "*21#" }, { "*21%23", "*21#" }, { "1%2", 0 }, { "+4930;isub=1", "+4930" },
		{ "bob", 0 },                      { "4a", 0 },      { "+", 0 },         { "", 0 }, { "4+9", 0 },
	};
	char room[16];
	struct slice bare;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(svc_number_read(slice_str(row[i].user), room, sizeof(room), &bare), row[i].bare != 0);
		if (row[i].bare)
			assert_text(bare, row[i].bare);
	}
	assert_true(svc_number_read(SLICE("1234567890123456"), room, sizeof(room), &bare));
	assert_false(svc_number_read(SLICE("12345678901234567"), room, sizeof(room), &bare));
}

/* Whatever the file holds: a snapshot or a sentence, never a crash. */
static void any_bytes_end_in_an_answer(void **state)
{
	static const char seed[] = "server\n    domains = \"a.example b.example\"\n    auth = off # no\ndomain\n    a.example\n        mode = proxy\n";
	uint64_t dice = 7;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct svc_config *c = 0;
		char text[sizeof(seed)];
		FILE *f = fopen(path, "w");

		memcpy(text, seed, sizeof(seed));
		for (int k = (int)(kit_random(&dice) % 5); k >= 0; k--)
			text[kit_random(&dice) % (sizeof(seed) - 1)] = "\n \t\"#=/a.\xff\r"[kit_random(&dice) % 11];
		fwrite(text, 1, sizeof(seed) - 1, f);
		fclose(f);
		if (svc_config_load(&c, path, nothing, error) == 0)
			svc_config_destroy(&c);
		else
			assert_true(error[0] != 0);
	}
}

static int make_path(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_the_defaults_stand),
		cmocka_unit_test(a_file_with_domains),
		cmocka_unit_test(a_choice_of_the_server_section_does_not_follow),
		cmocka_unit_test(the_environment_goes_first),
		cmocka_unit_test(an_empty_value_means_the_same_as_none),
		cmocka_unit_test(numbers_at_below_and_above_their_bounds),
		cmocka_unit_test(mistakes_are_told_with_their_line_and_what_would_be_right),
		cmocka_unit_test(values_that_do_not_fit_each_other),
		cmocka_unit_test(addresses_that_do_read),
		cmocka_unit_test(a_wrong_environment_is_a_mistake_too),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(a_file_that_is_not_there),
		cmocka_unit_test(the_printed_file_is_the_one_in_deploy_and_says_the_defaults),
		cmocka_unit_test(gateways_and_routes),
		cmocka_unit_test(gateways_that_make_no_sense),
		cmocka_unit_test(what_a_number_is),
		cmocka_unit_test(any_bytes_end_in_an_answer),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
