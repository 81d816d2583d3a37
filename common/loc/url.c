/* SPDX-License-Identifier: MIT */
/* url: the four forms of a Redis address. */
#include "loc/url.h"

#include <stdio.h>

static bool hex_byte(struct slice two, uint64_t *out)
{
	return two.n == 2 && slice_hex_u64(two, out);
}

/* Copy with %XX undone; false when it is malformed or does not fit. */
static bool decode(struct slice s, char *out, size_t size)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s.n; i++) {
		uint64_t byte = (unsigned char)s.p[i];

		if (byte == '%') {
			if (!hex_byte(slice_head(slice_from(s, i + 1), 2), &byte) || byte == 0)
				return false;
			i += 2;
		}
		if (n + 1 >= size)
			return false;
		out[n++] = (char)byte;
	}
	out[n] = 0;
	return true;
}

static bool read_login(struct slice login, char user[128], char password[256])
{
	const int colon = slice_find(login, ':');

	return colon >= 0 && decode(slice_head(login, (uint32_t)colon), user, 128) &&
	       decode(slice_from(login, (uint32_t)colon + 1), password, 256);
}

/* "user:password@" off the front. A password may hold an '@' only as %40. */
static bool cut_login(struct loc_url *out, struct slice *rest)
{
	const int at = slice_find(*rest, '@');
	const struct slice login = slice_head(*rest, at < 0 ? 0 : (uint32_t)at);

	if (at < 0)
		return true;
	*rest = slice_from(*rest, (uint32_t)at + 1);
	return read_login(login, out->user, out->password);
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool read_place(struct loc_place *out, struct slice place, uint32_t number)
{
	struct slice host = place, port = SLICE_NONE;
	int end;

	if (place.n && place.p[0] == '[') {
		end = slice_find(place, ']');
		if (end < 0)
			return false;
		host = slice_of(place.p + 1, (uint32_t)end - 1);
		place = slice_from(place, (uint32_t)end + 1);
		if (place.n && place.p[0] != ':')
			return false;
		port = place.n ? slice_from(place, 1) : SLICE_NONE;
	} else if ((end = slice_find(place, ':')) >= 0) {
		host = slice_head(place, (uint32_t)end);
		port = slice_from(place, (uint32_t)end + 1);
	}
	if (slice_present(port) && (!slice_u32(port, &number) || number == 0 || number > 65535))
		return false;
	out->port = (uint16_t)number;
	return host.n && slice_cstr(host, out->host, sizeof(out->host));
}

static bool read_tcp(struct loc_url *out, struct slice rest)
{
	struct loc_place place;
	int slash;

	if (!cut_login(out, &rest))
		return false;
	slash = slice_find(rest, '/');
	if (slash >= 0) {
		const struct slice db = slice_from(rest, (uint32_t)slash + 1);

		if (db.n && !slice_u32(db, &out->db))
			return false;
		rest = slice_head(rest, (uint32_t)slash);
	}
	if (!read_place(&place, rest, 6379))
		return false;
	memcpy(out->host, place.host, sizeof(out->host));
	out->port = place.port;
	return true;
}

/* "host:port,host:port" */
static bool read_places(struct loc_url *out, struct slice places, uint32_t port)
{
	while (places.n) {
		const int comma = slice_find(places, ',');
		const struct slice one = comma < 0 ? places : slice_head(places, (uint32_t)comma);

		if (out->nplace == LOC_PLACES_MAX || !read_place(&out->place[out->nplace++], one, port))
			return false;
		places = slice_from(places, comma < 0 ? places.n : (uint32_t)comma + 1);
	}
	return out->nplace > 0;
}

/* "?sentinel=user:password" off the end. */
static bool cut_sentinel_login(struct loc_url *out, struct slice *rest)
{
	const int query = slice_find(*rest, '?');
	const struct slice words = slice_from(*rest, query < 0 ? rest->n : (uint32_t)query + 1);

	if (query < 0)
		return true;
	*rest = slice_head(*rest, (uint32_t)query);
	return slice_starts_nocase(words, SLICE("sentinel=")) &&
	       read_login(slice_from(words, 9), out->sentinel_user, out->sentinel_password);
}

/* "host:port,host:port/master-name/db?sentinel=user:password" */
static bool read_sentinels(struct loc_url *out, struct slice rest)
{
	struct slice places, name, db = SLICE_NONE;
	int slash;

	if (!cut_login(out, &rest) || !cut_sentinel_login(out, &rest) || (slash = slice_find(rest, '/')) < 0)
		return false;
	places = slice_head(rest, (uint32_t)slash);
	name = slice_from(rest, (uint32_t)slash + 1);
	slash = slice_find(name, '/');
	if (slash >= 0) {
		db = slice_from(name, (uint32_t)slash + 1);
		name = slice_head(name, (uint32_t)slash);
	}
	if (name.n == 0 || !decode(name, out->master, sizeof(out->master)) || (db.n && !slice_u32(db, &out->db)))
		return false;
	return read_places(out, places, 26379);
}

/* "host:port,host:port". A cluster has database 0 alone. */
static bool read_cluster(struct loc_url *out, struct slice rest)
{
	out->is_cluster = true;
	return cut_login(out, &rest) && slice_find(rest, '/') < 0 && read_places(out, rest, 6379);
}

static bool read_unix(struct loc_url *out, struct slice rest)
{
	int query;

	if (rest.n && rest.p[0] != '/' && !cut_login(out, &rest))
		return false;
	query = slice_find(rest, '?');
	if (query >= 0) {
		const struct slice db = slice_from(rest, (uint32_t)query + 1);

		if (!slice_starts_nocase(db, SLICE("db=")) || !slice_u32(slice_from(db, 3), &out->db))
			return false;
		rest = slice_head(rest, (uint32_t)query);
	}
	return rest.n && rest.p[0] == '/' && slice_cstr(rest, out->path, sizeof(out->path));
}

int loc_url_parse(struct loc_url *out, struct slice text)
{
	struct loc_url url = { 0 };
	bool fine = false;

	if (slice_starts_nocase(text, SLICE("redis://")))
		fine = read_tcp(&url, slice_from(text, 8));
	else if (slice_starts_nocase(text, SLICE("redis+sentinel://")))
		fine = read_sentinels(&url, slice_from(text, 17));
	else if (slice_starts_nocase(text, SLICE("redis+cluster://")))
		fine = read_cluster(&url, slice_from(text, 16));
	else if (slice_starts_nocase(text, SLICE("unix://")))
		fine = read_unix(&url, slice_from(text, 7));
	if (!fine)
		return RT_BAD;
	*out = url;
	return 0;
}

void loc_url_name(const struct loc_url *url, char *out, size_t size)
{
	if (url->master[0] && !url->host[0])
		snprintf(out, size, "redis master %s", url->master);
	else if (url->is_cluster && !url->host[0])
		snprintf(out, size, "redis cluster of %s:%u", url->place[0].host, url->place[0].port);
	else if (url->path[0])
		snprintf(out, size, "redis at %s", url->path);
	else
		snprintf(out, size, strchr(url->host, ':') ? "redis at [%s]:%u" : "redis at %s:%u", url->host, url->port);
}
