/* SPDX-License-Identifier: MIT */
/* password: asks a person twice without echo, or takes one line of standard input. */
#include "password.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "cli.h"

/* One line without its end; -1 when there is none or it is too long. */
static int read_line(FILE *f, char out[PASSWORD_MAX])
{
	if (!fgets(out, PASSWORD_MAX, f))
		return -1;
	const size_t n = strcspn(out, "\r\n");
	if (out[n] == '\0' && n == PASSWORD_MAX - 1)
		return -1;
	out[n] = '\0';
	return 0;
}

/* Ask with the terminal's echo off; signals wait until it is on again. */
static int ask(FILE *tty, const char *question, char out[PASSWORD_MAX])
{
	struct termios now, quiet;
	sigset_t all, before;

	if (tcgetattr(fileno(tty), &now))
		return -1;
	quiet = now;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	sigfillset(&all);
	sigdelset(&all, SIGTSTP);
	sigprocmask(SIG_BLOCK, &all, &before);
	tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
	fputs(question, tty);
	fflush(tty);
	const int err = read_line(tty, out);
	tcsetattr(fileno(tty), TCSAFLUSH, &now);
	fputc('\n', tty);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int ask_twice(char out[PASSWORD_MAX])
{
	char again[PASSWORD_MAX];
	FILE *tty = fopen("/dev/tty", "r+e");
	int err = -1;

	if (!tty) {
		cli_fail("there is no terminal to ask at; give the password with --password-stdin");
		return -1;
	}
	if (ask(tty, "password: ", out) || ask(tty, "again: ", again))
		cli_fail("no password was typed");
	else if (strcmp(out, again))
		cli_fail("the two are not the same; nothing was stored");
	else
		err = 0;
	fclose(tty);
	explicit_bzero(again, sizeof(again));
	return err;
}

int password_read(char out[PASSWORD_MAX], bool plain)
{
	int err = plain ? read_line(stdin, out) : ask_twice(out);

	if (plain && err)
		cli_fail("no password came over standard input (one line, under %d bytes)", PASSWORD_MAX);
	if (!err && !out[0]) {
		cli_fail("the password is empty; nothing was stored");
		err = -1;
	}
	return err;
}
