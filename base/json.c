#include "base/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON takes its own lack of memory for a mistake in the text. */
__attribute__((constructor)) static void cjson_told_where_memory_is(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = memory_get, .free_fn = free});
}

/* Counts values and depth without building anything: commas and openings outside of strings. */
static bool measure(const char *text, size_t length, struct err *err)
{
    size_t values = 1, depth = 0;
    bool inside = false;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (inside) {
            if (c == '\\')
                i++;
            else if (c == '"')
                inside = false;
            continue;
        }
        inside = c == '"';
        if (c == '{' || c == '[') {
            values++;
            if (++depth > JSON_DEPTH_MAX)
                return err_set(err, ERR_LIMIT, "nested deeper than %d", JSON_DEPTH_MAX);
        } else if ((c == '}' || c == ']') && depth)
            depth--;
        else if (c == ',')
            values++;
    }
    if (values > JSON_VALUES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d values", JSON_VALUES_MAX);
    return true;
}

static int hex4(const char *at, const char *end)
{
    int value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        value = value * 16 + (isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    return value;
}

/* What stands for the escape at `at` (a backslash and u), and how many bytes it takes. \u0000 would cut
 * cJSON's strings short, a lone surrogate have it refuse the whole: both become U+FFFD. */
static const char *mend_escape(const char *at, const char *end, size_t *size)
{
    int unit = hex4(at + 2, end), low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8, end) : -1;
    bool pair = unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000;
    bool bad = unit == 0 || (unit >= 0xd800 && unit < 0xe000 && !pair);

    *size = unit < 0 ? 2 : pair ? 12 : 6;
    if (unit < 0)
        return "\\?"; /* cJSON takes "\uzzzz" for \u0000, but refuses this */
    return bad ? "\\ufffd" : NULL;
}

/* Copies the text with its traps taken out: escapes as above; a raw NUL inside a string is U+FFFD too. */
static void mend(const char *text, size_t length, struct buf *out)
{
    const char *end = text + length, *plain = text;
    bool inside = false;

    for (const char *at = text; at < end;) {
        const char *instead = NULL;
        size_t size = 1;
        if (*at == '"')
            inside = !inside;
        else if (inside && *at == '\0')
            instead = "\xef\xbf\xbd";
        else if (inside && *at == '\\' && end - at >= 2) {
            size = 2;
            if (at[1] == 'u')
                instead = mend_escape(at, end, &size);
        }
        if (instead) {
            buf_add(out, plain, (size_t)(at - plain));
            buf_add_text(out, instead);
            plain = at + size;
        }
        at += size;
    }
    buf_add(out, plain, (size_t)(end - plain));
}

static void clean_text(char **text)
{
    if (!*text)
        return;
    size_t length = strlen(*text);
    bool fine = text_is_utf8(*text, length);
    for (size_t i = 0; fine && i < length; i++)
        fine = ((unsigned char)(*text)[i] >= 0x20 && (unsigned char)(*text)[i] != 0x7f && (unsigned char)(*text)[i] != 0xc2) ||
               (*text)[i] == '\n' || (*text)[i] == '\t';
    if (fine)
        return;
    struct buf out = BUF_EMPTY(length * 3 + 1);
    text_add_clean(&out, *text, length);
    char *copy = cJSON_malloc(out.length + 1);
    memcpy(copy, buf_text(&out), out.length + 1);
    buf_free(&out);
    cJSON_free(*text);
    *text = copy;
}

/* As deep as JSON_DEPTH_MAX, which measure() has seen to. */
static void clean(cJSON *json)
{
    for (; json; json = json->next) {
        clean_text(&json->valuestring);
        if (!(json->type & cJSON_StringIsConst))
            clean_text(&json->string);
        clean(json->child);
    }
}

struct cJSON *json_parse(const char *text, size_t length, struct err *err)
{
    const char *end = NULL;

    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        text += 3;
        length -= 3;
    }
    if (!measure(text, length, err))
        return NULL;
    struct buf mended = BUF_EMPTY(length * 3 + 16);
    mend(text, length, &mended);
    const char *start = buf_text(&mended), *stop = start + mended.length;
    cJSON *json = cJSON_ParseWithLengthOpts(start, mended.length, &end, false);
    if (!json)
        err_set(err, ERR_INPUT, "not JSON at byte %zu", end ? (size_t)(end - start) : 0);
    while (json && end < stop && *end && strchr(" \t\r\n", *end))
        end++;
    if (json && end < stop) {
        err_set(err, ERR_INPUT, "something follows the JSON value at byte %zu", (size_t)(end - start));
        cJSON_Delete(json);
        json = NULL;
    }
    buf_free(&mended);
    clean(json);
    return json;
}

void json_close(struct cJSON *json)
{
    cJSON_Delete(json);
}

bool json_is_object(const struct cJSON *json) { return cJSON_IsObject(json); }
bool json_is_array(const struct cJSON *json) { return cJSON_IsArray(json); }
bool json_is_text(const struct cJSON *json) { return cJSON_IsString(json); }
bool json_is_number(const struct cJSON *json) { return cJSON_IsNumber(json); }
bool json_is_bool(const struct cJSON *json) { return cJSON_IsBool(json); }
bool json_is_true(const struct cJSON *json) { return cJSON_IsTrue(json); }
bool json_is_null(const struct cJSON *json) { return cJSON_IsNull(json); }

