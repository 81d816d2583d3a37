/* SPDX-License-Identifier: MIT */
#include "phone_sound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "rt/clock.h"
#include "rt/err.h"

enum { FILE_MAX = 64 << 20, PORT_LOW = 20000, PORT_HIGH = 60000, TRIES = 200, WAV_PCM = 1, WAV_PCMU = 7 };

/* ---- G.711 ---- */

static int16_t from_ulaw(uint8_t u)
{
	const int v = (uint8_t)~u, exponent = v >> 4 & 7, magnitude = (((v & 15) << 3) + 0x84) << exponent;

	return (int16_t)(v & 0x80 ? 0x84 - magnitude : magnitude - 0x84);
}

static uint8_t to_ulaw(int16_t sample)
{
	const int sign = sample < 0 ? 0x80 : 0;
	int v = sample < 0 ? -(int)sample : sample, exponent = 7;

	v = (v > 32635 ? 32635 : v) + 0x84;
	for (int mask = 0x4000; exponent > 0 && !(v & mask); mask >>= 1)
		exponent--;
	return (uint8_t)~(sign | exponent << 4 | (v >> (exponent + 3) & 15));
}

static uint8_t to_alaw(int16_t sample)
{
	const int sign = sample >= 0 ? 0x80 : 0;
	int v = sample < 0 ? -(int)sample - 1 : sample, exponent = 7;

	for (int mask = 0x4000; exponent > 0 && !(v & mask); mask >>= 1)
		exponent--;
	v = exponent ? exponent << 4 | (v >> (exponent + 3) & 15) : v >> 4 & 15;
	return (uint8_t)((sign | v) ^ 0x55);
}

/* ---- What to say ---- */

static int tone(struct phone_sound *s) /* a second of 400 Hz, soft and square */
{
	s->samples = 8000;
	s->sample = calloc(s->samples, sizeof(*s->sample));
	for (uint32_t i = 0; s->sample && i < s->samples; i++)
		s->sample[i] = i / 10 % 2 ? 4000 : -4000;
	return s->sample ? 0 : RT_NOMEM;
}

static uint32_t number(const uint8_t *p, int bytes)
{
	uint32_t v = 0;

	for (int i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* The pieces of a WAV that matter: how it is coded, and where its sound is. */
static const char *read_wav(const uint8_t *p, size_t n, int *coding, const uint8_t **data, size_t *data_n)
{
	*coding = 0;
	for (size_t at = 12; at + 8 <= n;) {
		const size_t size = number(p + at + 4, 4);

		if (size > n - at - 8)
			return "it is cut off";
		if (!memcmp(p + at, "fmt ", 4) && size >= 16) {
			*coding = (int)number(p + at + 8, 2);
			if (number(p + at + 10, 2) != 1 || number(p + at + 12, 4) != 8000)
				return "it must be mono, 8000 samples a second";
			if (number(p + at + 22, 2) != (*coding == WAV_PCM ? 16 : 8) || (*coding != WAV_PCM && *coding != WAV_PCMU))
				return "it must be 16 bit PCM or PCMU";
		} else if (!memcmp(p + at, "data", 4) && *coding) {
			*data = p + at + 8;
			*data_n = size;
			return 0;
		}
		at += 8 + size + size % 2;
	}
	return "there is no sound in it";
}

static const char *decode(struct phone_sound *s, const uint8_t *p, size_t n)
{
	int coding = WAV_PCMU;
	const char *wrong = 0;

	if (n > 12 && !memcmp(p, "RIFF", 4) && !memcmp(p + 8, "WAVE", 4))
		wrong = read_wav(p, n, &coding, &p, &n);
	s->samples = wrong ? 0 : (uint32_t)(coding == WAV_PCM ? n / 2 : n);
	if (wrong || s->samples == 0)
		return wrong ? wrong : "there is no sound in it";
	s->sample = calloc(s->samples, sizeof(*s->sample));
	for (uint32_t i = 0; s->sample && i < s->samples; i++)
		s->sample[i] = coding == WAV_PCM ? (int16_t)number(p + 2 * i, 2) : from_ulaw(p[i]);
	return s->sample ? 0 : "there is no memory for it";
}

static int load(struct phone_sound *s, struct slice file, char error[256])
{
	char path[512];
	uint8_t *bytes = malloc(FILE_MAX);
	FILE *f = bytes && slice_cstr(file, path, sizeof(path)) ? fopen(path, "rbe") : NULL;
	const char *wrong = f ? 0 : strerror(errno);

	if (f) {
		wrong = decode(s, bytes, fread(bytes, 1, FILE_MAX, f));
		fclose(f);
	}
	free(bytes);
	if (wrong)
		snprintf(error, 256, "--audio " SLICE_FMT ": %s", SLICE_ARG(file), wrong);
	return wrong ? RT_BAD : 0;
}

/* ---- The socket ---- */

static int bind_somewhere(struct phone_sound *s, struct sip_hop at)
{
	for (int i = 0; i < TRIES; i++) {
		struct sockaddr_storage where;
		uint16_t dice;

		rt_random(&dice, sizeof(dice));
		at.port = (uint16_t)((PORT_LOW + dice % (PORT_HIGH - PORT_LOW)) & ~1);
		s->fd = socket(at.family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (s->fd >= 0 && bind(s->fd, (struct sockaddr *)&where, sip_hop_to_sockaddr(&at, &where)) == 0)
			return at.port;
		phone_sound_close(s);
	}
	return RT_DOWN;
}

int phone_sound_open(struct phone_sound *s, const struct sip_hop *at, struct slice file, char error[256])
{
	int err;

	*s = (struct phone_sound){ .fd = -1 };
	rt_random(&s->ssrc, sizeof(s->ssrc));
	rt_random(&s->number, sizeof(s->number));
	err = slice_present(file) ? load(s, file, error) : tone(s);
	if (err)
		return err;
	err = bind_somewhere(s, *at);
	if (err < 0)
		snprintf(error, 256, "no port for sound: %s", strerror(errno));
	return err;
}

void phone_sound_close(struct phone_sound *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void phone_sound_frame(struct phone_sound *s)
{
	const uint32_t head[3] = { __builtin_bswap32(0x80000000u | (uint32_t)s->format << 16 | s->number), __builtin_bswap32(s->stamp),
				   s->ssrc };
	uint8_t packet[sizeof(head) + SOUND_FRAME];
	struct sockaddr_storage to;

	if (s->fd < 0 || !s->to.family || !s->to.port)
		return;
	memcpy(packet, head, sizeof(head));
	for (int i = 0; i < SOUND_FRAME; i++) {
		const int16_t sample = s->sample[s->at];

		packet[sizeof(head) + (size_t)i] = s->format == 8 ? to_alaw(sample) : to_ulaw(sample);
		s->at = (s->at + 1) % s->samples;
	}
	s->number++;
	s->stamp += SOUND_FRAME;
	if (sendto(s->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&to, sip_hop_to_sockaddr(&s->to, &to)) > 0)
		s->sent++;
}

void phone_sound_ready(struct phone_sound *s)
{
	uint8_t packet[2048];
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		n = recv(s->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n >= 12 && (packet[0] & 0xc0) == 0x80)
			s->heard++;
	}
}
