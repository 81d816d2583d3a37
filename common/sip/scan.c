/* SPDX-License-Identifier: MIT */
/* scan: the class of every byte, built from the grammar's own sets. */
#include "scan.h"

#define TOKEN   SIP_CLASS_TOKEN | SIP_CLASS_VISIBLE
#define STOP    SIP_CLASS_STOP
#define SPLIT   SIP_CLASS_SPLIT | SIP_CLASS_VISIBLE
#define VISIBLE SIP_CLASS_VISIBLE
#define BLANK   SIP_CLASS_BLANK

/* clang-format off */
const uint8_t sip_class[256] = {
	[0x00 ... 0x08] = STOP, ['\t'] = BLANK, ['\n'] = BLANK | STOP, [0x0b ... 0x0c] = STOP,
	['\r'] = BLANK | STOP, [0x0e ... 0x1f] = STOP, [0x7f] = STOP, [' '] = BLANK,
	['a' ... 'z'] = TOKEN, ['A' ... 'Z'] = TOKEN, ['0' ... '9'] = TOKEN,
	['-'] = TOKEN, ['.'] = TOKEN, ['!'] = TOKEN, ['%'] = TOKEN, ['*'] = TOKEN,
	['_'] = TOKEN, ['+'] = TOKEN, ['`'] = TOKEN, ['\''] = TOKEN, ['~'] = TOKEN,
	[','] = SPLIT, ['"'] = SPLIT, ['<'] = SPLIT,
	['#'] = VISIBLE, ['$'] = VISIBLE, ['&'] = VISIBLE, ['('] = VISIBLE, [')'] = VISIBLE,
	['/'] = VISIBLE, [':'] = VISIBLE, [';'] = VISIBLE, ['='] = VISIBLE, ['>'] = VISIBLE,
	['?'] = VISIBLE, ['@'] = VISIBLE, ['['] = VISIBLE, ['\\'] = VISIBLE, [']'] = VISIBLE,
	['^'] = VISIBLE, ['{'] = VISIBLE, ['|'] = VISIBLE, ['}'] = VISIBLE,
};
/* clang-format on */
