#include "routes/path.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a browser or a client encoded. NULL: not decodable, or not text. */
static const char *decode(struct arena *arena, const char *text, size_t length, bool plus_is_space)
{
    char *out = arena_bytes(arena, text, length), *to = out;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '+' && plus_is_space)
            c = ' ';
        else if (c == '%') {
            int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return text_is_utf8(out, (size_t)(to - out)) ? out : NULL;
}

static bool parse_segments(struct arena *arena, const char *target, size_t length, struct path *out, struct err *err)
{
    for (size_t from = 1; from < length;) {
        const char *slash = memchr(target + from, '/', length - from);
        size_t to = slash ? (size_t)(slash - target) : length;
        if (out->segment_count == PATH_SEGMENTS_MAX)
            return err_set(err, ERR_LIMIT, "the path has more than %d parts", PATH_SEGMENTS_MAX);
        const char *segment = decode(arena, target + from, to - from, false);
        if (!segment)
            return err_set(err, ERR_INPUT, "the path is not percent-encoded UTF-8 without NUL");
        out->segments[out->segment_count++] = segment;
        from = to + 1;
    }
    return true;
}

bool path_parse_pairs(struct arena *arena, const char *query, struct path_pair *out, size_t *count, struct err *err)
{
    *count = 0;
    while (*query) {
        size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        size_t name_length = equals ? (size_t)(equals - query) : length;
        if (length) {
            if (*count == CALL_ARGUMENTS_MAX)
                return err_set(err, ERR_LIMIT, "more than %d arguments", CALL_ARGUMENTS_MAX);
            const char *name = decode(arena, query, name_length, true);
            const char *value = equals ? decode(arena, equals + 1, length - name_length - 1, true) : "";
            if (!name || !value)
                return err_set(err, ERR_INPUT, "an argument is not percent-encoded UTF-8 without NUL");
            out[(*count)++] = (struct path_pair){name, value};
        }
        query += length + (query[length] == '&');
    }
    return true;
}

bool path_parse(struct arena *arena, const char *target, struct path *out, struct err *err)
{
    size_t length = strcspn(target, "?#");

    *out = (struct path){.text = ""};
    if (target[0] != '/')
        return err_set(err, ERR_INPUT, "the request's target does not begin with a slash");
    out->text = decode(arena, target, length, false);
    if (!out->text)
        return err_set(err, ERR_INPUT, "the path is not percent-encoded UTF-8 without NUL");
    if (!parse_segments(arena, target, length, out, err))
        return false;
    return target[length] != '?' || path_parse_pairs(arena, target + length + 1, out->arguments, &out->argument_count, err);
}

static bool match_segment(const char *pattern, size_t length, const char *segment, struct arena *arena,
                          struct path_pair *params, size_t *count)
{
    if (length > 2 && pattern[0] == '{' && pattern[length - 1] == '}') {
        if (!segment[0])
            return false;
        assert(*count < CALL_PARAMS_MAX);
        params[(*count)++] = (struct path_pair){arena_bytes(arena, pattern + 1, length - 2), segment};
        return true;
    }
    return strlen(segment) == length && memcmp(segment, pattern, length) == 0;
}

bool path_match(const struct path *path, const char *pattern, struct arena *arena, struct path_pair *params, size_t *count)
{
    size_t index = 0;

    *count = 0;
    assert(pattern[0] == '/');
    for (pattern++; *pattern; index++) {
        size_t length = strcspn(pattern, "/");
        if (index == path->segment_count || !match_segment(pattern, length, path->segments[index], arena, params, count))
            return false;
        pattern += length + (pattern[length] == '/');
    }
    return index == path->segment_count;
}

const char *path_prefix(struct arena *arena, const char *url)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    size_t length = path ? strlen(path) : 0;

    while (length && path[length - 1] == '/')
        length--;
    if (!length || length > PATH_PREFIX_MAX || strspn(path, plain) < length)
        return "";
    const char *prefix = arena_bytes(arena, path, length);
    return strstr(prefix, "//") ? "" : prefix;
}

const char *path_without(struct arena *arena, const char *target, const char *prefix)
{
    size_t length = strlen(prefix);

    if (!length || strncmp(target, prefix, length) != 0 || !strchr("/?", target[length]))
        return target;
    return target[length] == '/' ? target + length : arena_printf(arena, "/%s", target + length);
}
