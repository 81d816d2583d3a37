/* SPDX-License-Identifier: MIT */
/* options: what the command line asks for; one table makes the reader and the help. */
#ifndef STORM_OPTIONS_H
#define STORM_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum mode { MODE_REGISTER, MODE_CALL, MODE_OPTIONS, MODE_MESSAGE };
enum proto { PROTO_UDP, PROTO_TCP, PROTO_TLS };
enum auth { AUTH_NONE, AUTH_CHALLENGE, AUTH_REUSE };

enum { CONTACTS_MAX = 8, WATCHED_MAX = 16 };

struct options {
	enum mode mode;
	const char *mode_name;

	const char *target_text, *transport, *domain, *local;
	struct sockaddr_in target;
	enum proto proto;

	double rate;               /* operations a second; 0: closed loop */
	double conc;               /* closed loop: operations in hand */
	double aors, contacts, expires;
	double ring, hold;         /* ms between INVITE and 200, ACK and BYE */
	double count;              /* operations of the whole run; 0: windows decide */
	double warmup, window, windows, drain; /* seconds, seconds, number, seconds */
	double timeout;            /* ms until an operation has failed */
	double callers, callees;   /* sockets */
	double callee_port, pool;
	const char *auth_text, *password;
	enum auth auth;
	const char *cert, *key;
	bool prepare, no_sdp, no_retransmit, record_route, verbose;

	const char *pid[WATCHED_MAX], *aux[WATCHED_MAX]; /* "name=pid" */
	int npid, naux;
	const char *peer, *variant;
};
extern struct options options;

/* Ends the program with 1 and a sentence when the line makes no sense; --help ends it with 0. */
void options_read(int argc, char **argv);

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

struct sockaddr_in address_of(const char *ip, int port);

#endif
