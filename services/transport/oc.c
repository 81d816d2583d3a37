/* SPDX-License-Identifier: MIT */
#include "oc.h"

#include "rt/hash.h"
#include "sip/param.h"

enum { FRACTION = 100000, FRACTION_DIGITS = 5, WHOLE_DIGITS = 12 };

/* ---- Words ---- */

static const struct slice word_oc = { "oc", 2 }, word_algo = { "oc-algo", 7 }, word_validity = { "oc-validity", 11 }, word_seq = { "oc-seq", 6 };

static struct slice unquoted(struct slice s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_of(s.p + 1, s.n - 2) : s;
}

static bool lists_loss(struct slice algorithms)
{
	for (struct slice rest = unquoted(algorithms); rest.n;) {
		const int comma = slice_find(rest, ',');

		if (slice_eq_nocase(slice_trim(comma < 0 ? rest : slice_head(rest, (uint32_t)comma)), SLICE("loss")))
			return true;
		rest = comma < 0 ? SLICE_NONE : slice_from(rest, (uint32_t)comma + 1);
	}
	return false;
}

bool oc_offered(struct slice params)
{
	return sip_param_has(params, word_oc) && lists_loss(sip_param_get(params, word_algo));
}

/* "1282321615.782": at most twelve digits, and five more behind the dot. */
static bool read_seq(uint64_t *out, struct slice s)
{
	const int dot = slice_find(s, '.');
	const struct slice whole = dot < 0 ? s : slice_head(s, (uint32_t)dot);
	const struct slice part = dot < 0 ? SLICE("0") : slice_from(s, (uint32_t)dot + 1);
	uint64_t n;
	uint32_t fraction;

	if (whole.n > WHOLE_DIGITS || part.n > FRACTION_DIGITS || !slice_u64(whole, &n) || !slice_u32(part, &fraction))
		return false;
	for (uint32_t i = part.n; i < FRACTION_DIGITS; i++)
		fraction *= 10;
	*out = n * FRACTION + fraction;
	return true;
}

int oc_read(struct oc_said *out, struct slice params)
{
	const struct slice oc = sip_param_get(params, word_oc), validity = sip_param_get(params, word_validity);
	const struct slice seq = sip_param_get(params, word_seq);
	struct oc_said said = { .validity = OC_VALIDITY };
	uint32_t percent;

	if (!oc.n)
		return RT_ABSENT; /* as we wrote it: nobody there who knows of it */
	if (!slice_u32(oc, &percent) || percent > 100 || !slice_eq_nocase(unquoted(sip_param_get(params, word_algo)), SLICE("loss")))
		return RT_BAD;
	if ((validity.n && !slice_u32(validity, &said.validity)) || (slice_present(seq) && !read_seq(&said.seq, seq)))
		return RT_BAD;
	said.percent = (uint8_t)percent;
	*out = said;
	return 0;
}

static bool is_ours(struct slice name)
{
	return slice_eq_nocase(name, word_oc) || slice_eq_nocase(name, word_algo) || slice_eq_nocase(name, word_validity) ||
	       slice_eq_nocase(name, word_seq);
}

void oc_render(struct rt_cursor *c, struct slice params, const struct oc_said *say, uint64_t ms)
{
	struct sip_param param;

	while (sip_param_next(&params, &param) == 1) {
		if (is_ours(param.name))
			continue;
		rt_cursor_char(c, ';');
		rt_cursor_put(c, param.name);
		if (slice_present(param.value)) {
			rt_cursor_char(c, '=');
			rt_cursor_put(c, param.value);
		}
	}
	rt_cursor_printf(c, ";oc=%u;oc-algo=\"loss\";oc-validity=%u;oc-seq=%llu.%03u", say->percent, say->validity,
			 (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

/* ---- Peers ---- */

/* By address and port alone, 5.4. */
static uint64_t place_of(const struct sip_hop *peer)
{
	struct sip_hop hop = *peer;

	hop.proto = 0;
	return sip_hop_hash(&hop) | 1;
}

static const struct oc_peer *find(const struct oc *self, const struct sip_hop *hop)
{
	const uint64_t place = place_of(hop);
	const struct oc_peer *peer = &self->at[place / 2 % OC_PLACES];

	return peer->place == place ? peer : 0;
}

static struct oc_peer *take(struct oc *self, const struct sip_hop *hop)
{
	const uint64_t place = place_of(hop);
	struct oc_peer *peer = &self->at[place / 2 % OC_PLACES];

	if (peer->place != place)
		*peer = (struct oc_peer){ .place = place };
	return peer;
}

/* A number far below is not late: they began anew, 4.4. */
static bool is_late(const struct oc_peer *peer, const struct oc_said *said, rt_ms now)
{
	return said->seq && now < peer->until && said->seq <= peer->seq && said->seq >= peer->seq / 2;
}

bool oc_hear(struct oc *self, const struct sip_hop *from, const struct oc_said *said, rt_ms now)
{
	struct oc_peer *peer = take(self, from);

	if (is_late(peer, said, now))
		return false;
	peer->percent = said->validity ? said->percent : 0; /* 5.7 */
	peer->seq = said->seq;
	peer->until = now + (said->validity ? said->validity : OC_VALIDITY);
	return true;
}

static uint32_t percent_of(const struct oc_peer *peer, rt_ms now)
{
	return peer && now < peer->until ? peer->percent : 0;
}

uint32_t oc_percent(const struct oc *self, const struct sip_hop *peer, rt_ms now)
{
	return percent_of(find(self, peer), now);
}

bool oc_is_news(struct oc *self, const struct sip_hop *from, const struct oc_said *said, rt_ms now)
{
	struct oc_peer *peer = take(self, from);

	if (peer->percent == peer->told && (!peer->percent || now - peer->told_at < said->validity / 2))
		return false;
	peer->told = peer->percent;
	peer->told_at = now;
	return true;
}

/* Of a period that is over; of too few requests nothing can be told. 1 to 100, or 0 */
static uint8_t share_of(const struct oc_peer *peer)
{
	const uint32_t total = peer->fresh + peer->others, share = (uint32_t)((uint64_t)peer->fresh * 100 / (total ? total : 1));

	return total < OC_MIX_LEAST ? 0 : (uint8_t)(share ? share : 1);
}

static void count(struct oc_peer *peer, bool fresh, rt_ms now)
{
	if (now - peer->since >= OC_MIX_MS) {
		peer->share = share_of(peer);
		peer->fresh = peer->others = 0;
		peer->since = now;
	}
	peer->fresh += fresh;
	peer->others += !fresh;
}

bool oc_holds(struct oc *self, const struct sip_hop *to, bool fresh, rt_ms now, uint64_t chance)
{
	struct oc_peer *peer = find(self, to) ? take(self, to) : 0;

	if (!peer)
		return false;
	count(peer, fresh, now);
	return fresh && chance % 1000 < percent_of(peer, now) * 1000 / (peer->share ? peer->share : OC_NEW);
}

/* ---- Requests ---- */

static bool holds_sos(struct slice s)
{
	static const struct slice sos = { "urn:service:sos", 15 };

	for (uint32_t i = 0; i + sos.n <= s.n; i++)
		if (slice_starts_nocase(slice_from(s, i), sos))
			return true;
	return false;
}

bool oc_is_urgent(const struct sip_msg *request)
{
	return slice_present(sip_msg_get_other(request, SLICE("Resource-Priority"))) ||
	       holds_sos(sip_msg_target(request)) || holds_sos(sip_msg_get(request, SIP_HDR_TO));
}
