/* SPDX-License-Identifier: MIT */
/* words: reading what an operator typed, and answering when it makes no sense. */
#include <stdarg.h>
#include "cli.h"
#include "sip/uri.h"

int cli_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("peal: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return CLI_FAILED;
}

bool cli_aor(struct cli *cli, const char *word, struct slice *aor)
{
	const bool whole = !strncasecmp(word, "sip:", 4) || !strncasecmp(word, "sips:", 5);
	struct slice text = rt_arena_printf(cli->arena, "%s%s", whole ? "" : "sip:", word);
	struct sip_uri uri;

	if (!slice_present(text) || sip_uri_parse(&uri, text) || !slice_present(uri.user) || uri.user.n == 0 ||
	    sip_uri_aor(&uri, cli->arena, aor)) {
		cli_fail("\"%s\" is not an address; it should look like alice@example.com", word);
		return false;
	}
	return true;
}

struct slice cli_domain_of(struct slice aor)
{
	int at = slice_find(aor, '@');

	return slice_from(aor, (uint32_t)(at + 1));
}

/* Edits (insert, drop, change a letter) from a to b, for short words; 99 when one is long. */
static int distance(const char *a, const char *b)
{
	enum { LONG = 24 };
	const size_t na = strlen(a), nb = strlen(b);
	int row[LONG + 1];

	if (na > LONG || nb > LONG)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		int corner = row[0]; /* the cell up and left */

		row[0] = (int)i;
		for (size_t j = 1; j <= nb; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *cli_suggest(const char *word, const void *names, int n, size_t stride)
{
	const char *best = NULL;
	int least = 3; /* two slips of the finger at most */

	for (int i = 0; i < n; i++) {
		const char *name = *(const char *const *)((const char *)names + (size_t)i * stride);
		int d = distance(word, name);

		if (d < least && d < (int)strlen(name)) {
			least = d;
			best = name;
		}
	}
	return best;
}
