/* SPDX-License-Identifier: MIT */
/*
 * config_file: a ZPL file as settings that know their line.
 *
 * zconfig reads the file but does not remember lines. Every line that is neither blank nor comment makes exactly one
 * node, and nodes come back in the order of the file: so the k-th node stands on the k-th such line.
 */
#include <ctype.h>
#include <czmq.h>
#include <stdio.h>

#include "config_draft.h"

enum { FILE_MAX = 1 << 18, LINES_MAX = 8192 };

struct lines {
	struct config_draft *draft;
	const char *path;
	uint32_t n, at;
	int last_level, err;
	struct slice section, domain;
	uint16_t number[LINES_MAX]; /* of the k-th line that says something */
};

static const char *where(const struct lines *self, uint32_t number)
{
	struct slice text = rt_arena_printf(self->draft->arena, "%s:%u%c", self->path, number, 0);

	return slice_present(text) ? text.p : self->path;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Blanks and a comment may stand at the end of a line. */
static bool ends(struct slice rest)
{
	while (rest.n && is_blank(rest.p[0]))
		rest = slice_from(rest, 1);
	return rest.n == 0 || rest.p[0] == '#';
}

/* A name alone, or name = value; a value in quotes is all there is. Returns what is too much, empty when nothing is. */
static struct slice beyond(struct slice line, struct slice *name)
{
	uint32_t n = 0;

	while (n < line.n && (isalnum((unsigned char)line.p[n]) || strchr("$-_@.&+/", line.p[n])))
		n++;
	*name = slice_head(line, n);
	line = slice_from(line, n);
	if (n && ends(line))
		return SLICE_NONE;
	while (line.n && is_blank(line.p[0]))
		line = slice_from(line, 1);
	if (n == 0 || line.p[0] != '=')
		return slice_trim(line);
	line = slice_trim(slice_from(line, 1));
	if (line.n == 0 || (line.p[0] != '"' && line.p[0] != '\''))
		return SLICE_NONE;
	const int quote = slice_find(slice_from(line, 1), line.p[0]);
	const struct slice rest = quote < 0 ? line : slice_from(line, (uint32_t)quote + 2);
	return quote >= 0 && ends(rest) ? SLICE_NONE : slice_trim(rest);
}

/* What zconfig would refuse, said with its line. */
static int check_line(struct lines *self, uint32_t number, struct slice line)
{
	struct slice name, more;
	uint32_t indent = 0;
	int quotes = 0;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	if (indent < line.n && line.p[indent] == '\t')
		return config_fail(self->draft, where(self, number), "a tab; indent with four spaces a level");
	if (indent == line.n || line.p[indent] == '#' || line.p[indent] == '\r')
		return 0;
	if (indent % 4)
		return config_fail(self->draft, where(self, number), "indented by %u; indent with four spaces a level", indent);
	if ((int)(indent / 4) > self->last_level + 1)
		return config_fail(self->draft, where(self, number), "indented too far: nothing above it to belong to");
	for (uint32_t i = indent; i < line.n; i++)
		quotes += line.p[i] == '"';
	if (quotes % 2)
		return config_fail(self->draft, where(self, number), "a quote (\") without its partner");
	more = beyond(slice_from(line, indent), &name);
	if (more.n)
		return config_fail(self->draft, where(self, number), "'" SLICE_FMT "'%s" SLICE_FMT "%s makes no sense; a line is the name of a section, or key = value",
				   SLICE_ARG(slice_head(more, 60)), name.n ? " after '" : "", SLICE_ARG(slice_head(name, 60)), name.n ? "'" : "");
	if (self->n == LINES_MAX)
		return config_fail(self->draft, where(self, number), "more than %d lines", LINES_MAX);
	self->last_level = (int)(indent / 4);
	self->number[self->n++] = (uint16_t)number;
	return 0;
}

static int check_lines(struct lines *self, struct slice text)
{
	uint32_t number = 1;

	self->last_level = -1;
	for (; text.n; number++) {
		const int end = slice_find(text, '\n');
		const uint32_t n = end < 0 ? text.n : (uint32_t)end;
		int err = number > UINT16_MAX
				  ? config_fail(self->draft, self->path, "more than %d lines", UINT16_MAX)
				  : check_line(self, number, slice_head(text, n));

		if (err)
			return err;
		text = slice_from(text, n + 1);
	}
	return 0;
}

/* One node of the tree: a section, a domain's name, or key = value. */
static int read_node(struct lines *self, zconfig_t *node, int level)
{
	struct rt_arena *arena = self->draft->arena;
	const struct slice name = rt_arena_copy(arena, slice_str(zconfig_name(node)));
	const struct slice value = rt_arena_copy(arena, slice_str(zconfig_value(node)));
	const char *at;
	bool nested;

	if (level == 0)
		return 0; /* the root */
	at = where(self, self->at < self->n ? self->number[self->at] : 0);
	self->at++;
	if (level == 1) {
		self->section = name;
		self->domain = SLICE_NONE;
		if (value.n)
			return config_fail(self->draft, at, "'" SLICE_FMT "' stands outside of a section; indent it under one",
					   SLICE_ARG(slice_head(name, 60)));
		if (!config_section_known(name))
			return config_fail(self->draft, at, "unknown section '" SLICE_FMT "'; did you mean '%s'?",
					   SLICE_ARG(slice_head(name, 60)), config_section_near(name));
		return 0;
	}
	nested = slice_eq(self->section, SLICE("domain")) || slice_eq(self->section, SLICE("gateway"));
	if (nested && level == 2) {
		self->domain = name;
		return value.n ? config_fail(self->draft, at, "the name of a " SLICE_FMT " takes no value; indent what belongs to it below it",
					     SLICE_ARG(self->section))
			       : 0;
	}
	if (level > 2 + nested)
		return config_fail(self->draft, at, "indented too far: '" SLICE_FMT "' belongs under a section",
				   SLICE_ARG(slice_head(name, 60)));
	for (uint32_t i = 0; i < self->draft->nsetting; i++) {
		const struct config_setting *s = &self->draft->setting[i];

		if (slice_eq(s->section, self->section) && slice_eq(s->domain, self->domain) && slice_eq(s->key, name))
			return config_fail(self->draft, at, "'" SLICE_FMT "' was given before, at %s; keep one of them",
					   SLICE_ARG(slice_head(name, 60)), s->where);
	}
	return config_add(self->draft, (struct config_setting){ self->section, self->domain, name, value, at });
}

static int take_node(zconfig_t *node, void *self, int level)
{
	struct lines *lines = self;

	if (!lines->err)
		lines->err = read_node(lines, node, level);
	return lines->err ? -1 : 0;
}

static int read_whole(struct config_draft *d, const char *path, struct slice *out)
{
	FILE *f = fopen(path, "re");
	char *text = rt_arena_raw(d->arena, FILE_MAX + 1);
	size_t n;

	if (!f)
		return config_fail(d, path, "cannot be read (%s); give another with --config or PEAL_CONFIG", strerror(errno));
	n = text ? fread(text, 1, FILE_MAX + 1, f) : 0;
	if (ferror(f)) { /* a folder opens, too */
		const int why = errno;

		fclose(f);
		return config_fail(d, path, "cannot be read (%s); give another with --config or PEAL_CONFIG", strerror(why));
	}
	fclose(f);
	if (!text || n > FILE_MAX)
		return config_fail(d, path, "larger than %d bytes", FILE_MAX);
	text[n] = 0;
	if (memchr(text, 0, n))
		return config_fail(d, path, "holds a NUL byte; a configuration is text");
	rt_arena_shrink(d->arena, text, n + 1);
	*out = slice_of(text, (uint32_t)n);
	return 0;
}

int config_file_read(struct config_draft *d, const char *path)
{
	struct lines *self = rt_arena_take(d->arena, sizeof(*self));
	struct slice text;
	zconfig_t *tree;
	int err;

	if (!self)
		return config_fail(d, path, "no memory");
	self->draft = d;
	self->path = path;
	err = read_whole(d, path, &text);
	if (!err)
		err = check_lines(self, text);
	if (err)
		return err;
	tree = zconfig_str_load(text.p);
	if (!tree)
		return config_fail(d, path, "does not read as ZPL (sections, and under them, indented by four spaces: key = value)");
	zconfig_execute(tree, take_node, self);
	zconfig_destroy(&tree);
	return self->err;
}
