/* SPDX-License-Identifier: MIT */
/*
 * apply: `peal config apply`: every worker checks the new configuration, then, when all find it good, every worker takes it.
 *
 *   peal   check it here; put it in place  -> "check TOKEN" -> all good?  -> "take TOKEN" -> who took it
 *                         put the old one back <- somebody refused, or said nothing          (common/svc/reload.h)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "apply.h"
#include "node.h"
#include "rt/clock.h"

enum { WORKERS_MAX = 256, WAIT_MS = 6000, LOOK_MS = 30 };

struct worker {
	uint32_t first, pid; /* its lowest id is how it answers */
	char host[WIRE_HOST_MAX];
	char name[64];       /* its tiers */
	char answer[560];    /* "": none yet */
};

struct round {
	char token[33];
	struct worker worker[WORKERS_MAX];
	int n;
};

/* ---- Who there is ---- */

static void note_member(struct cli *cli, const struct wire_member *m, void *arg)
{
	struct round *r = arg;
	struct worker *w = r->worker;
	const size_t n = sizeof(w->name);

	(void)cli;
	if (m->state != WIRE_LIVE || !node_fresh(m))
		return;
	while (w < r->worker + r->n && (w->pid != m->pid || strcmp(w->host, m->host)))
		w++;
	if (w == r->worker + WORKERS_MAX)
		return;
	if (w == r->worker + r->n) {
		*w = (struct worker){ .first = m->id, .pid = m->pid };
		snprintf(w->host, sizeof(w->host), "%s", m->host);
		r->n++;
	}
	w->first = m->id < w->first ? m->id : w->first;
	if (!strstr(w->name, wire_tier_name(m->tier)))
		snprintf(w->name + strlen(w->name), n - strlen(w->name), "%s%s", w->name[0] ? "+" : "", wire_tier_name(m->tier));
}

static int missing(const struct round *r)
{
	int n = 0;

	for (int i = 0; i < r->n; i++)
		n += r->worker[i].answer[0] == 0;
	return n;
}

/* ---- Asking ---- */

static int take_answers(struct cli *cli, struct round *r)
{
	redisReply *all = cli_redis(cli, "HGETALL config:apply:%s", r->token);

	if (!all)
		return -1;
	for (int i = 0; i < r->n; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%u", r->worker[i].first);
		snprintf(r->worker[i].answer, sizeof(r->worker[i].answer), "%s", cli_field(all, id));
	}
	freeReplyObject(all);
	return 0;
}

/* Tell all workers, wait until each has answered or WAIT_MS have passed. 0, or -1 after saying why. */
static int ask_all(struct cli *cli, struct round *r, const char *verb)
{
	const rt_ms until = rt_clock_ms() + WAIT_MS;
	redisReply *told;
	char text[64];

	for (int i = 0; i < r->n; i++)
		r->worker[i].answer[0] = 0;
	told = cli_redis(cli, "PUBLISH config:apply %b", text, (size_t)snprintf(text, sizeof(text), "%s %s", verb, r->token));
	if (!told)
		return -1;
	freeReplyObject(told);
	do {
		usleep(LOOK_MS * 1000);
		if (take_answers(cli, r))
			return -1;
	} while (missing(r) && rt_clock_ms() < until);
	return 0;
}

/* How many did not answer so; each is told about. */
static int complain(const struct round *r, const char *wanted)
{
	int n = 0;

	for (int i = 0; i < r->n; i++) {
		const struct worker *w = &r->worker[i];

		if (!strcmp(w->answer, wanted))
			continue;
		n++;
		fprintf(stderr, "peal: %s on %s (pid %u): ", w->name, w->host, w->pid);
		cli_print_safe(stderr, slice_str(w->answer[0] ? w->answer : "no answer; its log may say why"));
		fputc('\n', stderr);
	}
	return n;
}