const struct cJSON *json_get(const struct cJSON *object, const char *key)
{
    return json_is_object(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_text(const struct cJSON *json)
{
    return json_is_text(json) ? json->valuestring : NULL;
}

const char *json_get_text(const struct cJSON *object, const char *key)
{
    return json_text(json_get(object, key));
}

double json_number(const struct cJSON *json, double otherwise)
{
    return json_is_number(json) ? json->valuedouble : otherwise;
}

int64_t json_get_int(const struct cJSON *object, const char *key, int64_t otherwise)
{
    double number = json_number(json_get(object, key), NAN);
    return number >= -9007199254740992.0 && number <= 9007199254740992.0 ? (int64_t)number : otherwise;
}

bool json_get_bool(const struct cJSON *object, const char *key, bool otherwise)
{
    const struct cJSON *json = json_get(object, key);
    return json_is_bool(json) ? cJSON_IsTrue(json) : otherwise;
}

const char *json_key(const struct cJSON *member) { return member->string; }
const struct cJSON *json_first(const struct cJSON *json) { return json ? json->child : NULL; }
const struct cJSON *json_next(const struct cJSON *element) { return element->next; }

size_t json_count(const struct cJSON *json)
{
    size_t count = 0;
    for (const struct cJSON *child = json_first(json); child; child = json_next(child))
        count++;
    return count;
}

static void write_value(struct json_out *out, const struct cJSON *json)
{
    if (json_is_object(json) || json_is_array(json)) {
        json_open(out, json_is_object(json) ? '{' : '[');
        for (const struct cJSON *child = json_first(json); child; child = json_next(child)) {
            if (json_is_object(json))
                json_member(out, json_key(child));
            write_value(out, child);
        }
        json_shut(out, json_is_object(json) ? '}' : ']');
    } else if (json_is_text(json))
        json_put_text(out, json_text(json));
    else if (json_is_number(json))
        json_put_double(out, json->valuedouble);
    else if (json_is_bool(json))
        json_put_bool(out, cJSON_IsTrue(json));
    else
        json_put_null(out);
}

void json_add_value(struct buf *buf, const struct cJSON *json)
{
    struct json_out out = json_out(buf);
    write_value(&out, json);
}

struct json_out json_out(struct buf *buf)
{
    return (struct json_out){.buf = buf};
}

static void separate(struct json_out *out)
{
    if (out->member) {
        out->member = false;
        return;
    }
    if (out->depth && out->comma[out->depth - 1])
        buf_add_char(out->buf, ',');
    if (out->depth)
        out->comma[out->depth - 1] = true;
}

void json_open(struct json_out *out, char bracket)
{
    separate(out);
    assert(out->depth < JSON_DEPTH_MAX);
    out->comma[out->depth++] = false;
    buf_add_char(out->buf, bracket);
}

void json_shut(struct json_out *out, char bracket)
{
    assert(out->depth);
    out->depth--;
    buf_add_char(out->buf, bracket);
}

static void put_escaped(struct buf *out, const char *text)
{
    struct buf cleaned = BUF_EMPTY(SIZE_MAX / 4);
    size_t length = strlen(text);

    if (text_plain(text, length) == length && !strpbrk(text, "\"\\<>&")) {
        buf_add_char(out, '"');
        buf_add(out, text, length);
        buf_add_char(out, '"');
        return;
    }
    if (!text_is_utf8(text, length)) {
        text_add_clean(&cleaned, text, length);
        text = buf_text(&cleaned);
    }
    buf_add_char(out, '"');
    size_t plain = 0, i = 0;
    for (; text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f)
            continue;
        buf_add(out, text + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c == '\n')
            buf_add_text(out, "\\n");
        else if (c == '\t')
            buf_add_text(out, "\\t");
        else
            buf_addf(out, "\\u%04x", c);
    }
    buf_add(out, text + plain, i - plain);
    buf_add_char(out, '"');
    buf_free(&cleaned);
}

void json_member(struct json_out *out, const char *key)
{
    separate(out);
    put_escaped(out->buf, key);
    buf_add_char(out->buf, ':');
    out->member = true;
}

void json_put_text(struct json_out *out, const char *text)
{
    separate(out);
    if (text)
        put_escaped(out->buf, text);
    else
        buf_add_text(out->buf, "null");
}

void json_put_int(struct json_out *out, int64_t value)
{
    separate(out);
    buf_addf(out->buf, "%lld", (long long)value);
}

void json_put_double(struct json_out *out, double value)
{
    char text[40];

    separate(out);
    if (!isfinite(value)) {
        buf_add_text(out->buf, "null");
        return;
    }
    if (value == floor(value) && fabs(value) <= 9007199254740992.0) { /* a whole number looks like one */
        buf_addf(out->buf, "%.0f", value);
        return;
    }
    /* The shortest that reads back the same. */
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_add_text(out->buf, text);
}

void json_put_bool(struct json_out *out, bool value)
{
    separate(out);
    buf_add_text(out->buf, value ? "true" : "false");
}

void json_put_null(struct json_out *out)
{
    separate(out);
    buf_add_text(out->buf, "null");
}

void json_put_raw(struct json_out *out, const char *json)
{
    separate(out);
    buf_add_text(out->buf, json);
}

void json_set_text(struct json_out *out, const char *key, const char *text)
{
    json_member(out, key);
    json_put_text(out, text);
}

void json_set_int(struct json_out *out, const char *key, int64_t value)
{
    json_member(out, key);
    json_put_int(out, value);
}

void json_set_bool(struct json_out *out, const char *key, bool value)
{
    json_member(out, key);
    json_put_bool(out, value);
}
