/* SPDX-License-Identifier: MIT */
/*
 * users: user:<aor>, remembered for a few seconds.
 *
 *   memory   | set | set | set | ...       an address has four places; the one that ends first makes way
 */
#include "loc/users.h"

#include <stdio.h>
#include <stdlib.h>

#include "loc/store.h"
#include "rt/clock.h"
#include "rt/cursor.h"
#include "rt/hash.h"

enum { WAYS = 4, AOR_MAX = 120, KEPT = 5000, KEPT_ABSENT = 1000 /* ms */ };

struct entry {
	rt_ms at, until; /* when it came; until when it is as good as asked */
	int err;         /* 0 or RT_ABSENT */
	uint8_t n;       /* bytes of aor, beside them, so that a look at another's costs one line of the cache; 0: free */
	char aor[AOR_MAX];
	struct loc_user user;
};

struct loc_users {
	struct loc_redis *redis;
	struct rt_key key; /* phones choose their names: the hash is keyed */
	struct entry *entry;
	uint32_t sets;
	rt_ms stale;       /* ms an answer may be used while Redis is away; 0: not at all */
	uint32_t asking;   /* calls under way */
	bool gone;         /* destroyed, waiting for them */
	rt_ms now;
};

struct op {
	struct loc_users *users;
	loc_user_fn *done;
	void *arg;
	uint64_t token;
	uint32_t n;
	char aor[];
};

struct loc_users *loc_users_new(struct loc_redis *redis, uint32_t room)
{
	struct loc_users *self = calloc(1, sizeof(*self));

	if (!self)
		return 0;
	self->redis = redis;
	self->sets = room / WAYS ? room / WAYS : 1;
	self->entry = calloc((size_t)self->sets * WAYS, sizeof(*self->entry));
	rt_random(&self->key, sizeof(self->key));
	if (self->entry)
		return self;
	free(self);
	return 0;
}

void loc_users_remember(struct loc_users *self, uint32_t seconds)
{
	self->stale = (rt_ms)seconds * 1000;
}

static void dispose(struct loc_users *self)
{
	free(self->entry);
	free(self);
}

void loc_users_destroy(struct loc_users **self_p)
{
	struct loc_users *self = *self_p;

	*self_p = 0;
	if (!self)
		return;
	self->gone = true;
	if (self->asking == 0)
		dispose(self);
}

static struct entry *set_of(struct loc_users *self, struct slice aor)
{
	return &self->entry[rt_hash(self->key, aor.p, aor.n) % self->sets * WAYS];
}

static const struct entry *find(struct loc_users *self, struct slice aor)
{
	const struct entry *set = set_of(self, aor);

	for (int i = 0; i < WAYS; i++)
		if (set[i].n && slice_eq(slice_of(set[i].aor, set[i].n), aor))
			return &set[i];
	return 0;
}

static const struct entry *recall(struct loc_users *self, struct slice aor)
{
	const struct entry *e = find(self, aor);

	return e && e->until > self->now ? e : 0;
}

/* Redis is away: what it said of him before, if he was known. */
static bool answer_stale(struct loc_users *self, struct slice aor, loc_user_fn *done, void *arg, uint64_t token)
{
	const struct entry *e = self->stale ? find(self, aor) : 0;

	if (!e || e->err || self->now - e->at > self->stale)
		return false;
	done(arg, token, RT_STALE, &e->user);
	return true;
}

static void remember(struct loc_users *self, struct slice aor, int err, const struct loc_user *user)
{
	struct entry *set, *place;

	if (aor.n == 0 || aor.n > AOR_MAX)
		return;
	set = set_of(self, aor);
	place = set;
	for (int i = 0; i < WAYS; i++) {
		if (slice_eq(slice_of(set[i].aor, set[i].n), aor)) {
			place = &set[i];
			break;
		}
		if (set[i].until < place->until)
			place = &set[i];
	}
	memcpy(place->aor, aor.p, aor.n);
	place->n = (uint8_t)aor.n;
	place->err = err;
	place->at = self->now;
	place->until = self->now + (err ? KEPT_ABSENT : KEPT);
	place->user = *user;
}

