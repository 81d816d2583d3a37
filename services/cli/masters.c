/* SPDX-License-Identifier: MIT */
/* masters: the map of CLUSTER SLOTS, and a queue of commands, each with the node it was sent to. */
#include "masters.h"

#include <stdlib.h>
#include "limits.h"
#include "loc/slot.h"

enum { WORDS = 16, HOPS = 5 };

struct node {
	struct loc_url url;
	redisContext *c; /* NULL: not asked yet */
};

struct sent {
	struct sent *next;
	struct node *node; /* NULL: MULTI */
	char *text;
	int n;
};

struct masters {
	struct loc_url url;
	uint32_t n;
	struct node node[LOC_NODES_MAX];
	struct node *slot[LOC_SLOTS];
	struct sent *first, **end;
	char trouble[256];
};

static struct node *node_at(struct masters *self, struct slice host, long long port)
{
	struct node *node = &self->node[self->n];

	for (uint32_t i = 0; i < self->n; i++)
		if (self->node[i].url.port == port && slice_eq(slice_str(self->node[i].url.host), host))
			return &self->node[i];
	if (self->n == LOC_NODES_MAX || port < 1 || port > 65535)
		return NULL;
	*node = (struct node){ .url = self->url };
	if (!slice_cstr(host, node->url.host, sizeof node->url.host))
		return NULL;
	node->url.port = (uint16_t)port;
	self->n++;
	return node;
}

static redisContext *open_node(struct masters *self, struct node *node)
{
	char why[160];

	if (node && !node->c)
		node->c = cli_redis_connect_at(&node->url, why, sizeof why);
	if (node && !node->c)
		snprintf(self->trouble, sizeof self->trouble, "%.80s:%u: %s", node->url.host, node->url.port, why);
	return node ? node->c : NULL;
}

/* ---- The map ---- */

static void read_range(struct masters *self, const redisReply *range, const struct loc_place *asked)
{
	const redisReply *at = range->type == REDIS_REPLY_ARRAY && range->elements >= 3 ? range->element[2] : NULL;

	if (!at || at->type != REDIS_REPLY_ARRAY || at->elements < 2)
		return;
	const bool named = at->element[0]->type == REDIS_REPLY_STRING && at->element[0]->len && strcmp(at->element[0]->str, "?");
	struct node *node = node_at(self, slice_str(named ? at->element[0]->str : asked->host), at->element[1]->integer);

	for (long long s = range->element[0]->integer; s >= 0 && s < LOC_SLOTS && s <= range->element[1]->integer; s++)
		self->slot[s] = node;
}

static bool read_map(struct masters *self, const struct loc_place *place, char *why, size_t size)
{
	struct loc_url url = self->url;

	memcpy(url.host, place->host, sizeof url.host);
	url.port = place->port;
	redisContext *c = cli_redis_connect_at(&url, why, size);
	redisReply *r = c ? redisCommand(c, "CLUSTER SLOTS") : NULL;
	const bool fine = r && r->type == REDIS_REPLY_ARRAY && r->elements > 0;

	for (size_t i = 0; fine && i < r->elements; i++)
		read_range(self, r->element[i], place);
	if (c && !fine)
		snprintf(why, size, "%s:%u: %s", place->host, place->port, r && r->str ? r->str : r ? "its cluster has no slots yet" : c->errstr);
	if (r)
		freeReplyObject(r);
	if (c)
		redisFree(c);
	return fine;
}

struct masters *masters_open(const struct loc_url *url, char *why, size_t size)
{
	struct masters *self = calloc(1, sizeof *self);

	if (!self) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	self->url = *url;
	self->end = &self->first;
	for (uint32_t i = 0; i < url->nplace; i++)
		if (read_map(self, &url->place[i], why, size))
			return self;
	masters_close(&self);
	return NULL;
}

static struct sent shift(struct masters *self)
{
	struct sent *first = self->first;
	const struct sent s = *first;

	self->first = first->next;
	if (!self->first)
		self->end = &self->first;
	free(first);
	return s;
}

void masters_close(struct masters **self_p)
{
	struct masters *self = *self_p;

	if (!self)
		return;
	while (self->first)
		redisFreeCommand(shift(self).text);
	for (uint32_t i = 0; i < self->n; i++)
		if (self->node[i].c)
			redisFree(self->node[i].c);
	free(self);
	*self_p = NULL;
}

