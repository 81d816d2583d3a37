/* SPDX-License-Identifier: MIT */
/* counter: rows that are only ever added, so that a reader needs no lock. */
#include "counter.h"

#include <string.h>

uint64_t *counters_add(struct counters *self, const char *name, const char *help)
{
	const uint32_t n = atomic_load_explicit(&self->n, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++)
		if (strcmp(self->row[i].name, name) == 0)
			return &self->row[i].value;
	if (n == COUNTERS_MAX)
		return &self->spill;
	self->row[n] = (struct counter){ .name = name, .help = help };
	atomic_store_explicit(&self->n, n + 1, memory_order_release);
	return &self->row[n].value;
}

struct sum { /* one line of the answer */
	const char *name, *help;
	uint64_t value;
};

static uint32_t gather(struct counters *const loops[], int nloop, struct sum sums[COUNTERS_MAX])
{
	uint32_t count = 0;

	for (int l = 0; l < nloop; l++) {
		const uint32_t n = atomic_load_explicit(&loops[l]->n, memory_order_acquire);

		for (uint32_t i = 0; i < n; i++) {
			const struct counter *row = &loops[l]->row[i];
			uint32_t k = 0;

			while (k < count && strcmp(sums[k].name, row->name) != 0)
				k++;
			if (k == COUNTERS_MAX)
				continue;
			if (k == count)
				sums[count++] = (struct sum){ row->name, row->help, 0 };
			sums[k].value += __atomic_load_n(&row->value, __ATOMIC_RELAXED);
		}
	}
	return count;
}

static struct slice family(const char *name) /* without labels */
{
	return slice_of(name, (uint32_t)strcspn(name, "{"));
}

/* A family's lines stand together under one HELP and TYPE. */
void counters_render(struct counters *const loops[], int nloop, struct rt_cursor *c)
{
	struct sum sums[COUNTERS_MAX];
	const uint32_t n = gather(loops, nloop, sums);

	for (uint32_t i = 0; i < n; i++) {
		const struct slice name = family(sums[i].name);
		bool printed = false;

		for (uint32_t k = 0; k < i; k++)
			printed |= slice_eq(family(sums[k].name), name);
		if (printed)
			continue;
		rt_cursor_printf(c, "# HELP " SLICE_FMT " %s\n# TYPE " SLICE_FMT " %s\n", SLICE_ARG(name), sums[i].help,
				 SLICE_ARG(name), memmem(name.p, name.n, "_total", 6) ? "counter" : "gauge");
		for (uint32_t k = i; k < n; k++)
			if (slice_eq(family(sums[k].name), name))
				rt_cursor_printf(c, "%s %llu\n", sums[k].name, (unsigned long long)sums[k].value);
	}
}