/* ---- Answers ---- */

static const char *const names[] = { "ha1_md5", "ha1_sha256", "ha1_sha512", "realm", "disabled", "max_contacts" };

enum { NAMES = sizeof(names) / sizeof(*names) };

static struct slice value_of(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING ? slice_of(r->str, (uint32_t)r->len) : SLICE_NONE;
}

/* A hash is hex of its own length, in lower case; anything else is none. */
static void read_hash(struct slice s, char *out, uint32_t digits)
{
	out[0] = 0;
	if (s.n != digits)
		return;
	for (uint32_t i = 0; i < digits; i++) {
		const char c = (char)(s.p[i] >= 'A' && s.p[i] <= 'F' ? s.p[i] | 0x20 : s.p[i]);

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
			out[0] = 0;
			return;
		}
		out[i] = c;
	}
	out[digits] = 0;
}

static int read_user(struct loc_user *out, const redisReply *reply)
{
	struct slice v[NAMES];
	bool any = false;

	*out = (struct loc_user){ 0 };
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != NAMES)
		return RT_BAD;
	for (int i = 0; i < NAMES; i++) {
		v[i] = value_of(reply->element[i]);
		any = any || slice_present(v[i]);
	}
	if (!any)
		return RT_ABSENT;
	read_hash(v[0], out->ha1_md5, 32);
	read_hash(v[1], out->ha1_sha256, 64);
	read_hash(v[2], out->ha1_sha512, 64);
	(void)slice_cstr(v[3], out->realm, sizeof(out->realm));
	out->disabled = v[4].n && !slice_eq(v[4], SLICE("0")) && !slice_eq_nocase(v[4], SLICE("off"));
	(void)slice_u32(v[5], &out->max_contacts);
	return 0;
}

static void came(void *arg, uint64_t token, int err, const redisReply *reply)
{
	struct op *op = arg;
	struct loc_users *self = op->users;
	struct loc_user user;

	(void)token;
	if (!err)
		err = read_user(&user, reply);
	self->asking--;
	if (!self->gone && (err == 0 || err == RT_ABSENT))
		remember(self, slice_of(op->aor, op->n), err, &user);
	if (self->gone || (err != RT_DOWN && err != RT_TIMEOUT) || !answer_stale(self, slice_of(op->aor, op->n), op->done, op->arg, op->token))
		op->done(op->arg, op->token, err, err ? 0 : &user);
	if (self->gone && self->asking == 0)
		dispose(self);
	free(op);
}

int loc_users_fetch(struct loc_users *self, struct slice aor, rt_ms now, loc_user_fn *done, void *arg, uint64_t token)
{
	char key[SIP_URI_MAX + 16];
	struct rt_cursor c = rt_cursor_on(key, sizeof(key));
	struct slice argv[2 + NAMES] = { SLICE("HMGET") };
	const struct entry *known;
	struct op *op;

	self->now = now;
	known = recall(self, aor);
	if (known) {
		done(arg, token, known->err, known->err ? 0 : &known->user);
		return 0;
	}
	rt_cursor_lit(&c, "user:");
	rt_cursor_put(&c, aor);
	argv[1] = rt_cursor_text(&c);
	for (int i = 0; i < NAMES; i++)
		argv[2 + i] = slice_str(names[i]);
	op = c.err ? 0 : malloc(sizeof(*op) + aor.n);
	if (!op)
		return RT_DOWN;
	*op = (struct op){ self, done, arg, token, aor.n };
	memcpy(op->aor, aor.p, aor.n);
	if (loc_redis_call(self->redis, came, op, 0, 2 + NAMES, argv)) {
		free(op);
		return answer_stale(self, aor, done, arg, token) ? 0 : RT_DOWN;
	}
	self->asking++;
	return 0;
}
