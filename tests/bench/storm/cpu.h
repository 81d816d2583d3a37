/* SPDX-License-Identifier: MIT */
/* cpu: what processes of the server used: their clocks (user and system, all threads, ended ones too) and their memory. */
#ifndef STORM_CPU_H
#define STORM_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum { CPU_GROUPS_MAX = 32 };

struct cpu_snap {
	uint64_t group_ns[CPU_GROUPS_MAX];
	uint64_t server_ns, aux_ns, self_ns;
	uint64_t user_ticks, system_ticks; /* of the server, /proc/PID/stat */
	uint64_t machine_ns;               /* all that was not idle, on every CPU */
};

/* "name=pid", one group; its children are looked for at once and by each cpu_look. */
void cpu_watch(const char *name_pid, bool aux);
void cpu_look(void);

void cpu_snap(struct cpu_snap *out);
int cpu_groups(void);
const char *cpu_group_name(int group);

struct cpu_memory {
	uint64_t rss_kb, pss_kb, aux_rss_kb;
};
void cpu_memory(struct cpu_memory *out);

#endif
