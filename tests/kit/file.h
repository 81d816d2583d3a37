/* SPDX-License-Identifier: MIT */
/* file: a whole file as a slice. */
#ifndef KIT_FILE_H
#define KIT_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "rt/slice.h"

/* The caller frees .p; absent when the file cannot be read. */
static inline struct slice kit_file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *p = 0;
	long n = -1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		n = ftell(f);
	if (n >= 0 && fseek(f, 0, SEEK_SET) == 0)
		p = malloc((size_t)n + 1);
	if (p && fread(p, 1, (size_t)n, f) != (size_t)n) {
		free(p);
		p = 0;
	}
	if (f)
		fclose(f);
	return p ? slice_of(p, (uint32_t)n) : SLICE_NONE;
}

#endif