static void new_token(struct round *r)
{
	uint64_t dice[2];

	rt_random(dice, sizeof(dice));
	snprintf(r->token, sizeof(r->token), "%016llx%016llx", (unsigned long long)dice[0], (unsigned long long)dice[1]);
}

/* So that those to the second question are not mistaken for them. */
static bool forget_answers(struct cli *cli, const struct round *r)
{
	redisReply *reply = cli_redis(cli, "DEL config:apply:%s", r->token);

	if (reply)
		freeReplyObject(reply);
	return reply != NULL;
}

/* ---- The file ---- */

static bool read_file(const char *path, char **text, size_t *n)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= (1 << 24);

	if (ok) {
		*n = (size_t)st.st_size;
		*text = malloc(*n + 1);
		ok = *text && read(fd, *text, *n) == (ssize_t)*n;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Beside it first, then in its place at once: no worker ever reads half of it. Owner and mode stay. */
static bool replace_file(const char *path, const char *text, size_t n)
{
	char beside[600];
	struct stat st;
	int fd;
	bool ok;

	snprintf(beside, sizeof(beside), "%s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ok = fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
	if (ok && stat(path, &st) == 0)
		ok = fchmod(fd, st.st_mode & 0777) == 0 && (fchown(fd, st.st_uid, st.st_gid) == 0 || geteuid());
	if (fd >= 0)
		close(fd);
	return ok && rename(beside, path) == 0;
}

/* ---- The whole ---- */

/* Nothing has changed unless this returns CLI_DONE; or a worker could not change all of it, which is said. */
static int apply_everywhere(struct cli *cli, struct round *r)
{
	new_token(r);
	if (node_each(cli, note_member, r) < 0)
		return CLI_FAILED;
	if (!r->n)
		return cli_fail("no worker is known to this Redis; there is nobody to take it");
	if (ask_all(cli, r, "check"))
		return CLI_FAILED;
	if (complain(r, "good"))
		return cli_fail("nothing was changed: not every worker finds the new configuration good");
	return forget_answers(cli, r) ? CLI_DONE : CLI_FAILED;
}

static int take_everywhere(struct cli *cli, struct round *r)
{
	int left;

	if (ask_all(cli, r, "take"))
		return CLI_FAILED;
	left = complain(r, "taken");
	if (left)
		return cli_fail("%d of %d workers took it whole", r->n - left, r->n);
	printf("%d worker%s took it\n", r->n, r->n == 1 ? "" : "s");
	return CLI_DONE;
}

/* The same reader as the workers'. */
static bool reads_well(const char *file)
{
	struct svc_config *config;
	char error[512];

	if (svc_config_load(&config, file, environ, error)) {
		fprintf(stderr, "peal: %s\n", error);
		return false;
	}
	svc_config_destroy(&config);
	return true;
}

int cli_apply(struct cli *cli)
{
	static struct round round;
	const char *place = cli->config_file ? cli->config_file : getenv("PEAL_CONFIG"), *fresh = cli->narg ? cli->arg[0] : NULL;
	char *text = NULL, *old = NULL;
	size_t n = 0, old_n = 0;
	int status = CLI_FAILED;

	if (fresh && !(place && place[0]))
		return cli_fail("which file do the workers read? Say it with --config (or PEAL_CONFIG)");
	if (!reads_well(fresh ? fresh : place && place[0] ? place : NULL))
		return cli_fail("nothing was changed");
	if (cli_redis_open(cli, NULL, 0))
		return CLI_FAILED;
	if (fresh && (!read_file(fresh, &text, &n) || !read_file(place, &old, &old_n) || !replace_file(place, text, n))) {
		cli_fail("cannot put %s in place of %s (%s); nothing was changed", fresh, place, strerror(errno));
		goto out;
	}
	status = apply_everywhere(cli, &round);
	if (status && fresh && !replace_file(place, old, old_n))
		cli_fail("and %s could not be put back (%s): it holds the new text", place, strerror(errno));
	if (!status)
		status = take_everywhere(cli, &round);
out:
	free(text);
	free(old);
	return status;
}
