/* SPDX-License-Identifier: MIT */
/* scan: find the next byte that matters, sixteen at a time where the machine can. Never reads past `end`. */
#ifndef SIP_SCAN_H
#define SIP_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool sip_is_stop(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* First control character that is not HTAB, or DEL; or end. */
static inline const char *sip_find_stop(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i last_control = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t');
	const __m128i del = _mm_set1_epi8(0x7f);

	for (; end - p >= 16; p += 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v);
		const __m128i stop = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(v, tab), control),
						  _mm_cmpeq_epi8(v, del));
		const int mask = _mm_movemask_epi8(stop);

		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && !sip_is_stop(*p))
		p++;
	return p;
}

/* First comma, double quote or '<'; or end. */
static inline const char *sip_find_split(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"'), angle = _mm_set1_epi8('<');

	for (; end - p >= 16; p += 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		const __m128i hit = _mm_or_si128(
			_mm_or_si128(_mm_cmpeq_epi8(v, comma), _mm_cmpeq_epi8(v, quote)),
			_mm_cmpeq_epi8(v, angle));
		const int mask = _mm_movemask_epi8(hit);

		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && *p != ',' && *p != '"' && *p != '<')
		p++;
	return p;
}

/* p stands on an opening quote: the closing one, or end when there is none. Backslash escapes, 25.1 quoted-pair. */
static inline const char *sip_quote_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && ++p == end)
			break;
	return p;
}

#endif
