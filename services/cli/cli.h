/* SPDX-License-Identifier: MIT */
/* cli: what the nouns of `peal` share: the options, the way to Redis, and printing. */
#ifndef CLI_H
#define CLI_H

#include <hiredis/hiredis.h>
#include <stdio.h>
#include "rt/arena.h"
#include "svc/config.h"

/* Exit statuses. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	/* options, as given; NULL or false when not */
	const char *redis_url, *config_file, *state, *limit, *offset, *max_contacts, *realm, *timeout, *from, *seconds, *why, *server, *user, *audio;
	bool rel, json, password_stdin, help, version;

	const char *noun, *verb; /* what is being done, for messages */
	char **arg;              /* the words after them */
	int narg;

	/* opened when first asked for */
	struct svc_config *config;
	bool config_bad;         /* it was said why */
	redisContext *redis;     /* of a cluster: NULL, and */
	struct masters *masters; /* this */
	struct rt_arena *arena;
};

struct cli_verb {
	const char *name, *args, *what; /* "add", "USER@DOMAIN", "a sentence"; name "" is the noun itself */
	int least, most;                /* words it takes */
	int (*run)(struct cli *cli);
};

struct cli_noun {
	const char *name, *what;
	const struct cli_verb *verb;
	int nverb;
};

extern const struct cli_noun noun_user, noun_policy, noun_reg, noun_gateway, noun_route, noun_ban, noun_node, noun_ping, noun_config, noun_doctor,
	noun_keys, noun_call, noun_register, noun_options, noun_message;

/* ---- options.c ---- */

/* Split argv into options and words, and find the server: options, environment, state folder of deploy/up. 0, or -1 after saying why. */
int cli_options(struct cli *cli, int argc, char **argv);
void cli_options_print(FILE *out, const char *noun); /* those of one noun; NULL: all */
/* Does every option that was given mean something to this command? false after saying which does not. */
bool cli_options_fit(const char *noun, const char *verb);
/* The configuration workers would read here; NULL after saying what is wrong with it. */
const struct svc_config *cli_config(struct cli *cli);
/* An option's number: `def` when not given; -1 after saying that it is none. */
int64_t cli_number(const char *name, const char *text, int64_t def, int64_t low, int64_t high);

/* ---- words.c ---- */

/* "alice@example.com", "sip:alice@Example.com" as the canonical address of record; false after saying what is wrong. */
bool cli_aor(struct cli *cli, const char *word, struct slice *aor);
struct slice cli_domain_of(struct slice aor); /* "example.com" */
/* The nearest of `n` names `stride` bytes apart, or NULL when none is near enough to be meant. */
const char *cli_suggest(const char *word, const void *names, int n, size_t stride);
__attribute__((format(printf, 1, 2))) int cli_fail(const char *fmt, ...); /* says it, returns CLI_FAILED */

/* ---- redis.c ---- */

/* Where Redis is: --redis, PEAL_REDIS_URL or the configuration. Absent after saying what is wrong. */
struct slice cli_redis_url(struct cli *cli);
/* Redis answers who wrote before it tells those who remember what was there; when this returns they have been told, too. */
void cli_redis_close(struct cli *cli);
const char *cli_redis_place(struct cli *cli); /* for a person, without the password */
/* Connect when not yet. 0, or -1 with the reason in `why` (when why is NULL: printed, with what to do about it). */
int cli_redis_open(struct cli *cli, char *why, size_t size);
struct loc_url;
/* false with the reason in `why`: text is no address of a Redis. */
bool cli_redis_read_url(struct loc_url *url, struct slice text, char *why, size_t size);
/* What an operator can do about this reason. */
const char *cli_redis_hint(const char *why);
/* Connect to the very server at host and port, or path, of this address, and log in. NULL with the reason in `why`. */
redisContext *cli_redis_connect_at(const struct loc_url *url, char *why, size_t size);
/* Connect to any Redis but a cluster; NULL with the reason in `why`. The caller frees it. */
redisContext *cli_redis_connect(struct slice url, char *why, size_t size);
/* One command, printf style with %b for (pointer, size_t). NULL after saying what went wrong. The caller frees it. */
redisReply *cli_redis(struct cli *cli, const char *fmt, ...);
/* Queue a command / take the next answer of the queued ones. */
void cli_redis_queue(struct cli *cli, const char *fmt, ...);
redisReply *cli_redis_next(struct cli *cli);
/* Run the `n` commands queued after "MULTI" as one (in a cluster: one by one, in order); the integer of the first answer, or -1 after saying what went wrong. */
long long cli_redis_commit(struct cli *cli, int n);
/* The value of a field in an HGETALL answer; "" when absent. */
const char *cli_field(const redisReply *hash, const char *name);

/* ---- out.c ---- */

/* Rows as columns, or as a JSON array of objects with --json: cell after cell. Everything is made safe to print. */
struct cli_out;
struct cli_out *cli_out_new(const struct cli *cli, const char *const *titles, int n);
void cli_out_text(struct cli_out *self, struct slice value);
void cli_out_number(struct cli_out *self, int64_t value);
void cli_out_none(struct cli_out *self, const char *sentence); /* said to a person (standard error) when there is no row */
void cli_out_end(struct cli_out **self_p);
void cli_print_safe(FILE *f, struct slice text); /* control bytes as \xNN */
void cli_print_json(FILE *f, struct slice text); /* a JSON string with its quotes */

/* "12 s", "4 min", "3 h", "2 d" */
struct slice cli_span(struct cli *cli, int64_t seconds);

#endif
