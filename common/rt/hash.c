/* SPDX-License-Identifier: MIT */
/* hash: SipHash-2-4 (Aumasson and Bernstein, 2012), a mixing step and CRC-16. */
#include "rt/hash.h"

static inline uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

struct sip_state { /* the four words v0..v3 of the paper */
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void absorb(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* Add 0x20 to every byte of the word that is 'A'..'Z'. */
static inline uint64_t fold_word(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, low = w & (0x7f * ones);
	const uint64_t over_z = low + (0x7f - 'Z') * ones, from_a = low + (0x80 - 'A') * ones;

	return w | ((from_a & ~over_z & ~w & (0x80 * ones)) >> 2);
}

static inline uint64_t load(const unsigned char *p, size_t n)
{
	uint64_t w = 0;

	if (n >= 8)
		n = 8;
	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << 8 * i;
	return w;
}

static inline uint64_t sip_hash(struct rt_key key, const unsigned char *p, size_t n, bool fold)
{
	struct sip_state s = {
		key.k0 ^ 0x736f6d6570736575u,
		key.k1 ^ 0x646f72616e646f6du,
		key.k0 ^ 0x6c7967656e657261u,
		key.k1 ^ 0x7465646279746573u,
	};
	const uint64_t length = (uint64_t)n << 56;
	uint64_t word;

	for (; n >= 8; p += 8, n -= 8) {
		word = load(p, 8);
		absorb(&s, fold ? fold_word(word) : word);
	}
	word = load(p, n);
	absorb(&s, (fold ? fold_word(word) : word) | length);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t rt_hash(struct rt_key key, const void *p, size_t n)
{
	return sip_hash(key, p, n, false);
}

uint64_t rt_hash_nocase(struct rt_key key, struct slice s)
{
	return sip_hash(key, (const unsigned char *)s.p, s.n, true);
}

static inline uint64_t avalanche(uint64_t x) /* the finaliser of SplitMix64 */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t rt_mix(uint64_t a, uint64_t b)
{
	return avalanche(a + 0x9e3779b97f4a7c15u * (avalanche(b + 0x9e3779b97f4a7c15u) | 1));
}

uint16_t rt_crc16(struct slice s)
{
	/* polynomial x^16 + x^12 + x^5 + 1, four bits a step */
	static const uint16_t step[16] = {
		0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
		0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
	};
	uint16_t crc = 0;

	for (uint32_t i = 0; i < s.n; i++) {
		const unsigned char byte = (unsigned char)s.p[i];

		crc = (uint16_t)(crc << 4 ^ step[crc >> 12 ^ byte >> 4]);
		crc = (uint16_t)(crc << 4 ^ step[crc >> 12 ^ (byte & 15)]);
	}
	return crc;
}
