/* SPDX-License-Identifier: MIT */
/* watch: the stream events:reg as it grows, one line an event. */
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include "reg.h"

struct watch {
	struct cli *cli;
	const char *only; /* an address or a domain; NULL: all */
	int64_t left;     /* events still to print */
	char at[48];      /* the id of the last one seen */
};

static bool is_wanted(const struct watch *w, const char *aor)
{
	const char *domain = strchr(aor, '@');

	return !w->only || !strcasecmp(w->only, aor) || (domain && !strcasecmp(w->only, domain + 1));
}

/* The id begins with the milliseconds since 1970. */
static void print_time(const char *id)
{
	const time_t at = (time_t)(strtoll(id, NULL, 10) / 1000);
	struct tm tm;
	char text[16];

	localtime_r(&at, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s  ", text);
}

static void print_line(struct watch *w, const char *id, const redisReply *event)
{
	const char *kind = cli_field(event, "event"), *call = cli_field(event, "call_id");
	const int64_t left = strtoll(cli_field(event, "expires_at"), NULL, 10) - time(NULL);
	const bool stands = !strcmp(kind, "add") || !strcmp(kind, "refresh");

	print_time(id);
	printf("%-8s ", kind);
	cli_print_safe(stdout, slice_str(cli_field(event, "aor")));
	fputs("  ", stdout);
	cli_print_safe(stdout, slice_str(cli_field(event, "contact")[0] ? cli_field(event, "contact") : cli_field(event, "id")));
	if (stands)
		printf("  for " SLICE_FMT, SLICE_ARG(cli_span(w->cli, left > 0 ? left : 0)));
	if (call[0]) {
		fputs("  call-id ", stdout);
		cli_print_safe(stdout, slice_str(call));
	}
	putchar('\n');
}

static bool is_number(const char *name)
{
	return !strcmp(name, "expires_at") || !strcmp(name, "cseq");
}

/* One JSON object a line, as programs that read a stream like it. */
static void print_object(const char *id, const redisReply *event)
{
	printf("{\"id\":\"%s\"", id);
	for (size_t i = 0; i + 1 < event->elements; i += 2) {
		const char *name = event->element[i]->str;

		putchar(',');
		cli_print_json(stdout, slice_str(!strcmp(name, "id") ? "binding" : name));
		putchar(':');
		if (is_number(name))
			printf("%lld", strtoll(event->element[i + 1]->str, NULL, 10));
		else
			cli_print_json(stdout, reg_text(event->element[i + 1]));
	}
	puts("}");
}

static void print_event(struct watch *w, const redisReply *entry)
{
	const char *id = entry->element[0]->str;
	const redisReply *event = entry->element[1];

	snprintf(w->at, sizeof(w->at), "%s", id);
	if (event->type != REDIS_REPLY_ARRAY || !is_wanted(w, cli_field(event, "aor")))
		return;
	if (w->cli->json)
		print_object(id, event);
	else
		print_line(w, id, event);
	w->left--;
}

/* { { "events:reg", { { id, { name, value .. } } .. } } }, or nil when nothing came in time. */
static void print_answer(struct watch *w, const redisReply *r)
{
	if (r->type != REDIS_REPLY_ARRAY || r->elements != 1 || r->element[0]->elements != 2)
		return;
	const redisReply *entries = r->element[0]->element[1];

	for (size_t i = 0; i < entries->elements && w->left > 0; i++)
		print_event(w, entries->element[i]);
	rt_arena_reset(w->cli->arena);
	fflush(stdout);
}

/* Where the stream ends now, so that nothing is missed between two questions. */
static bool find_end(struct watch *w)
{
	redisReply *r = cli_redis(w->cli, "XREVRANGE events:reg + - COUNT 1");
	const bool any = r && r->type == REDIS_REPLY_ARRAY && r->elements && r->element[0]->elements;

	if (!r)
		return false;
	snprintf(w->at, sizeof(w->at), "%s", any ? r->element[0]->element[0]->str : "0-0");
	freeReplyObject(r);
	return true;
}

/* Redis restarted, or moved: go on where we were. */
static void come_back(struct cli *cli)
{
	char why[256];

	cli_redis_close(cli);
	while (cli_redis_open(cli, why, sizeof(why)))
		sleep(1);
	fputs("peal: Redis is back\n", stderr);
}

int reg_watch(struct cli *cli)
{
	struct watch w = { .cli = cli, .only = cli->narg ? cli->arg[0] : NULL };
	char only[512];
	struct slice aor;

	if (w.only && strchr(w.only, '@')) {
		if (!cli_aor(cli, w.only, &aor))
			return CLI_USAGE;
		w.only = slice_cstr(aor, only, sizeof(only)) ? only : w.only;
	}
	w.left = cli_number("limit", cli->limit, INT64_MAX, 1, INT64_MAX);
	if (w.left < 0)
		return CLI_USAGE;
	if (!find_end(&w))
		return CLI_FAILED;
	if (!cli->json && isatty(STDOUT_FILENO))
		fprintf(stderr, "watching %s; Ctrl-C ends it\n", cli_redis_place(cli));
	while (w.left > 0) {
		redisReply *r = cli_redis(cli, "XREAD COUNT 100 BLOCK 2000 STREAMS events:reg %s", w.at);

		if (!r) {
			come_back(cli);
			continue;
		}
		print_answer(&w, r);
		freeReplyObject(r);
	}
	return CLI_DONE;
}
