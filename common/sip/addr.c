/* SPDX-License-Identifier: MIT */
/* addr: name-addr and addr-spec. RFC 3261 20 and 25.1. */
#include "sip/addr.h"
#include "chars.h"

/* What may stand before '<'. returns where it ends (at the '<'), or NULL when this is no name-addr. */
static const char *read_display(struct sip_addr *out, const char *p, const char *end)
{
	const char *const start = p;
	const char *last;

	if (*p == '"') {
		last = char_quoted_end(p, end);
		if (last == 0)
			return 0;
		p = char_skip_space(last, end);
	} else {
		p = last = char_span(p, end, CHAR_DISPLAY);
		while (last > start && char_is_space(last[-1]))
			last--;
	}
	if (p == end || *p != '<')
		return 0;
	out->display = last > start ? char_between(start, last) : SLICE_NONE;
	return p;
}

/* The addr-spec of a value without <>: it ends at the first ';', and a ',' or '?' needs <>, section 20. */
static const char *read_spec(struct sip_addr *out, const char *p, const char *end)
{
	const char *const start = p;

	while (p < end && *p != ';' && !char_is_space(*p)) {
		if (*p == ',' || *p == '?' || *p == '<' || *p == '>' || *p == '"')
			return 0;
		p++;
	}
	out->uri = char_between(start, p);
	return p;
}

static int check_params(struct slice params)
{
	struct sip_param param;
	int found;

	do
		found = sip_param_next(&params, &param);
	while (found == 1);
	return found;
}

int sip_addr_parse(struct sip_addr *out, struct slice value)
{
	struct sip_addr addr = { 0 };

	value = slice_trim(value);
	if (value.n == 0)
		return RT_BAD;

	const char *const end = value.p + value.n;
	const char *p = read_display(&addr, value.p, end);

	if (p) {
		const char *const close = memchr(p, '>', (size_t)(end - p));

		if (close == 0)
			return RT_BAD;
		addr.uri = char_between(p + 1, close);
		addr.brackets = true;
		p = close + 1;
	} else if ((p = read_spec(&addr, value.p, end)) == 0) {
		return RT_BAD;
	}
	if (addr.uri.n == 0)
		return RT_BAD;
	p = char_skip_space(p, end);
	if (p < end) {
		addr.params = char_between(p + 1, end);
		if (*p != ';' || check_params(char_between(p, end)) < 0)
			return RT_BAD;
	}
	*out = addr;
	return 0;
}

int sip_addr_uri(struct slice value, struct sip_addr *addr, struct sip_uri *uri)
{
	struct sip_addr a;
	const int err = sip_addr_parse(&a, value);

	if (err < 0)
		return err;
	if (sip_uri_parse(uri, a.uri) < 0)
		return RT_BAD;
	*addr = a;
	return 0;
}
