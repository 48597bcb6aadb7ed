/* JSON in (through cJSON, its traps closed) and out (a streaming writer into a buf). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define JSON_VALUES_MAX 600000 /* values in one text, as 20,000 alerts have: 1 MB of "0,0,0" costs 42 MB parsed */
#define JSON_DEPTH_MAX 64

struct cJSON; /* opaque here: read through the functions below */

/* Parses exactly one value; only white space may follow. Counts values and depth before parsing.
 * Strings come out as valid UTF-8 without control characters but \n and \t; \u0000 becomes U+FFFD,
 * so do invalid bytes. The caller closes it with json_close. */
struct cJSON *json_parse(const char *text, size_t length, struct err *err);
void json_close(struct cJSON *json); /* NULL is fine */

bool json_is_object(const struct cJSON *json);
bool json_is_array(const struct cJSON *json);
bool json_is_text(const struct cJSON *json);
bool json_is_number(const struct cJSON *json);
bool json_is_bool(const struct cJSON *json);
bool json_is_true(const struct cJSON *json);
bool json_is_null(const struct cJSON *json); /* false for absent (NULL) */

const struct cJSON *json_get(const struct cJSON *object, const char *key); /* case-sensitive; NULL if absent or no object */
const char *json_text(const struct cJSON *json);                          /* NULL unless a string */
const char *json_get_text(const struct cJSON *object, const char *key);   /* NULL unless a string */
double json_number(const struct cJSON *json, double otherwise);
int64_t json_get_int(const struct cJSON *object, const char *key, int64_t otherwise);
bool json_get_bool(const struct cJSON *object, const char *key, bool otherwise);
const char *json_key(const struct cJSON *member);          /* name of an object's member */
const struct cJSON *json_first(const struct cJSON *json);  /* first element or member; NULL if none */
const struct cJSON *json_next(const struct cJSON *element);
size_t json_count(const struct cJSON *json); /* O(n) */
void json_add_value(struct buf *buf, const struct cJSON *json); /* compact text of a parsed value */

/* Writer: commas are its business. Begin, fill, end:
 *   struct json_out out = json_out(&buf);
 *   json_open(&out, '{'); json_member(&out, "id"); json_put_text(&out, "7"); json_shut(&out, '}');
 * Text is cleaned to valid UTF-8 and escaped; `<` `>` `&` as \u003c.. so that it may stand in a page. */
struct json_out {
    struct buf *buf;
    bool comma[JSON_DEPTH_MAX];
    unsigned depth;
    bool member;
};
struct json_out json_out(struct buf *buf);
void json_open(struct json_out *out, char bracket);  /* '{' or '[' */
void json_shut(struct json_out *out, char bracket);  /* '}' or ']' */
void json_member(struct json_out *out, const char *key);
void json_put_text(struct json_out *out, const char *text); /* NULL writes null */
void json_put_int(struct json_out *out, int64_t value);
void json_put_double(struct json_out *out, double value);   /* NaN and infinities write null */
void json_put_bool(struct json_out *out, bool value);
void json_put_null(struct json_out *out);
void json_put_raw(struct json_out *out, const char *json);  /* already JSON */
/* member + value in one line */
void json_set_text(struct json_out *out, const char *key, const char *text);
void json_set_int(struct json_out *out, const char *key, int64_t value);
void json_set_bool(struct json_out *out, const char *key, bool value);

#endif
