/* SPDX-License-Identifier: MIT */
/*
 * reflector: answers 200 to every datagram and reads next to nothing of it: what storm can do when its server costs as good as nothing.
 *
 *   bench-reflector PORT
 *
 * An answer is the request with another first line, its rport filled in and a tag behind To; nothing is copied, only pointed at:
 *
 *   | SIP/2.0 200 OK | what followed, to ";rport" | =PORT | on to the end of To | ;tag=r | the rest |
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 4096, PARTS = 6, BUFFER = 8 << 20 };

static char text[BATCH][ROOM], port_text[BATCH][8];
static struct iovec in_part[BATCH], out_part[BATCH][PARTS];
static struct mmsghdr in[BATCH], out[BATCH];
static struct sockaddr_in from[BATCH];

static struct iovec part(const char *begin, const char *end)
{
	union {
		const char *read;
		void *whole;
	} at = { begin };

	return (struct iovec){ at.whole, (size_t)(end - begin) };
}

/* Just behind `what`, or the end. */
static const char *behind(const char *p, const char *end, const char *what)
{
	const char *at = memmem(p, (size_t)(end - p), what, strlen(what));

	return at ? at + strlen(what) : end;
}

static void reflect(int i, unsigned n, struct mmsghdr *answer)
{
	static const char ok[] = "SIP/2.0 200 OK\r\n", tag[] = ";tag=r";
	const char *const end = text[i] + n;
	const char *const line = behind(text[i], end, "\r\n"), *const rport = behind(line, end, ";rport");
	const char *const to = behind(behind(rport, end, "\nTo: "), end, ">");
	const int digits = snprintf(port_text[i], sizeof(port_text[i]), "=%u", ntohs(from[i].sin_port));
	const struct iovec parts[PARTS] = { part(ok, ok + sizeof(ok) - 1), part(line, rport), part(port_text[i], port_text[i] + digits),
					    part(rport, to), part(tag, tag + sizeof(tag) - 1), part(to, end) };

	memcpy(out_part[i], parts, sizeof(parts));
	answer->msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = out_part[i], .msg_iovlen = PARTS };
}

static int listen_at(int port)
{
	const struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)); /* root may pass net.core.rmem_max */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a))) {
		perror("reflector: bind");
		exit(1);
	}
	return fd;
}

/* One datagram is waited for; what is there already comes along. */
static void turn(int fd)
{
	int n, at = 0;

	for (int i = 0; i < BATCH; i++) {
		in_part[i] = (struct iovec){ text[i], ROOM };
		in[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = &in_part[i], .msg_iovlen = 1 };
	}
	n = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, 0);
	for (int i = 0; i < n; i++)
		reflect(i, in[i].msg_len, &out[i]);
	while (at < n) {
		const int sent = sendmmsg(fd, out + at, (unsigned)(n - at), 0);

		at += sent > 0 ? sent : 1; /* one that cannot be sent is lost */
	}
}

int main(int argc, char **argv)
{
	const int port = argc == 2 ? atoi(argv[1]) : 0;

	if (port < 1 || port > 65535) {
		fputs("usage: bench-reflector PORT\n", stderr);
		return 1;
	}
	for (const int fd = listen_at(port);;)
		turn(fd);
}
