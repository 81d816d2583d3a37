/* SPDX-License-Identifier: MIT */
/* seeds_main: a fuzz target without its engine: every file of the folders (or files) given runs through it once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kit/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int run_file(const char *path)
{
	const struct slice text = kit_file_read(path);
	uint8_t *exact;

	if (!slice_present(text)) {
		fprintf(stderr, "seeds: cannot read %s\n", path);
		return -1;
	}
	exact = malloc(text.n ? text.n : 1); /* so that a sanitizer sees the true end */
	memcpy(exact, text.p, text.n);
	LLVMFuzzerTestOneInput(exact, text.n);
	free(exact);
	free((void *)(uintptr_t)text.p);
	return 1;
}

/* Files run, or -1. */
static int run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ran = 0;

	if (!dir) {
		fprintf(stderr, "seeds: cannot open %s\n", path);
		return -1;
	}
	while (ran >= 0 && (entry = readdir(dir))) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		ran = run_file(file) < 0 ? -1 : ran + 1;
	}
	closedir(dir);
	return ran;
}

int main(int argc, char **argv)
{
	int ran = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		const int n = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? run_folder(argv[i])
									     : run_file(argv[i]);

		if (n < 0)
			return 1;
		ran += n;
	}
	printf("%d seeds\n", ran);
	if (ran == 0)
		fprintf(stderr, "seeds: nothing to run; give folders or files\n");
	return ran == 0;
}
