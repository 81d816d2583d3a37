/* SPDX-License-Identifier: MIT */
/* keys: the key of the bus between hosts, made once and placed on each. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "rt/clock.h"
#include "svc/key.h"

static int write_key(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const ssize_t n = (ssize_t)strlen(text);
	int err;

	if (fd < 0 && errno == EEXIST)
		return cli_fail("%s is there already, and a key in use must not be lost: remove it first, or name another file", path);
	if (fd < 0)
		return cli_fail("cannot write %s: %s", path, strerror(errno));
	err = write(fd, text, (size_t)n) == n && fsync(fd) == 0 ? 0 : errno;
	close(fd);
	if (err) {
		unlink(path);
		return cli_fail("cannot write %s: %s", path, strerror(err));
	}
	return CLI_DONE;
}

static int new_key(struct cli *cli)
{
	uint8_t key[SVC_KEY_BYTES];
	char text[2 * SVC_KEY_BYTES + 2], mark[SVC_KEY_MARK];
	struct rt_cursor c = rt_cursor_on(text, sizeof(text));

	rt_random(key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		rt_cursor_hex(&c, key[i], 2);
	rt_cursor_char(&c, '\n');
	text[c.n] = 0;
	if (!cli->narg) {
		fputs(text, stdout);
		return CLI_DONE;
	}
	if (write_key(cli->arg[0], text))
		return CLI_FAILED;
	svc_key_mark(mark, key);
	printf("%s: a new key, mark %s. Put it on every host, readable by the workers alone, and set server.bus_key "
	       "(PEAL_SERVER_BUS_KEY) to its path.\n", cli->arg[0], mark);
	return CLI_DONE;
}

static int mark_key(struct cli *cli)
{
	uint8_t key[SVC_KEY_BYTES];
	char why[SVC_KEY_WHY], mark[SVC_KEY_MARK];

	if (svc_key_read(key, slice_str(cli->arg[0]), why))
		return cli_fail("%s", why);
	svc_key_mark(mark, key);
	puts(mark);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{ "new", "[FILE]", "a key for the bus between hosts, into a new file or to standard output", 0, 1, new_key },
	{ "mark", "FILE", "by which to tell keys apart; the Redis key `bus` holds the cluster's", 1, 1, mark_key },
};
const struct cli_noun noun_keys = { "keys", "the key of the bus between hosts", verbs, sizeof(verbs) / sizeof(verbs[0]) };
