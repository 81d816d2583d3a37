/* SPDX-License-Identifier: MIT */
/* out: rows as columns for a person, or as JSON for a program. */
#include <stdlib.h>
#include "cli.h"

enum { COLUMNS = 12, WIDEST = 60, PAGE = 500 }; /* rows held back so that columns can fit them */

struct cell {
	char *text;
	uint32_t n;
	bool number;
};

struct cli_out {
	const char *const *title;
	struct cell *cell; /* row by row; whole rows except while one is being filled */
	size_t cells, room;
	int columns;
	bool json, started, titled;
};

struct cli_out *cli_out_new(const struct cli *cli, const char *const *titles, int n)
{
	struct cli_out *self = calloc(1, sizeof(*self));

	if (self && n <= COLUMNS) {
		self->title = titles;
		self->columns = n;
		self->json = cli->json;
	}
	return self;
}

static void flush(struct cli_out *self);

static void add(struct cli_out *self, struct slice value, bool number)
{
	if (self->cells == (size_t)PAGE * (size_t)self->columns)
		flush(self);
	if (self->cells == self->room) {
		size_t room = self->room ? self->room * 2 : 256;
		struct cell *more = realloc(self->cell, room * sizeof(*more));

		if (!more)
			return;
		self->cell = more;
		self->room = room;
	}
	char *copy = strndup(slice_present(value) ? value.p : "", value.n);
	self->cell[self->cells++] = (struct cell){ copy, copy ? (uint32_t)strlen(copy) : 0, number };
}

void cli_out_text(struct cli_out *self, struct slice value)
{
	add(self, value, false);
}

void cli_out_number(struct cli_out *self, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	add(self, slice_str(text), true);
}

void cli_print_safe(FILE *f, struct slice s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		const unsigned char ch = (unsigned char)s.p[i];

		if (ch < 0x20 || ch == 0x7f)
			fprintf(f, "\\x%02x", ch);
		else
			fputc(ch, f);
	}
}

void cli_print_json(FILE *f, struct slice s)
{
	fputc('"', f);
	for (uint32_t i = 0; i < s.n; i++) {
		const unsigned char ch = (unsigned char)s.p[i];

		if (ch == '"' || ch == '\\')
			fprintf(f, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			fprintf(f, "\\u%04x", ch);
		else
			fputc(ch, f);
	}
	fputc('"', f);
}

static void print_json_rows(struct cli_out *self)
{
	for (size_t i = 0; i < self->cells; i++) {
		const struct cell *c = &self->cell[i];
		const int column = (int)(i % (size_t)self->columns);

		if (column == 0)
			printf("%s{", self->started ? ",\n " : "[");
		self->started = true;
		printf("%s\"%s\":", column ? "," : "", self->title[column]);
		if (c->number)
			printf("%s", c->text);
		else
			cli_print_json(stdout, slice_of(c->text, c->n));
		if (column == self->columns - 1)
			putchar('}');
	}
}

static void print_padded(struct slice text, int width, bool last)
{
	cli_print_safe(stdout, text);
	if (last)
		putchar('\n');
	else
		printf("%*s", width > (int)text.n ? width - (int)text.n + 2 : 2, "");
}

static void print_columns(struct cli_out *self)
{
	int width[COLUMNS];

	for (int k = 0; k < self->columns; k++)
		width[k] = (int)strlen(self->title[k]);
	for (size_t i = 0; i < self->cells; i++) {
		int *w = &width[i % (size_t)self->columns];

		if ((int)self->cell[i].n > *w)
			*w = self->cell[i].n > WIDEST ? WIDEST : (int)self->cell[i].n;
	}
	for (int k = 0; k < self->columns && !self->titled; k++)
		print_padded(slice_str(self->title[k]), width[k], k == self->columns - 1);
	self->titled = true;
	for (size_t i = 0; i < self->cells; i++) {
		const int k = (int)(i % (size_t)self->columns);

		print_padded(slice_of(self->cell[i].text, self->cell[i].n), width[k], k == self->columns - 1);
	}
}

static void flush(struct cli_out *self)
{
	if (self->json)
		print_json_rows(self);
	else if (self->cells)
		print_columns(self);
	for (size_t i = 0; i < self->cells; i++)
		free(self->cell[i].text);
	self->cells = 0;
}

void cli_out_none(struct cli_out *self, const char *sentence)
{
	if (self && !self->json && !self->titled && !self->cells)
		fprintf(stderr, "%s\n", sentence);
}

void cli_out_end(struct cli_out **self_p)
{
	struct cli_out *self = *self_p;

	if (!self)
		return;
	flush(self);
	if (self->json)
		puts(self->started ? "]" : "[]");
	free(self->cell);
	free(self);
	*self_p = NULL;
}

struct slice cli_span(struct cli *cli, int64_t s)
{
	static const struct {
		int64_t size;
		const char *name;
	} unit[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };

	for (int i = 0; i < 4; i++) {
		if (s >= 2 * unit[i].size || i == 3)
			return rt_arena_printf(cli->arena, "%lld %s", (long long)(s / unit[i].size), unit[i].name);
	}
	return SLICE_NONE;
}
