/* SPDX-License-Identifier: MIT */
/* chars: the character classes of RFC 3261 25.1, computed by the compiler from the RFC's own sets. */
#include "chars.h"

/* clang-format off */
#define DIGIT(c)      ((c) >= '0' && (c) <= '9')
#define ALPHA(c)      (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define ALNUM(c)      (DIGIT(c) || ALPHA(c))
#define HEX(c)        (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define MARK(c)       ((c) == '-' || (c) == '_' || (c) == '.' || (c) == '!' || (c) == '~' || (c) == '*' || \
                       (c) == '\'' || (c) == '(' || (c) == ')')
#define UNRESERVED(c) (ALNUM(c) || MARK(c))
#define PASSWORD(c)   (UNRESERVED(c) || (c) == '&' || (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
#define USER(c)       (PASSWORD(c) || (c) == ';' || (c) == '?' || (c) == '/')
#define PARAM(c)      (UNRESERVED(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == ':' || (c) == '&' || \
                       (c) == '+' || (c) == '$')
#define HEADER(c)     (UNRESERVED(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == '?' || (c) == ':' || \
                       (c) == '+' || (c) == '$')
#define TOKEN(c)      (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '!' || (c) == '%' || (c) == '*' || \
                       (c) == '_' || (c) == '+' || (c) == '`' || (c) == '\'' || (c) == '~')
#define LABEL(c)      (ALNUM(c) || (c) == '-' || (c) == '_')
#define SCHEME(c)     (ALNUM(c) || (c) == '+' || (c) == '-' || (c) == '.')
#define VALUE(c)      ((c) > ' ' && (c) != 0x7f && (c) != '"' && (c) != ',' && (c) != ';' && (c) != '<' && \
                       (c) != '>' && (c) != '\\')
#define RESERVED(c)   ((c) == ';' || (c) == '/' || (c) == '?' || (c) == ':' || (c) == '@' || (c) == '&' || \
                       (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
#define SPACE(c)      ((c) == ' ' || (c) == '\t' || (c) == '\r' || (c) == '\n')
#define QUOTED(c)     (SPACE(c) || ((c) > ' ' && (c) != 0x7f && (c) != '"' && (c) != '\\'))
#define DISPLAY(c)    (TOKEN(c) || SPACE(c) || (c) >= 0x80)
#define OPAQUE(c)     ((c) > ' ' && (c) < 0x7f && (c) != '"' && (c) != '<' && (c) != '>' && (c) != '\\' && \
                       (c) != '^' && (c) != '`' && (c) != '{' && (c) != '|' && (c) != '}')

#define ONE(c)                                                                                             \
	(DIGIT(c) ? CHAR_DIGIT : 0) | (HEX(c) ? CHAR_HEX : 0) | (ALNUM(c) ? CHAR_ALNUM : 0) |              \
	(UNRESERVED(c) ? CHAR_UNRESERVED : 0) | (USER(c) ? CHAR_USER : 0) |                                \
	(PASSWORD(c) ? CHAR_PASSWORD : 0) | (PARAM(c) ? CHAR_PARAM : 0) | (HEADER(c) ? CHAR_HEADER : 0) |  \
	(TOKEN(c) ? CHAR_TOKEN : 0) | (LABEL(c) ? CHAR_LABEL : 0) | (SCHEME(c) ? CHAR_SCHEME : 0) |        \
	(VALUE(c) ? CHAR_VALUE : 0) | (RESERVED(c) ? CHAR_RESERVED : 0) | (QUOTED(c) ? CHAR_QUOTED : 0) |  \
	(DISPLAY(c) ? CHAR_DISPLAY : 0) | (OPAQUE(c) ? CHAR_OPAQUE : 0)
#define FOUR(c)    ONE(c), ONE(c + 1), ONE(c + 2), ONE(c + 3)
#define SIXTEEN(c) FOUR(c), FOUR(c + 4), FOUR(c + 8), FOUR(c + 12)
#define QUARTER(c) SIXTEEN(c), SIXTEEN(c + 16), SIXTEEN(c + 32), SIXTEEN(c + 48)
/* clang-format on */

const uint16_t char_class[256] = { QUARTER(0), QUARTER(64), QUARTER(128), QUARTER(192) };
