/* Regular expressions, Go's syntax as far as PCRE2 shares it: of whole texts in matchers, anywhere in a text in templates. */
#ifndef CORE_REGEX_H
#define CORE_REGEX_H

#include "base/buf.h"
#include "base/err.h"

#define REGEX_TEXT_MAX 4096 /* bytes of a pattern */

struct regex;

/* As Alertmanager's matchers: of the whole text, and '.' is a newline, too. NULL and err on a mistake; close with regex_close. */
struct regex *regex_open_whole(const char *pattern, struct err *err);
/* In valid UTF-8. A text that takes too many steps does not match. */
bool regex_is_found(const struct regex *regex, const char *text);

/* As in templates: anywhere in the text. */
#define REGEX_REPLACED_MAX 1000 /* matches in one text */

struct regex *regex_open(const char *pattern, struct err *err); /* NULL and err on a mistake; close with regex_close */
void regex_close(struct regex *regex);                          /* NULL is fine */
/* False and ERR_LIMIT where the pattern runs into its limit. */
bool regex_matches(const struct regex *regex, const char *text, size_t length, bool *matches, struct err *err);
/* Adds text with every match replaced, as Go's ReplaceAllString: $1, ${1}, $name, ${name} and $$ in `with`; a group that
 * is not there is nothing. */
bool regex_replace(const struct regex *regex, const char *text, size_t length, const char *with, struct buf *out, struct err *err);

/* Letters of all alphabets made capital or small; CASE_TITLE: the first of each word capital, the others small. */
enum letter_case { CASE_UPPER, CASE_LOWER, CASE_TITLE };
void regex_add_case(struct buf *out, const char *text, size_t length, enum letter_case to);

#endif
