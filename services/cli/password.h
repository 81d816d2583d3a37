/* SPDX-License-Identifier: MIT */
/* password: asks a person, or takes a line of standard input. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>

enum { PASSWORD_MAX = 256 };

/* Twice without echo at the terminal; once from standard input when `plain`. 0, or -1 after saying why. */
int password_read(char out[PASSWORD_MAX], bool plain);

#endif
