/* SPDX-License-Identifier: MIT */
#include "cert.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool read_end(X509 *x, int *days, char until[16])
{
	const ASN1_TIME *const end = X509_get0_notAfter(x);
	int seconds = 0;
	struct tm tm;

	if (!ASN1_TIME_diff(days, &seconds, NULL, end) || !ASN1_TIME_to_tm(end, &tm))
		return false;
	if (seconds < 0)
		--*days; /* an hour ago is not today */
	strftime(until, 16, "%Y-%m-%d", &tm);
	return true;
}

bool cert_read(struct slice file, int *days, char until[16], char *why, size_t size)
{
	char path[1024];
	FILE *f = slice_cstr(file, path, sizeof(path)) ? fopen(path, "re") : NULL;
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	bool ok = x && read_end(x, days, until);

	if (!ok)
		snprintf(why, size, "%s", f ? "no certificate in it" : strerror(errno));
	X509_free(x);
	if (f)
		fclose(f);
	return ok;
}
