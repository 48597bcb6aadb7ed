/* Text from strangers made safe to handle: UTF-8, lengths, small parsers, comparison in constant time. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Adds text as valid UTF-8: each invalid sequence, surrogate or NUL becomes U+FFFD, and control
 * characters other than tab and newline are dropped. */
bool text_add_clean(struct buf *buf, const char *text, size_t length);
bool text_is_utf8(const char *text, size_t length);
size_t text_plain(const char *text, size_t length);  /* bytes at its front that are printable ASCII */
size_t text_utf16_length(const char *text);          /* UTF-16 code units: how Telegram counts */
size_t text_runes(const char *text);                 /* code points */
/* The longest prefix, in bytes, of at most `runes` code points; never inside a character. */
size_t text_prefix(const char *text, size_t runes);

bool text_equal(const char *a, const char *b);       /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_equal_secret(const char *a, const char *b); /* in time that tells nothing about either */
const char *text_or(const char *text, const char *otherwise); /* otherwise where text is NULL or empty */

/* Go-style durations: 500ms 30s 5m 4h 90d 1w and sums as 1h30m; "0" is zero. */
bool text_to_duration(const char *text, int64_t *ms, struct err *err);
void text_add_duration(struct buf *buf, int64_t ms); /* "1h30m", what text_to_duration reads back */
bool text_to_size(const char *text, uint64_t *bytes, struct err *err); /* 512 64KiB 32MiB 1GiB 1MB */
bool text_to_int(const char *text, int64_t *value, struct err *err);   /* the whole text, base 10 */
/* A mail address, user@host, in ASCII (our mail library knows no SMTPUTF8) and without anything that a header or a
 * command could be broken with. */
bool text_is_address(const char *text);

/* For terminals: control and bidirectional bytes shown as \xNN; newline kept where multiline. */
void text_add_terminal(struct buf *buf, const char *text, bool multiline);
void text_add_html(struct buf *buf, const char *text); /* & < > " ' */
void text_add_url(struct buf *buf, const char *text);  /* percent-encodes all but unreserved */
/* One CSV cell, RFC 4180, with a leading ' before = + - @ tab, CR and LF: spreadsheets run formulas. */
void text_add_csv(struct buf *buf, const char *text);

uint64_t text_hash(const void *data, size_t length, uint64_t seed); /* FNV-1a 64, then mixed; for tables and chance */

#endif
