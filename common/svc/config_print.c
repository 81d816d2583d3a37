/* SPDX-License-Identifier: MIT */
/* config_print: the table as a file a person can start from; every value is its default, commented out. */
#include <stdio.h>

#include "config_table.h"

static const char *type_name(const struct config_key *k, char *out, size_t size)
{
	static const char *const name[] = {
		[CONFIG_BOOL] = "on or off",
		[CONFIG_TEXT] = "text",
		[CONFIG_WORDS] = "words",
		[CONFIG_MODE] = "one of these",
		[CONFIG_FORK] = "one of these",
		[CONFIG_OVERFLOW] = "one of these",
		[CONFIG_USERS] = "one of these",
		[CONFIG_RELAY] = "one of these",
		[CONFIG_KEEP] = "one of these",
	};

	if (k->type != CONFIG_INT)
		return name[k->type];
	snprintf(out, size, "%lld to %lld", (long long)k->low, (long long)k->high);
	return out;
}

static const char *const head[] = {
	"# The configuration of all workers of Peal. Every value below is the default; remove the # to change one.",
	"#",
	"# Sections stand at the margin, keys under them, indented by four spaces. Words are separated by blanks or commas;",
	"# put a value that holds blanks or a # into quotes. Each value can be given as PEAL_<SECTION>_<KEY> in the",
	"# environment instead, which goes first. SIGHUP makes a running worker read the file again.",
	0,
};

static const char *const tail[] = {
	"",
	"# One section a domain, for what differs from the server section: any key from `auth` on down there.",
	"# In the environment: PEAL_DOMAIN_EXAMPLE_NET_MODE.",
	"domain",
	"#    example.net",
	"#        mode = redirect",
	"",
	"# Groups of next hops, each hop under a name of your choice: its URI, and after it what differs from",
	"# priority=1 (lowest first) weight=10 (share within a priority) options=30 (seconds between health checks, 0: none)",
	"# trust=off (on: requests from its address need no password). `peal gateway` adds others while the server runs.",
	"# In the environment: PEAL_GATEWAY_CARRIER_BERLIN.",
	"gateway",
	"#    carrier",
	"#        berlin = \"sip:192.0.2.1 trust=on\"",
	"#        munich = \"sip:198.51.100.1:5061;transport=tls priority=2 options=60\"",
	"",
	"# What goes to which group: numbers by their beginning, a domain, all below it (.example.org), * for the rest; the longest wins.",
	"# `peal route` adds others while the server runs. In the environment: PEAL_ROUTE_CARRIER.",
	"route",
	"#    carrier = \"+49 +43 example.org\"",
	0,
};

static void print_key(const struct config_key *k, void (*line)(const char *text, void *arg), void *arg)
{
	const bool quote = k->def[0] == 0 || strchr(k->def, ' ');
	char text[256], range[64];

	snprintf(text, sizeof(text), "    # %s (%s)", k->what, type_name(k, range, sizeof(range)));
	line(text, arg);
	snprintf(text, sizeof(text), quote ? "#    %s = \"%s\"" : "#    %s = %s", k->key, k->def);
	line(text, arg);
}

/* The rows of one section may stand in two places of the table: the per-domain ones come last. */
static void print_section(const char *section, void (*line)(const char *text, void *arg), void *arg)
{
	line("", arg);
	line(section, arg);
	for (uint32_t i = 0; i < config_nkeys; i++)
		if (strcmp(config_keys[i].section, section) == 0)
			print_key(&config_keys[i], line, arg);
}

void svc_config_print(void (*line)(const char *text, void *arg), void *arg)
{
	const char *last = "";

	for (int i = 0; head[i]; i++)
		line(head[i], arg);
	for (uint32_t i = 0; i < config_nkeys; i++) {
		if (config_keys[i].per_domain || strcmp(config_keys[i].section, last) == 0)
			continue;
		last = config_keys[i].section;
		print_section(last, line, arg);
	}
	for (int i = 0; tail[i]; i++)
		line(tail[i], arg);
}
