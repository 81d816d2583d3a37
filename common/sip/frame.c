/* SPDX-License-Identifier: MIT */
/* frame: where one message ends and the next begins on a stream, RFC 3261 18.3. */
#include "sip/frame.h"

#include "limits.h"
#include "line.h"

/* CRLF pairs in front of a message: keep-alive (RFC 5626 4.4.1) or mere politeness (RFC 3261 7.5). */
static uint32_t leading_crlfs(struct slice in)
{
	uint32_t n = 0;

	while (in.n - n >= 2 && in.p[n] == '\r' && in.p[n + 1] == '\n')
		n += 2;
	return n / 2;
}

/* Could what is left be the first bytes of one more CRLF? */
static bool half_crlf(struct slice rest)
{
	return rest.n == 0 || (rest.n == 1 && rest.p[0] == '\r');
}

/*
 * Look for the empty line from where the last look ended. A bare LF is refused at once: to one reader it ends a line, to
 * another it does not, and a message could hide in the difference.
 */
static int find_head(struct sip_frame *f, struct slice in)
{
	const uint32_t limit = in.n < SIP_HEAD_MAX ? in.n : SIP_HEAD_MAX;

	while (f->scanned < limit) {
		const char *lf = memchr(in.p + f->scanned, '\n', limit - f->scanned);
		const uint32_t at = lf ? (uint32_t)(lf - in.p) : limit;

		f->scanned = lf ? at + 1 : limit;
		if (!lf)
			break;
		if (at == 0 || in.p[at - 1] != '\r')
			return RT_BAD;
		if (at >= 3 && in.p[at - 2] == '\n') {
			f->head_n = at + 1;
			return 0;
		}
	}
	return in.n >= SIP_HEAD_MAX ? RT_BIG : RT_MORE;
}

/* Is this header line a Content-Length, and what does it say? RT_ABSENT: another header. */
static int line_length(struct slice line, uint64_t *n)
{
	const char initial = (char)(line.p[0] | 0x20);
	struct slice value;

	if (initial != 'c' && initial != 'l') /* most lines are left at a glance */
		return RT_ABSENT;
	if (sip_line_read(line, &value) != SIP_HDR_CONTENT_LENGTH)
		return RT_ABSENT;
	return slice_u64(slice_trim(value), n) ? 0 : RT_BAD;
}

/* Content-Length is required on a stream, 18.3 and 20.14; twice the same is still one length. */
static int read_length(struct slice head, uint64_t *length)
{
	bool found = false;

	for (uint32_t at = sip_line_next(head, 0), next; at < head.n; at = next) {
		uint64_t n;
		int rc;

		next = sip_line_next(head, at);
		rc = line_length(slice_of(head.p + at, next - at), &n);
		if (rc == RT_ABSENT)
			continue;
		if (rc < 0 || (found && n != *length))
			return RT_BAD;
		*length = n;
		found = true;
	}
	return found ? 0 : RT_BAD;
}

/* Head and length, once; 0 when both are known. */
static int open_head(struct sip_frame *f, struct slice in)
{
	uint64_t length = 0;
	int rc = find_head(f, in);

	if (rc < 0)
		return rc;
	rc = read_length(slice_head(in, f->head_n), &length);
	if (rc < 0)
		return rc;
	if (length > SIP_BODY_MAX)
		return RT_BIG;
	f->body_n = (uint32_t)length;
	return 0;
}

int sip_frame_cut(struct sip_frame *f, struct slice in, struct slice *out, uint32_t *used, uint32_t *ping)
{
	const uint32_t crlfs = f->scanned ? 0 : leading_crlfs(in), skip = crlfs * 2;
	const struct slice rest = slice_from(in, skip);
	struct sip_frame scan = *f;
	int rc;

	if (half_crlf(rest) && crlfs < 2)
		return RT_MORE; /* a lone CRLF may be half a ping */
	if (half_crlf(rest)) {
		*out = slice_head(rest, 0);
		*used = crlfs / 2 * 4;
		*ping = crlfs / 2;
		return 0;
	}
	rc = scan.head_n ? 0 : open_head(&scan, rest);
	if (rc == 0 && rest.n - scan.head_n < scan.body_n)
		rc = RT_MORE;
	if (rc == RT_MORE && skip) { /* hand over the keep-alive now; the message begins the next call */
		*out = slice_head(rest, 0);
		*used = skip;
		*ping = crlfs / 2;
		return 0;
	}
	if (rc == RT_MORE) {
		*f = scan;
		return rc;
	}
	*ping = crlfs / 2;
	*out = slice_head(rest, scan.head_n ? scan.head_n + (rc ? 0 : scan.body_n)
					    : (rest.n < SIP_HEAD_MAX ? rest.n : SIP_HEAD_MAX));
	*used = skip + out->n;
	*f = rc ? scan : (struct sip_frame){ 0 };
	return rc;
}
