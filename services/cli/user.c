/* SPDX-License-Identifier: MIT */
/*
 * user: who may register and call. user:<aor> holds digests of the password, never the password;
 * idx:user:<domain> lists the addresses this command made, for `user ls`.
 */
#include "auth/digest.h"
#include "cli.h"
#include "password.h"

/* The realm a domain asks with; "" after saying that the domain is not ours. */
static struct slice realm_of(struct cli *cli, struct slice aor)
{
	const struct slice domain = cli_domain_of(aor);
	const struct svc_config *c = cli_config(cli);

	if (cli->realm)
		return slice_str(cli->realm);
	if (!c)
		return SLICE_NONE;
	const struct svc_domain *d = svc_config_domain(c, domain);
	if (!d && c->ndomain) {
		cli_fail(SLICE_FMT " is none of this server's domains (peal config get server.domains). To store the user all the same: "
		         "--realm " SLICE_FMT, SLICE_ARG(domain), SLICE_ARG(domain));
		return SLICE_NONE;
	}
	return d && d->realm.n ? d->realm : domain;
}

/* Store the digests of a password under the realm. */
static int store(struct cli *cli, struct slice aor, struct slice realm, const char *password)
{
	const struct slice user = slice_head(aor, (uint32_t)slice_find(aor, '@')), domain = cli_domain_of(aor);
	const int64_t most = cli_number("max-contacts", cli->max_contacts, 0, 0, 32);
	char ha1[AUTH_ALGORITHMS][65];

	if (most < 0)
		return CLI_USAGE;
	for (int a = 0; a < AUTH_ALGORITHMS; a++)
		auth_ha1((enum auth_algorithm)a, user, realm, slice_str(password), ha1[a]);
	redisReply *r = cli_redis(cli, "HSET user:%b realm %b ha1_md5 %s ha1_sha256 %s ha1_sha512 %s", aor.p, (size_t)aor.n, realm.p,
	                          (size_t)realm.n, ha1[AUTH_MD5], ha1[AUTH_SHA256], ha1[AUTH_SHA512_256]);
	if (!r)
		return CLI_FAILED;
	freeReplyObject(r);
	if (cli->max_contacts && (r = cli_redis(cli, "HSET user:%b max_contacts %lld", aor.p, (size_t)aor.n, (long long)most)))
		freeReplyObject(r);
	r = cli_redis(cli, "ZADD idx:user:%b 0 %b", domain.p, (size_t)domain.n, aor.p, (size_t)aor.n);
	if (!r)
		return CLI_FAILED;
	freeReplyObject(r);
	return CLI_DONE;
}

static int exists(struct cli *cli, struct slice aor)
{
	redisReply *r = cli_redis(cli, "EXISTS user:%b", aor.p, (size_t)aor.n);

	if (!r)
		return -1;
	const int n = (int)r->integer;
	freeReplyObject(r);
	return n;
}

static int set_password(struct cli *cli, bool fresh)
{
	char password[PASSWORD_MAX];
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	const struct slice realm = realm_of(cli, aor);
	const int there = slice_present(realm) ? exists(cli, aor) : -1;
	if (there < 0)
		return CLI_FAILED;
	if (fresh == (there > 0))
		return cli_fail(fresh ? SLICE_FMT " exists already; `peal user passwd` changes the password" : "no user " SLICE_FMT, SLICE_ARG(aor));
	if (password_read(password, cli->password_stdin))
		return CLI_FAILED;
	const int status = store(cli, aor, realm, password);
	explicit_bzero(password, sizeof(password));
	if (status == CLI_DONE)
		printf(fresh ? SLICE_FMT " may register now (realm " SLICE_FMT ")\n" : "password of " SLICE_FMT " changed (realm " SLICE_FMT ")\n",
		       SLICE_ARG(aor), SLICE_ARG(realm));
	return status;
}

static int add(struct cli *cli)
{
	return set_password(cli, true);
}

static int passwd(struct cli *cli)
{
	return set_password(cli, false);
}

static int rm(struct cli *cli)
{
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	const struct slice domain = cli_domain_of(aor);
	redisReply *r = cli_redis(cli, "DEL user:%b", aor.p, (size_t)aor.n);
	if (!r)
		return CLI_FAILED;
	const bool there = r->integer > 0;
	freeReplyObject(r);
	if ((r = cli_redis(cli, "ZREM idx:user:%b %b", domain.p, (size_t)domain.n, aor.p, (size_t)aor.n)))
		freeReplyObject(r);
	if (!there)
		return cli_fail("no user " SLICE_FMT, SLICE_ARG(aor));
	printf(SLICE_FMT " is gone; phones stay registered until they refresh (now: peal reg rm " SLICE_FMT ")\n", SLICE_ARG(aor), SLICE_ARG(aor));
	return CLI_DONE;
}

