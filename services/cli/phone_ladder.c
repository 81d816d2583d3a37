/* SPDX-License-Identifier: MIT */
/* phone_ladder: what went over the wire, a line a message:
 *
 *      0.012  --->  INVITE sip:echo@example.com                 Supported: 100rel
 *      0.019  <---  183 Session Progress                        RSeq 4711  SDP
 */
#include "phone.h"

#include <stdarg.h>
#include <stdio.h>
#include "cli.h"

static void print_time(const struct phone *p)
{
	const rt_ms ms = svc_now(p->svc) - p->began;

	printf("%6llu.%03llu  ", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

static struct slice tag_of(const struct sip_msg *m)
{
	const struct slice tag = sip_msg_span(m, m->index->facts.to_tag);

	return tag.n > 8 ? slice_from(tag, tag.n - 8) : tag;
}

static void print_extra(const struct sip_msg *m)
{
	static const struct {
		enum sip_hdr id;
		const char *name;
	} shown[] = { { SIP_HDR_RSEQ, "RSeq" }, { SIP_HDR_RACK, "RAck" }, { SIP_HDR_REQUIRE, "Require" }, { SIP_HDR_REASON, "Reason" },
		      { SIP_HDR_UNSUPPORTED, "Unsupported" }, { SIP_HDR_WARNING, "Warning" }, { SIP_HDR_RETRY_AFTER, "Retry-After" } };

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (!sip_msg_has(m, shown[i].id))
			continue;
		printf("  %s ", shown[i].name);
		cli_print_safe(stdout, slice_head(sip_msg_get(m, shown[i].id), 60));
	}
	if (!sip_msg_is_request(m) && m->index->status > 100 && m->index->facts.to_tag.n) {
		fputs("  tag ..", stdout);
		cli_print_safe(stdout, tag_of(m));
	}
	if (slice_eq_nocase(sip_msg_get(m, SIP_HDR_CONTENT_TYPE), SLICE("application/sdp")))
		fputs("  SDP", stdout);
}

static struct slice start_line(const struct phone *p, const struct sip_msg *m)
{
	const struct slice what = sip_msg_is_request(m) ? sip_msg_method(m) : rt_arena_printf(svc_arena(p->svc), "%u", m->index->status);

	return rt_arena_printf(svc_arena(p->svc), SLICE_FMT " " SLICE_FMT, SLICE_ARG(what), SLICE_ARG(sip_msg_target(m)));
}

/* A line an event, for programs: {"ms":8,"way":"out","what":"INVITE sip:echo@example.com"} */
static void print_json(const struct phone *p, const char *way, struct slice what)
{
	printf("{\"ms\":%llu,\"way\":\"%s\",\"what\":", (unsigned long long)(svc_now(p->svc) - p->began), way);
	cli_print_json(stdout, what);
	puts("}");
	fflush(stdout);
}

void phone_ladder(const struct phone *p, bool out, const struct sip_msg *m)
{
	if (p->errand->json) {
		print_json(p, out ? "out" : "in", start_line(p, m));
		return;
	}
	print_time(p);
	fputs(out ? "--->  " : "<---  ", stdout);
	if (sip_msg_is_request(m))
		cli_print_safe(stdout, sip_msg_method(m));
	else
		printf("%u", m->index->status);
	putchar(' ');
	cli_print_safe(stdout, slice_head(sip_msg_target(m), 80));
	if (!sip_msg_is_request(m) && m->index->method != SIP_INVITE) {
		fputs(" (", stdout);
		cli_print_safe(stdout, sip_msg_method(m));
		putchar(')');
	}
	print_extra(m);
	putchar('\n');
	fflush(stdout);
}

/* What a person can do about a refusal, where the status alone does not say it. */
void phone_ladder_advice(const struct phone *p, int status)
{
	enum { ANYHOW, WITHOUT, WITH }; /* a password to show */
	static const struct {
		int status, when;
		const char *text;
	} row[] = {
		{ 401, WITHOUT, "the server asks for a password: --user NAME" },
		{ 407, WITHOUT, "the server asks callers of this domain for a password: --user NAME" },
		{ 401, WITH, "no such user, or another password (peal user ls, peal user passwd)" },
		{ 407, WITH, "no such user, or another password (peal user ls, peal user passwd)" },
		{ 404, ANYHOW, "the server knows no such user (peal user ls)" },
		{ 480, ANYHOW, "no phone of that user is registered, or none answers (peal reg show)" },
		{ 503, ANYHOW, "a tier or Redis is missing, or there is too much to do (peal doctor)" },
	};
	const int with = slice_present(p->errand->password) ? WITH : WITHOUT;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]) && !p->errand->json; i++)
		if (row[i].status == status && (row[i].when == ANYHOW || row[i].when == with))
			phone_ladder_note(p, "%s", row[i].text);
}

void phone_ladder_note(const struct phone *p, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (p->errand->json) {
		print_json(p, "note", slice_str(text));
		return;
	}
	print_time(p);
	printf("      %s\n", text);
	fflush(stdout);
}
