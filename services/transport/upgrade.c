/* SPDX-License-Identifier: MIT */
#include "upgrade.h"

#include <openssl/evp.h>

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 1.3 */

struct ask { /* the fields of the request that matter */
	struct slice method, version, host, upgrade, connection, key, ws_version, origin;
	int keys, versions, hosts; /* how many lines of each */
	bool sip;                  /* among the sub-protocols, in whichever of their lines: RFC 6455 11.3.4 */
};

static bool lists(struct slice list, struct slice token)
{
	struct slice word;

	while (slice_word(&list, &word))
		if (slice_eq_nocase(word, token))
			return true;
	return false;
}

static void note(struct slice *field, int *lines, struct slice value)
{
	*field = value;
	++*lines;
}

static void read_line(struct ask *a, struct slice name, struct slice value)
{
	int lines = 0;

	if (slice_eq_nocase(name, SLICE("Host")))
		note(&a->host, &a->hosts, value);
	else if (slice_eq_nocase(name, SLICE("Upgrade")))
		note(&a->upgrade, &lines, value);
	else if (slice_eq_nocase(name, SLICE("Connection")))
		note(&a->connection, &lines, value);
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Key")))
		note(&a->key, &a->keys, value);
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Version")))
		note(&a->ws_version, &a->versions, value);
	else if (slice_eq_nocase(name, SLICE("Sec-WebSocket-Protocol")))
		a->sip = a->sip || lists(value, SLICE("sip"));
	else if (slice_eq_nocase(name, SLICE("Origin")))
		note(&a->origin, &lines, value);
}

static struct slice next_line(struct slice *rest)
{
	const int nl = slice_find(*rest, '\n');
	const struct slice line = slice_trim(slice_head(*rest, (uint32_t)nl));

	*rest = slice_from(*rest, (uint32_t)nl + 1);
	return line;
}

/* False when a line is no header field. The head ends in an empty line, so every line has its end. */
static bool read_head(struct slice head, struct ask *a)
{
	struct slice line = next_line(&head), target;

	*a = (struct ask){ .keys = 0 };
	if (!slice_word(&line, &a->method) || !slice_word(&line, &target) || !slice_word(&line, &a->version))
		return false;
	while ((line = next_line(&head)).n) {
		const int colon = slice_find(line, ':');

		if (colon <= 0)
			return false;
		read_line(a, slice_head(line, (uint32_t)colon), slice_trim(slice_from(line, (uint32_t)colon + 1)));
	}
	return true;
}

static bool origin_allowed(struct slice origin, const struct svc_words *origins)
{
	for (uint32_t i = 0; i < origins->n; i++)
		if (slice_eq_nocase(origin, origins->word[i]))
			return true;
	return origins->n == 0;
}

/* Sixteen bytes in base64. */
static bool key_is_sane(struct slice key)
{
	unsigned char bytes[24];

	return key.n == 24 && key.p[22] == '=' && key.p[23] == '=' &&
	       EVP_DecodeBlock(bytes, (const unsigned char *)key.p, 24) == 18;
}

/* The status that refuses it, or NULL. RFC 6455 4.2.1, 4.2.2; RFC 7118 4.1 and 4.2 */
static const char *objection(const struct ask *a, const struct svc_words *origins)
{
	if (!slice_eq(a->method, SLICE("GET")))
		return "405 Method Not Allowed\r\nAllow: GET";
	if (!slice_eq(a->version, SLICE("HTTP/1.1")) || a->hosts != 1)
		return "400 Bad Request";
	if (!lists(a->upgrade, SLICE("websocket")) || !lists(a->connection, SLICE("Upgrade")))
		return "426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
	if (a->versions != 1 || !slice_eq(a->ws_version, SLICE("13")))
		return "426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
	if (a->keys != 1 || !key_is_sane(a->key))
		return "400 Bad Request";
	if (!origin_allowed(a->origin, origins))
		return "403 Forbidden";
	if (!a->sip)
		return "400 Bad Request\r\nSec-WebSocket-Protocol: sip";
	return 0;
}

static void put_accept(struct rt_cursor *out, struct slice key)
{
	unsigned char text[24 + sizeof(guid)], digest[EVP_MAX_MD_SIZE], encoded[64];
	unsigned int n = 0;

	memcpy(text, key.p, 24);
	memcpy(text + 24, guid, sizeof(guid) - 1);
	EVP_Digest(text, 24 + sizeof(guid) - 1, digest, &n, EVP_sha1(), 0);
	rt_cursor_put(out, slice_of((const char *)encoded, (uint32_t)EVP_EncodeBlock(encoded, digest, (int)n)));
}

static int refuse_with(struct rt_cursor *out, const char *status)
{
	rt_cursor_printf(out, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status);
	return RT_DENIED;
}

int upgrade_answer(struct slice in, const struct svc_words *origins, struct rt_cursor *out, uint32_t *used)
{
	const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
	const char *status;
	struct ask a;

	if (!end && in.n < UPGRADE_HEAD_MAX)
		return RT_MORE;
	*used = end ? (uint32_t)(end - in.p) + 4 : in.n;
	if (*used > UPGRADE_HEAD_MAX || !end)
		return refuse_with(out, "431 Request Header Fields Too Large");
	if (!read_head(slice_head(in, *used), &a))
		return refuse_with(out, "400 Bad Request");
	status = objection(&a, origins);
	if (status)
		return refuse_with(out, status);
	rt_cursor_lit(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
	put_accept(out, a.key);
	rt_cursor_lit(out, "\r\nSec-WebSocket-Protocol: sip\r\n\r\n");
	return 0;
}
