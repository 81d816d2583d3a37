/* SPDX-License-Identifier: MIT */
/* sockets: a connection refused by an old socket file means that its owner is dead; anything else leaves it alone. */
#include "sockets.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { YOUNG = 10 }; /* seconds */

static bool is_dead(const struct sockaddr_un *at)
{
	struct stat st;
	bool dead;
	int fd;

	if (lstat(at->sun_path, &st) || !S_ISSOCK(st.st_mode)) /* a plain file refuses as well */
		return false;
	if (time(0) - st.st_mtime < YOUNG) /* between its bind and its listen a living socket refuses too */
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	dead = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

void sockets_sweep(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		struct sockaddr_un at = { .sun_family = AF_UNIX };
		const int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", folder, entry->d_name);

		if (n > 0 && (size_t)n < sizeof(at.sun_path) && is_dead(&at))
			unlink(at.sun_path);
	}
	closedir(d);
}
