/* SPDX-License-Identifier: MIT */
/* cert: until when a certificate of the server is good, as phones will judge it. */
#ifndef CERT_H
#define CERT_H

#include "rt/slice.h"

/*
 * The first certificate of a PEM file, the one phones are shown.
 *   days   left; negative: it has ended
 *   until  "2026-12-24"
 * false: the file cannot be read, why then says why
 */
bool cert_read(struct slice file, int *days, char until[16], char *why, size_t size);

#endif