static int set_disabled(struct cli *cli, bool disabled)
{
	struct slice aor;

	if (!cli_aor(cli, cli->arg[0], &aor))
		return CLI_USAGE;
	const int there = exists(cli, aor);
	if (there <= 0)
		return there < 0 ? CLI_FAILED : cli_fail("no user " SLICE_FMT, SLICE_ARG(aor));
	redisReply *r = disabled ? cli_redis(cli, "HSET user:%b disabled 1", aor.p, (size_t)aor.n)
	                         : cli_redis(cli, "HDEL user:%b disabled", aor.p, (size_t)aor.n);
	if (!r)
		return CLI_FAILED;
	freeReplyObject(r);
	if (!disabled) {
		printf(SLICE_FMT " may register and call\n", SLICE_ARG(aor));
		return CLI_DONE;
	}
	printf(SLICE_FMT " may neither register nor call; a worker that has just asked about him knows in 5 seconds\n", SLICE_ARG(aor));
	r = cli_redis(cli, "EXISTS reg:%b", aor.p, (size_t)aor.n);
	if (r && r->integer)
		printf("his phones can be called until their registrations end; at once: peal reg rm " SLICE_FMT "\n", SLICE_ARG(aor));
	if (r)
		freeReplyObject(r);
	return CLI_DONE;
}

static int disable(struct cli *cli)
{
	return set_disabled(cli, true);
}

static int enable(struct cli *cli)
{
	return set_disabled(cli, false);
}

static void print_user(struct cli_out *out, const char *aor, const redisReply *user)
{
	cli_out_text(out, slice_str(aor));
	cli_out_text(out, slice_str(user->elements == 0 ? "gone" : strcmp(cli_field(user, "disabled"), "1") ? "enabled" : "disabled"));
	cli_out_text(out, slice_str(cli_field(user, "realm")));
	cli_out_text(out, slice_str(cli_field(user, "max_contacts")));
}

/* Addresses in alphabetical order, `PAGE` at a time. */
static int list_domain(struct cli *cli, struct cli_out *out, struct slice domain, int64_t *skip, int64_t *left)
{
	enum { PAGE = 200 };

	while (*left > 0) {
		redisReply *page = cli_redis(cli, "ZRANGEBYLEX idx:user:%b - + LIMIT %lld %lld", domain.p, (size_t)domain.n, (long long)*skip,
		                             (long long)(*left < PAGE ? *left : PAGE));
		if (!page)
			return CLI_FAILED;
		for (size_t i = 0; i < page->elements; i++)
			cli_redis_queue(cli, "HGETALL user:%s", page->element[i]->str);
		for (size_t i = 0; i < page->elements; i++) {
			redisReply *user = cli_redis_next(cli);

			if (user) {
				print_user(out, page->element[i]->str, user);
				freeReplyObject(user);
			}
		}
		const size_t n = page->elements;
		freeReplyObject(page);
		*skip += (int64_t)n;
		*left -= (int64_t)n;
		if (n == 0)
			break;
	}
	return CLI_DONE;
}

static int ls(struct cli *cli)
{
	static const char *const titles[] = { "address", "state", "realm", "max_contacts" };
	int64_t skip = cli_number("offset", cli->offset, 0, 0, INT64_MAX / 2), left = cli_number("limit", cli->limit, INT64_MAX / 2, 1, INT64_MAX / 2);
	const struct svc_config *c = cli->narg ? NULL : cli_config(cli);
	int status = CLI_DONE;

	if (skip < 0 || left < 0)
		return CLI_USAGE;
	if (!cli->narg && (!c || c->ndomain == 0))
		return c ? cli_fail("which domain? server.domains is not set here: peal user ls DOMAIN") : CLI_FAILED;
	struct cli_out *out = cli_out_new(cli, titles, 4);
	if (!out)
		return cli_fail("out of memory");
	if (cli->narg)
		status = list_domain(cli, out, slice_str(cli->arg[0]), &skip, &left);
	for (uint32_t i = 0; c && i < c->ndomain && status == CLI_DONE; i++, skip = 0)
		status = list_domain(cli, out, c->domain[i].name, &skip, &left);
	if (status == CLI_DONE)
		cli_out_none(out, "no users; `peal user add USER@DOMAIN` adds one");
	cli_out_end(&out);
	return status;
}

static const struct cli_verb verbs[] = {
	{ "add", "USER@DOMAIN", "let somebody register; asks for the password twice", 1, 1, add },
	{ "passwd", "USER@DOMAIN", "change a password", 1, 1, passwd },
	{ "rm", "USER@DOMAIN", "forget a user", 1, 1, rm },
	{ "disable", "USER@DOMAIN", "lock out, without forgetting the password", 1, 1, disable },
	{ "enable", "USER@DOMAIN", "let in again", 1, 1, enable },
	{ "ls", "[DOMAIN]", "users, in alphabetical order", 0, 1, ls },
};
const struct cli_noun noun_user = { "user", "who may register and call", verbs, sizeof(verbs) / sizeof(verbs[0]) };
