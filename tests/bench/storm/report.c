/* SPDX-License-Identifier: MIT */
/* report: numbers, no verdict. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void report_begin(struct window *w)
{
	cpu_look();
	w->began = now_ns();
	cpu_snap(&w->cpu);
	w->lost = sock_lost();
	counts = (struct counts){ 0 };
}

static void print_names(const char *mode, int number, double seconds)
{
	printf("{\"peer\":\"%s\",\"variant\":\"%s\",\"mode\":\"%s\",\"transport\":\"%s\",\"auth\":\"%s\",\"aors\":%.0f,\"contacts\":%.0f,"
	       "\"rate\":%.0f,\"conc\":%.0f,\"window\":%d,\"seconds\":%.3f",
	       options.peer, options.variant, mode, options.transport, options.auth_text, options.aors, options.contacts, options.rate,
	       options.rate > 0 ? 0 : options.conc, number, seconds);
}

/* Microseconds of CPU an operation: all of the server, each process, the helpers, storm; and what strangers took. */
static void print_cpu(const struct cpu_snap *a, const struct cpu_snap *b, double seconds)
{
	const double us = counts.done ? 1e3 * (double)counts.done : INFINITY, percent = 1e7 * seconds; /* of none: 0 */
	const double server = (double)(b->server_ns - a->server_ns), aux = (double)(b->aux_ns - a->aux_ns);
	const double self = (double)(b->self_ns - a->self_ns), machine = (double)(b->machine_ns - a->machine_ns);
	const double user = (double)(b->user_ticks - a->user_ticks), system = (double)(b->system_ticks - a->system_ticks);
	const double others = machine - server - aux - self;

	if (cpu_groups()) {
		printf(",\"cpu_us_per_op\":%.3f,\"aux_us_per_op\":%.3f,\"server_cpu_pct\":%.1f,\"aux_cpu_pct\":%.1f,\"system_pct\":%.0f,\"cpu\":{",
		       server / us, aux / us, server / percent, aux / percent,
		       user + system > 0 ? 100 * system / (user + system) : 0);
		for (int g = 0; g < cpu_groups(); g++)
			printf("%s\"%s\":%.3f", g ? "," : "", cpu_group_name(g), (double)(b->group_ns[g] - a->group_ns[g]) / us);
		printf("}");
	}
	printf(",\"storm_us_per_op\":%.3f,\"storm_cpu_pct\":%.1f,\"others_cpu_pct\":%.1f", self / us, self / percent,
	       others > 0 ? others / percent : 0);
}

static void print_times(const char *name, const struct hist *h)
{
	if (h->n)
		printf(",\"%s\":{\"p50\":%" PRIu64 ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 "}", name,
		       hist_quantile(h, 0.5), hist_quantile(h, 0.9), hist_quantile(h, 0.99), hist_quantile(h, 0.999), h->max);
}

static uint64_t failed(void)
{
	return counts.timeouts + counts.wrong + counts.no_slot;
}

static void print_failures(void)
{
	printf(",\"failed\":%" PRIu64 ",\"timeouts\":%" PRIu64 ",\"wrong\":{", failed(), counts.timeouts);
	const char *comma = "";
	for (int f = FAULT_NONE + 1; f < FAULTS; f++)
		if (counts.fault[f]) {
			printf("%s\"%s\":%" PRIu64, comma, fault_name((enum fault)f), counts.fault[f]);
			comma = ",";
		}
	printf("},\"statuses\":{");
	comma = "";
	for (int s = 0; s < 700; s++)
		if (counts.status[s]) {
			printf("%s\"%d\":%u", comma, s, counts.status[s]);
			comma = ",";
		}
	printf("}");
}

static void print_memory(void)
{
	struct cpu_memory m;

	cpu_memory(&m);
	printf(",\"rss_kb\":%" PRIu64 ",\"pss_kb\":%" PRIu64 ",\"aux_rss_kb\":%" PRIu64, m.rss_kb, m.pss_kb, m.aux_rss_kb);
}

uint64_t report_end(const struct window *w, const char *mode, int number, bool memory)
{
	const double seconds = (double)(now_ns() - w->began) / 1e9;
	struct cpu_snap now;

	cpu_snap(&now);
	print_names(mode, number, seconds);
	printf(",\"started\":%" PRIu64 ",\"ops\":%" PRIu64 ",\"ops_per_s\":%.1f", counts.started, counts.done, (double)counts.done / seconds);
	print_cpu(&w->cpu, &now, seconds);
	print_times("answer_us", &counts.answer);
	print_times("forward_us", &counts.forward);
	print_times("bye_us", &counts.bye);
	print_failures();
	printf(",\"repeats_sent\":%" PRIu64 ",\"repeats_received\":%" PRIu64 ",\"late\":%" PRIu64 ",\"stray\":%" PRIu64
	       ",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"send_errors\":%" PRIu64 ",\"closed\":%" PRIu64
	       ",\"acks\":%" PRIu64 ",\"byes\":%" PRIu64 ",\"cancels\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"in_hand\":%u",
	       counts.repeats_sent, counts.repeats_received, counts.late, counts.stray, counts.sent, counts.received,
	       counts.send_errors, counts.closed, counts.acks, counts.byes, counts.cancels, sock_lost() - w->lost, op_active());
	if (memory && cpu_groups())
		print_memory();
	puts("}");
	fflush(stdout);
	return failed();
}
