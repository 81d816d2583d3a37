/* SPDX-License-Identifier: MIT */
/*
 * million: the location store from a thousand addresses of record to a million, against a redis-server of its own.
 *
 *   build/bench/bench-million [build/bin/peal]      CPU of both sides per operation, bytes of Redis per binding;
 *                                                   with peal: `reg count` and `reg ls` over all of them, and `reg reindex`
 */
#include <time.h>

#include "kit/redis_server.h"
#include "loc/store.h"
#include "loc/users.h"
#include "rt/cursor.h"
#include "rt/hash.h"

enum { IN_FLIGHT = 64, SAMPLE = 100000 };

static struct kit_redis server;
static struct loc_redis *redis;
static int waiting, wrong;
static int64_t now;

/* ---- Operations ---- */

static void applied(void *arg, uint64_t token, int err, const struct loc_binding *b, int n)
{
	(void)arg, (void)token, (void)b;
	waiting--;
	wrong += err || n != 1;
}

static void found(void *arg, uint64_t token, int err, const struct loc_binding *b, int n, const struct loc_policy *policy)
{
	(void)policy;
	applied(arg, token, err, b, n);
}

/* A phone like others: behind TCP, with an instance and a User-Agent. */
static void put(uint32_t user, uint32_t cseq, const char *agent)
{
	char aor[64], contact[96], instance[64], id[80], call[48];
	struct loc_binding b = { .q = 1000, .cseq = cseq, .updated_at = now, .expires_at = now + 3600 + user % 600, .edge = 3, .flow = user + 1,
		                 .reg_id = 1, .path = SLICE(""), .params = SLICE("methods=\"INVITE,ACK,BYE,CANCEL,OPTIONS\""),
		                 .received = SLICE("tcp:198.51.100.9:40112"), .user_agent = slice_str(agent) };

	snprintf(aor, sizeof(aor), "user%07u@example.com", user);
	snprintf(contact, sizeof(contact), "sip:user%07u@192.0.2.7:5062;transport=tcp", user);
	snprintf(instance, sizeof(instance), "<urn:uuid:f81d4fae-7dec-11d0-a765-%012x>", user);
	snprintf(id, sizeof(id), "%s#1", instance);
	snprintf(call, sizeof(call), "%08x-a84b4c76e66710@192.0.2.7", user);
	b.contact = slice_str(contact);
	b.instance = slice_str(instance);
	b.id = slice_str(id);
	b.call_id = slice_str(call);
	const struct loc_change change = { .aor = slice_str(aor), .b = &b, .n = 1, .call_id = b.call_id, .cseq = cseq, .max_contacts = 10,
		                           .now = now, .domain = SLICE("example.com") };
	if (loc_store_apply(redis, &change, applied, 0, 0) == 0)
		waiting++;
	else
		wrong++;
}

static void look(uint32_t user)
{
	char aor[64];

	snprintf(aor, sizeof(aor), "user%07u@example.com", user);
	if (loc_lookup(redis, slice_str(aor), now, found, 0, 0) == 0)
		waiting++;
	else
		wrong++;
}

/* ---- Measuring ---- */

static double cpu_here(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A number of INFO. */
static double info(const char *section, const char *name)
{
	redisContext *c = redisConnectUnix(server.socket);
	redisReply *r = redisCommand(c, "INFO %s", section);
	const char *at = strstr(r->str, name);
	const double value = at ? strtod(at + strlen(name) + 1, 0) : 0;

	freeReplyObject(r);
	redisFree(c);
	return value;
}

static double cpu_redis(void)
{
	return 1e6 * (info("cpu", "used_cpu_user") + info("cpu", "used_cpu_sys"));
}

static void settle(int most)
{
	while (waiting > most)
		kit_redis_turn(redis);
}

enum what { ADD, REFRESH, CHANGE, LOOKUP }; /* CHANGE: a refresh that says something new */

static void operate(enum what what, uint32_t users, uint32_t count, uint32_t from, uint32_t cseq)
{
	char agent[48] = "Linphone/5.2.0 (bench)";

	now++;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t user = what == ADD ? from + i : (uint32_t)(rt_mix(i, users) % users); /* the same ones each time */

		settle(IN_FLIGHT - 1);
		if (what == CHANGE)
			snprintf(agent, sizeof(agent), "Linphone/5.2.%u (bench)", i + 1);
		if (what == LOOKUP)
			look(user);
		else
			put(user, what == ADD ? cseq : cseq * 1000000 + i, agent); /* no phone sends a CSeq twice: that would be a retransmission */
	}
	settle(0);
}

static void measure(const char *name, enum what what, uint32_t users, uint32_t count, uint32_t from, uint32_t cseq)
{
	const double here = cpu_here(), there = cpu_redis();
	const rt_ms began = rt_clock_ms();

	operate(what, users, count, from, cseq);
	const double us_here = (cpu_here() - here) / count, us_there = (cpu_redis() - there) / count;
	printf("%9u  %-8s  %6.1f  %6.1f  %8.0f\n", users, name, us_here, us_there, count * 1e3 / (double)(rt_clock_ms() - began + 1));
	fflush(stdout);
}

/* ---- The operator ---- */

static void peal(const char *path, const char *words)
{
	char line[512];
	const rt_ms began = rt_clock_ms();

	snprintf(line, sizeof(line), "%s --redis %s %s", path, server.url, words);
	const int status = system(line);
	printf("%9s  peal %.40s  %.1f s, status %d\n", "", words, (double)(rt_clock_ms() - began) / 1e3, status);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 1000, 100000, 1000000 };
	uint32_t have = 0, cseq = 1;

	kit_redis_start(&server, 0, 0);
	redis = loc_redis_new(server.url, 30000, rt_clock_ms());
	now = time(0);
	while (!loc_redis_up(redis))
		kit_redis_turn(redis);
	const double empty = info("memory", "used_memory");
	printf("%9s  %-8s  %6s  %6s  %8s\n", "addresses", "what", "us", "redis", "a second");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		measure("add", ADD, sizes[i], sizes[i] - have, have, 1);
		have = sizes[i];
		operate(REFRESH, have, SAMPLE, 0, ++cseq); /* the first refresh of each is not like the others: common/loc/apply.lua */
		measure("refresh", REFRESH, have, SAMPLE, 0, ++cseq);
		measure("lookup", LOOKUP, have, SAMPLE, 0, 1);
		measure("change", CHANGE, have, SAMPLE, 0, ++cseq);
		operate(REFRESH, have, SAMPLE, 0, ++cseq);
		printf("%9u  bytes of Redis per binding: %.0f, its sets and events included\n", have, (info("memory", "used_memory") - empty) / have);
	}
	if (argc > 1) {
		peal(argv[1], "reg count example.com");
		peal(argv[1], "reg ls example.com --json | wc -l");
		peal(argv[1], "reg ls example.com --json --offset 900000 --limit 100 | wc -l");
		peal(argv[1], "reg reindex");
		peal(argv[1], "reg count example.com");
	}
	printf("wrong answers: %d\n", wrong);
	loc_redis_destroy(&redis);
	kit_redis_stop(&server);
	return wrong > 0;
}
