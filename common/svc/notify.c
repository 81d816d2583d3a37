/* SPDX-License-Identifier: MIT */
/* notify: a datagram of a few words to the socket that the manager named; what it does with it is its business. */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rt/slice.h"

void notify_open(struct notify *self)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n = 0;

	*self = (struct notify){ .socket = getenv("NOTIFY_SOCKET") };
	if (pid && strtol(pid, 0, 10) != getpid())
		return; /* meant for who started us */
	if (usec && slice_u64(slice_str(usec), &n))
		self->every = n / 1000 / 3;
}

/* sd_notify(3): a path, or behind '@' a name in the abstract namespace. */
void notify_say(const struct notify *self, const char *state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (!self->socket || !self->socket[0])
		return;
	n = strlen(self->socket);
	if (n >= sizeof(at.sun_path))
		return;
	memcpy(at.sun_path, self->socket, n);
	if (at.sun_path[0] == '@')
		at.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&at,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

int notify_alive(struct notify *self, rt_ms now, bool alive)
{
	if (!self->socket || !self->every)
		return -1;
	if (now >= self->due) {
		if (alive)
			notify_say(self, "WATCHDOG=1");
		self->due = now + self->every;
	}
	return (int)(self->due - now);
}
