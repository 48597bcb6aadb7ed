#include "collector/sources/status.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "collector/sources/when.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct setting status_settings[] = {
    SETTING("url", SECRET, struct status_source, url, ), /* may hold a token */
    SETTING("path", TEXT, struct status_source, path, ),
    SETTING("at", TEXT, struct status_source, at, ),
    SETTING("bearer_token", SECRET, struct status_source, bearer_token, ),
    SETTING("username", TEXT, struct status_source, username, ),
    SETTING("password", SECRET, struct status_source, password, ),
    SETTING("ca_file", TEXT, struct status_source, ca_file, ),
    SETTING("timeout", DURATION, struct status_source, timeout_ms, .least = 10, .most = 60000),
    {0},
};

bool status_check(struct status_source *source, const struct yaml_node *config, bool required, struct err *err)
{
    if (source->url && source->path)
        return setting_error(config, err, "url and path are both given: the status has one place");
    if (required && !source->url && !source->path)
        return setting_error(config, err, "url or path is missing: where the daemon's status is");
    if (source->url && !text_starts(source->url, "http://") && !text_starts(source->url, "https://") && !text_starts(source->url, "unix:"))
        return setting_error(config, err, "url must begin with http://, https:// or unix:");
    if (source->bearer_token && source->username)
        return setting_error(config, err, "bearer_token and username are both given: one of them");
    if (!source->timeout_ms)
        source->timeout_ms = STATUS_TIMEOUT_MS;
    if (source->bearer_token)
        source->header = arena_printf(source->common.arena, "Bearer %s", source->bearer_token);
    return true;
}

static bool read_path(struct source *base, struct buf *answer, struct err *err)
{
    const struct status_source *source = (const struct status_source *)(const void *)base;
    return file_read(source->path, answer, err);
}

bool status_plan(struct status_source *source, struct fetch *fetch)
{
    *fetch = (struct fetch){.job = source->path ? read_path : NULL};
    if (source->path)
        return true;
    if (!source->url)
        return false;
    fetch->http = (struct http_request){
        .method = "GET",
        .url = source->url,
        .reply_max = SOURCE_ANSWER_MAX,
        .timeout_ms = source->timeout_ms,
        .ca_file = source->ca_file,
        .username = source->username,
        .password = source->password,
    };
    fetch->http.headers[fetch->http.header_count++] = (struct http_header){"Accept", "application/json"};
    if (source->header)
        fetch->http.headers[fetch->http.header_count++] = (struct http_header){"Authorization", source->header};
    return true;
}

/* object below names joined by dots */
static const struct cJSON *walk(const struct cJSON *object, const char *names)
{
    char name[128];

    while (object && names && *names) {
        size_t length = strcspn(names, ".");
        if (length >= sizeof name)
            return NULL;
        memcpy(name, names, length);
        name[length] = '\0';
        object = json_get(object, name);
        names += length + (names[length] == '.');
    }
    return object;
}

struct cJSON *status_parse(const struct status_source *source, const struct answer *answer, const struct cJSON **object, struct err *err)
{
    if (answer->failed) {
        err_set(err, answer->failed->kind, "%s", answer->failed->text);
        return NULL;
    }
    if (answer->reply && answer->reply->status != 200) {
        err_set(err, ERR_NETWORK, "the status was answered with HTTP %d, expected 200", answer->reply->status);
        return NULL;
    }
    struct cJSON *json = json_parse(answer->data, answer->length, err);
    if (!json) {
        err_within(err, "the status");
        return NULL;
    }
    *object = walk(json, source->at);
    if (json_is_object(*object))
        return json;
    err_set(err, ERR_INPUT, source->at ? "the status has no object at %.100s" : "the status is no JSON object%s", source->at ? source->at : "");
    json_close(json);
    return NULL;
}

const struct cJSON *status_find(const struct cJSON *object, const char *const *names)
{
    for (; *names; names++) {
        const struct cJSON *value = json_get(object, *names);
        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcasecmp(text, *words) != 0)
        words++;
    return *words != NULL;
}

bool status_bool(const struct cJSON *value, bool *out)
{
    static const char *const yes[] = {"true", "yes", "up", "connected", "running", "ok", "open", "online", NULL};
    static const char *const no[] = {"false", "no", "down", "disconnected", "stopped", "error", "closed", "offline", "connecting", "reconnecting", "failed", NULL};
    const char *text = json_text(value);
    double number;

    if (json_is_bool(value)) {
        *out = json_is_true(value);
        return true;
    }
    if (text && (is_one_of(text, yes) || is_one_of(text, no))) {
        *out = is_one_of(text, yes);
        return true;
    }
    if (!status_number(value, &number))
        return false;
    *out = number != 0;
    return true;
}

bool status_number(const struct cJSON *value, double *out)
{
    const char *text = json_text(value);
    char *end;

    if (json_is_number(value))
        *out = json_number(value, NAN);
    else if (text && text[0]) {
        *out = strtod(text, &end);
        if (*end)
            return false;
    } else
        return false;
    return isfinite(*out);
}

bool status_integer(const struct cJSON *value, int64_t *out)
{
    double number;

    if (!status_number(value, &number) || fabs(number) > 9007199254740992.0)
        return false;
    *out = (int64_t)number;
    return true;
}

bool status_count(const struct cJSON *value, int64_t *out)
{
    return status_integer(value, out) && *out >= 0 && *out <= INT32_MAX;
}

bool status_time(const struct cJSON *value, int64_t *ns)
{
    const char *text = json_text(value);
    double number;

    if (status_number(value, &number))
        return when_number(number, ns);
    return text && when_text(text, ns);
}

bool status_list(const struct cJSON *value, struct buf *joined, int64_t *count)
{
    *count = 0;
    if (json_is_text(value)) {
        text_add_clean(joined, json_text(value), strlen(json_text(value)));
        for (const char *at = json_text(value); at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
            ++*count;
        return true;
    }
    if (!json_is_array(value) && !json_is_object(value))
        return false;
    for (const struct cJSON *item = json_first(value); item; item = json_next(item)) {
        const char *text = json_is_object(value)  ? json_key(item)
                           : json_is_object(item) ? json_text(status_find(item, NAMES("name", "exchange", "symbol", "id")))
                                                  : json_text(item);
        ++*count;
        if (text && joined->length + strlen(text) + 2 < joined->limit)
            buf_addf(joined, "%s%s", joined->length ? "," : "", text);
    }
    return true;
}

const struct cJSON *status_exchanges(const struct cJSON *status, const char *const *names)
{
    for (; *names; names++) {
        const struct cJSON *all = json_get(status, *names);
        if (json_is_object(json_first(all)))
            return all;
    }
    return NULL;
}

const char *status_exchange_name(const struct cJSON *exchanges, const struct cJSON *exchange)
{
    const char *name = json_is_object(exchanges) ? json_key(exchange) : json_text(status_find(exchange, NAMES("exchange", "name", "id", "venue")));
    return json_is_object(exchange) && name && name[0] ? name : NULL;
}

void status_add_long(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names)
{
    int64_t value;
    if (status_integer(status_find(object, names), &value))
        point_long(points, point, field, value);
}

void status_add_double(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names)
{
    double value;
    if (status_number(status_find(object, names), &value))
        point_double(points, point, field, value);
}

void status_add_time(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names)
{
    int64_t ns;
    if (status_time(status_find(object, names), &ns))
        point_time(points, point, field, ns);
}
