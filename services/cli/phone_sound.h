/* SPDX-License-Identifier: MIT */
/* phone_sound: RTP of one call: 20 ms of G.711 a packet out of a file or a tone; what comes in is counted. */
#ifndef PHONE_SOUND_H
#define PHONE_SOUND_H

#include "rt/slice.h"
#include "sip/hop.h"

enum { SOUND_FRAME = 160, SOUND_MS = 20 };

struct phone_sound {
	int fd;                  /* -1: none */
	int16_t *sample;         /* 8000 a second */
	uint32_t samples, at;
	struct sip_hop to;       /* family 0: nobody yet */
	uint8_t format;          /* 0 PCMU, 8 PCMA */
	uint16_t number;
	uint32_t stamp, ssrc;
	uint64_t sent, heard;
};

/* Bind an even port at `at`, and load the file (WAV of PCM or PCMU, mono, 8000 a second; else raw PCMU), or a tone.
 *   error   for a person, when the file cannot be used
 * returns the port, or a negative rt_err */
int phone_sound_open(struct phone_sound *s, const struct sip_hop *at, struct slice file, char error[256]);
void phone_sound_close(struct phone_sound *s);
void phone_sound_frame(struct phone_sound *s); /* one packet out, once there is somebody */
void phone_sound_ready(struct phone_sound *s); /* count what came */

#endif
