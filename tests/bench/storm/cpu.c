/* SPDX-License-Identifier: MIT */
/* cpu: the process clock of POSIX, which counts in nanoseconds for any process; /proc for the rest. */
#include "cpu.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "options.h"

enum { PROCESSES_MAX = 512, GROUP_NAME = 32 };

static struct process {
	int pid, group;
	clockid_t clock;
	uint64_t last_ns; /* stays when the process has ended */
} processes[PROCESSES_MAX];
static int nprocess;

static struct group {
	char name[GROUP_NAME];
	int pid;
	bool aux;
} groups[CPU_GROUPS_MAX];
static int ngroup;

static bool known(int pid)
{
	for (int i = 0; i < nprocess; i++)
		if (processes[i].pid == pid)
			return true;
	return false;
}

static void add(int pid, int group);

static void add_children(int pid, int group)
{
	char path[64];
	DIR *tasks;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	for (struct dirent *e; tasks && (e = readdir(tasks));) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, e->d_name);
		FILE *f = isdigit((unsigned char)e->d_name[0]) ? fopen(path, "r") : 0;

		while (f && fscanf(f, "%d", &child) == 1)
			add(child, group);
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
}

static void add(int pid, int group)
{
	struct process *const p = &processes[nprocess];

	if (!known(pid)) {
		if (nprocess == PROCESSES_MAX || clock_getcpuclockid(pid, &p->clock))
			return;
		p->pid = pid;
		p->group = group;
		nprocess++;
	}
	add_children(pid, group);
}

void cpu_watch(const char *name_pid, bool aux)
{
	const char *equals = strchr(name_pid, '=');
	const int pid = equals ? atoi(equals + 1) : 0;

	if (pid <= 0)
		die("%s: NAME=PID is wanted", name_pid);
	if (ngroup == CPU_GROUPS_MAX)
		die("more than %d processes to watch", CPU_GROUPS_MAX);
	snprintf(groups[ngroup].name, GROUP_NAME, "%.*s", (int)(equals - name_pid), name_pid);
	groups[ngroup].aux = aux;
	groups[ngroup].pid = pid;
	add(pid, ngroup);
	if (!known(pid))
		die("no process %d", pid);
	ngroup++;
}

void cpu_look(void)
{
	for (int g = 0; g < ngroup; g++)
		add(groups[g].pid, g);
}

static uint64_t read_clock(clockid_t clock, uint64_t otherwise)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? otherwise : (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Fields 14 and 15 of /proc/PID/stat, counted from the end of the name. */
static void add_ticks(int pid, struct cpu_snap *out)
{
	char path[64], text[1024];
	unsigned long user, system;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	const size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	const char *rest = strrchr(text, ')');
	if (rest && sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2) {
		out->user_ticks += user;
		out->system_ticks += system;
	}
}

/* The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
static uint64_t machine_ns(void)
{
	unsigned long v[8] = { 0 };
	FILE *f = fopen("/proc/stat", "r");

	if (!f)
		return 0;
	const int n = fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]);
	fclose(f);
	return n < 7 ? 0 : (v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) * (1000000000u / (unsigned long)sysconf(_SC_CLK_TCK));
}

void cpu_snap(struct cpu_snap *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < nprocess; i++) {
		struct process *p = &processes[i];
		const bool aux = groups[p->group].aux;

		p->last_ns = read_clock(p->clock, p->last_ns);
		out->group_ns[p->group] += p->last_ns;
		*(aux ? &out->aux_ns : &out->server_ns) += p->last_ns;
		if (!aux)
			add_ticks(p->pid, out);
	}
	out->self_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID, 0);
	out->machine_ns = machine_ns();
}

int cpu_groups(void)
{
	return ngroup;
}

const char *cpu_group_name(int group)
{
	return groups[group].name;
}

void cpu_memory(struct cpu_memory *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < nprocess; i++) {
		const bool aux = groups[processes[i].group].aux;
		char path[64], line[256];
		unsigned long kb;

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", processes[i].pid);
		FILE *f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "Rss: %lu", &kb) == 1)
				*(aux ? &out->aux_rss_kb : &out->rss_kb) += kb;
			else if (sscanf(line, "Pss: %lu", &kb) == 1 && !aux)
				out->pss_kb += kb;
		}
		if (f)
			fclose(f);
	}
}