redisContext *masters_at(struct masters *self, uint32_t i, char *why, size_t size)
{
	uint32_t nth = 0;

	why[0] = 0;
	for (uint32_t k = 0; k < self->n; k++) {
		bool serves = false;

		for (int s = 0; s < LOC_SLOTS && !serves; s++)
			serves = self->slot[s] == &self->node[k];
		if (!serves || nth++ < i)
			continue;
		if (!open_node(self, &self->node[k]))
			snprintf(why, size, "%s", self->trouble);
		return self->node[k].c;
	}
	return NULL;
}

/* ---- Commands ---- */

/* "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n": the first words, as many as `max` */
static int words_of(const char *text, struct slice *out, int max)
{
	const long n = strtol(text + 1, NULL, 10);
	const char *at = strchr(text, '\n');
	int i = 0;

	for (; at && i < n && i < max; i++) {
		char *end;
		const unsigned long len = strtoul(at + 2, &end, 10);

		out[i] = slice_of(end + 2, (uint32_t)len);
		at = end + 2 + len + 1;
	}
	return i;
}

static struct node *node_for(struct masters *self, const char *text)
{
	struct slice words[WORDS];
	const int slot = loc_command_slot(words_of(text, words, WORDS), words);

	for (int s = 0; slot < 0 && s < LOC_SLOTS; s++)
		if (self->slot[s])
			return self->slot[s];
	return slot < 0 ? NULL : self->slot[slot];
}

void masters_queue(struct masters *self, char *text, int n)
{
	struct sent *s = calloc(1, sizeof *s);
	struct slice verb = SLICE_NONE;

	if (!s || n <= 0 || !words_of(text, &verb, 1)) {
		free(s);
		return; /* without memory: the answer is then missed and said */
	}
	*s = (struct sent){ .text = text, .n = n };
	if (!slice_eq(verb, SLICE("MULTI")))
		s->node = node_for(self, text);
	if (open_node(self, s->node))
		redisAppendFormattedCommand(s->node->c, text, (size_t)n);
	*self->end = s;
	self->end = &s->next;
}

static redisReply *fine(void)
{
	redisReply *r = calloc(1, sizeof *r);

	if (r) {
		r->type = REDIS_REPLY_STATUS;
		r->str = strdup("OK");
		r->len = 2;
	}
	return r;
}

/* "MOVED 3999 127.0.0.1:6381": the command once more, there, on a connection of its own: the others have answers under way. */
static redisReply *follow(struct masters *self, const struct sent *s, redisReply *said)
{
	const bool ask = !strncmp(said->str, "ASK ", 4);
	const char *place = strrchr(said->str, ' '), *colon = strrchr(said->str, ':');
	const long slot = strtol(strchr(said->str, ' '), NULL, 10);
	struct node *node = place && colon ? node_at(self, slice_of(place + 1, (uint32_t)(colon - place - 1)), atol(colon + 1)) : NULL;
	redisContext *c = node ? cli_redis_connect_at(&node->url, self->trouble, sizeof self->trouble) : NULL;
	redisReply *r = c && ask ? redisCommand(c, "ASKING") : NULL;

	if (r)
		freeReplyObject(r);
	r = NULL;
	if (node && !ask && slot >= 0 && slot < LOC_SLOTS)
		self->slot[slot] = node;
	freeReplyObject(said);
	if (!c)
		return NULL;
	redisAppendFormattedCommand(c, s->text, (size_t)s->n);
	if (redisGetReply(c, (void **)&r) != REDIS_OK)
		snprintf(self->trouble, sizeof self->trouble, "%s", c->errstr);
	redisFree(c);
	return r;
}

static bool sends_on(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_ERROR && (!strncmp(r->str, "MOVED ", 6) || !strncmp(r->str, "ASK ", 4));
}

redisReply *masters_next(struct masters *self)
{
	redisReply *r = NULL;
	struct sent s;

	if (!self->first)
		return NULL;
	s = shift(self);
	if (s.node && s.node->c && redisGetReply(s.node->c, (void **)&r) != REDIS_OK)
		snprintf(self->trouble, sizeof self->trouble, "%s", s.node->c->errstr);
	for (int hops = 0; hops < HOPS && sends_on(r); hops++)
		r = follow(self, &s, r);
	if (!s.node) {
		struct slice verb = SLICE_NONE;

		words_of(s.text, &verb, 1);
		if (slice_eq(verb, SLICE("MULTI")))
			r = fine();
		else
			snprintf(self->trouble, sizeof self->trouble, "no node of the cluster has this key's slot");
	}
	redisFreeCommand(s.text);
	return r;
}

const char *masters_trouble(const struct masters *self)
{
	return self->trouble;
}
