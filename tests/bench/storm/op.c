/* SPDX-License-Identifier: MIT */
/* op: slots, timers and ends of operations. */
#include "op.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMER_AGAIN = 'A', TIMER_DEADLINE = 'D', TIMER_LEG = '0', TOLD_MAX = 5, BUSY_TRIES = 64 };

static struct rt_pool *ops;
static struct rt_wheel *wheel;
static rt_ms now_ms;
static uint32_t run_number, next_aor, next_caller, told;
static struct subscriber *subscribers;

struct counts counts;

const char *fault_name(enum fault f)
{
	static const char *const names[] = {
		[FAULT_NONE] = "none",
#define X(name, text) [FAULT_##name] = #name,
		FAULT_MAP(X)
#undef X
	};
	return names[f];
}

const char *fault_text(enum fault f)
{
	static const char *const texts[] = {
		[FAULT_NONE] = "nothing",
#define X(name, text) [FAULT_##name] = text,
		FAULT_MAP(X)
#undef X
	};
	return texts[f];
}

void op_open(uint32_t run)
{
	run_number = run;
	now_ms = now_ns() / 1000000;
	ops = rt_pool_new(sizeof(struct op), (uint32_t)options.pool);
	wheel = rt_wheel_new(now_ms);
	subscribers = calloc((size_t)options.aors, sizeof(*subscribers));
	if (!ops || !wheel || !subscribers)
		die("out of memory");
}

uint32_t op_run(void)
{
	return run_number;
}

uint32_t op_active(void)
{
	return rt_pool_live(ops);
}

void op_user(uint32_t aor, char out[OP_USER_BYTES])
{
	out[0] = (char)('a' + (int)options.proto * CONTACTS_MAX + (int)options.contacts - 1);
	for (int i = OP_USER_BYTES - 1; i > 0; i--, aor /= 10)
		out[i] = (char)('0' + aor % 10);
}

struct subscriber *op_subscriber(const struct op *op)
{
	return &subscribers[op->aor];
}

static uint32_t pick_aor(void)
{
	const uint32_t aors = (uint32_t)options.aors;
	uint32_t aor = next_aor++ % aors;

	for (int i = 0; options.mode == MODE_REGISTER && subscribers[aor].busy && i < BUSY_TRIES; i++)
		aor = next_aor++ % aors;
	return aor;
}

struct op *op_new(uint64_t scheduled)
{
	rt_handle handle;
	struct op *const op = rt_pool_take(ops, &handle);

	counts.started++;
	if (!op) {
		counts.no_slot++;
		return 0;
	}
	op->handle = handle;
	op->aor = pick_aor();
	op->tag = run_number * 2654435761u ^ (uint32_t)handle ^ (uint32_t)(handle >> 20);
	op->cseq = 1;
	op->scheduled = scheduled;
	op->sock = sock_caller(next_caller++);
	if (options.mode == MODE_REGISTER) {
		op_subscriber(op)->busy = true;
		op->cseq = ++op_subscriber(op)->cseq;
	}
	op_deadline_in(op, (uint32_t)options.timeout);
	return op;
}

struct op *op_of(rt_handle handle)
{
	return rt_pool_get(ops, handle);
}

struct op *op_find(struct slice text, bool *ours)
{
	uint64_t run, handle;

	*ours = text.n >= 24 && slice_hex_u64(slice_head(text, 8), &run) && run == run_number &&
	        slice_hex_u64(slice_of(text.p + 8, 16), &handle);
	return *ours ? rt_pool_get(ops, handle) : 0;
}

static void release(struct op *op)
{
	rt_wheel_stop(wheel, &op->again);
	rt_wheel_stop(wheel, &op->deadline);
	for (int k = 0; k < CONTACTS_MAX; k++) {
		rt_wheel_stop(wheel, &op->leg[k].again);
		free(op->leg[k].final);
	}
	op_subscriber(op)->busy = false;
	rt_pool_give(ops, op->handle);
}

void op_done(struct op *op)
{
	counts.done++;
	release(op);
}

/* What it was waiting for, in words. */
static const char *waited_for(const struct op *op)
{
	if (op->state == OP_WAITING)
		return op->nleg ? "the answer" : "the answer; the called side saw nothing";
	if (!op->bye_answered)
		return "the answer to BYE";
	return op->leg[0].state == LEG_OVER ? "the ends of the other branches" : "the ACK at the called side";
}

static void tell(const struct op *op, enum fault why, const char *what, struct slice text)
{
	char user[OP_USER_BYTES];

	op_user(op->aor, user);
	fprintf(stderr, "storm: %.8s, %s: %s%s\n", user, what, why ? fault_text(why) : "timed out waiting for ",
	        why ? "" : waited_for(op));
	if (text.n)
		fprintf(stderr, SLICE_FMT "\n", SLICE_ARG(text));
}

void op_fail(struct op *op, enum fault why, const char *what, struct slice text)
{
	if (why == FAULT_NONE)
		counts.timeouts++;
	else
		counts.wrong++;
	counts.fault[why]++;
	if (told++ < TOLD_MAX || options.verbose)
		tell(op, why, what, text);
	release(op);
}

/* ---- Timers ---- */

static void start(struct rt_timer *t, rt_handle owner, uint8_t name, uint32_t ms)
{
	t->owner = owner;
	t->name = name;
	rt_wheel_start(wheel, t, now_ms + ms);
}

void op_repeat_in(struct op *op, uint32_t ms)
{
	start(&op->again, op->handle, TIMER_AGAIN, ms);
}

void op_repeat_stop(struct op *op)
{
	rt_wheel_stop(wheel, &op->again);
}

void op_deadline_in(struct op *op, uint32_t ms)
{
	start(&op->deadline, op->handle, TIMER_DEADLINE, ms);
}

void op_leg_repeat_in(struct op *op, int leg, uint32_t ms)
{
	start(&op->leg[leg].again, op->handle, (uint8_t)(TIMER_LEG + leg), ms);
}

void op_leg_repeat_stop(struct op *op, int leg)
{
	rt_wheel_stop(wheel, &op->leg[leg].again);
}

void op_clock(uint64_t now)
{
	now_ms = now / 1000000;
}

void op_run_timers(op_timer_fn *repeat)
{
	struct rt_timer *t;

	while ((t = rt_wheel_pop(wheel, now_ms))) {
		struct op *const op = op_of(t->owner);

		if (t->name == TIMER_DEADLINE)
			op_fail(op, FAULT_NONE, options.mode_name, SLICE_NONE);
		else
			repeat(op, t->name == TIMER_AGAIN ? -1 : t->name - TIMER_LEG);
	}
}
