#include "routes/query.h"

#include "base/text.h"
#include "base/zone.h"
#include "routes/call.h"
#include "routes/openapi.h"
#include "routes/page.h"

#include <string.h>

static bool read_time(struct call *call, const char *name, int64_t now_ms, int64_t *out, struct err *err)
{
    const char *text = call_argument(call, name);
    struct err ignored;
    int64_t ms = 0;

    if (!text || !text[0])
        return true;
    if (zone_parse_rfc3339(text, &ms))
        *out = ms;
    else if (text_to_duration(text, &ms, &ignored) && ms >= 0)
        *out = now_ms - ms;
    else
        return err_set(err, ERR_INPUT, "%s=%.60s: expected a time such as 2026-03-14T09:26:53Z, or a duration such as 2h", name, text);
    if (*out <= 0)
        *out = 1;
    return true;
}

static bool read_all(const struct call *call, struct history_query *out, struct err *err)
{
    const char *all = text_or(call_argument(call, "all"), "false");

    if (text_equal(all, "true"))
        out->status = text_or(out->status, "all");
    else if (!text_equal(all, "false"))
        return err_set(err, ERR_INPUT, "all=%.20s: expected true or false", all);
    return true;
}

static bool read_matchers(struct call *call, struct history_query *out, struct err *err)
{
    const char *given[CALL_ARGUMENTS_MAX];
    size_t count = call_arguments(call, "matcher", given, LENGTH(given));

    for (size_t i = 0; i < count; i++) {
        if (!given[i][0]) /* a field of the form left empty */
            continue;
        if (out->matcher_count == HISTORY_MATCHERS_MAX)
            return err_set(err, ERR_INPUT, "more than %d matchers", HISTORY_MATCHERS_MAX);
        out->matchers[out->matcher_count++] = given[i];
    }
    return true;
}

static bool read_format(struct call *call, struct history_query *out, struct err *err)
{
    const char *limit = text_or(call_argument(call, "limit"), NULL);
    const char *format = text_or(call_argument(call, "format"), "json");
    struct err ignored;
    int64_t count = 0;

    if (limit && (!text_to_int(limit, &count, &ignored) || count < 1))
        return err_set(err, ERR_INPUT, "limit=%.20s: expected 1 to %d", limit, HISTORY_PAGE_MAX);
    out->limit = count > HISTORY_PAGE_MAX ? HISTORY_PAGE_MAX : (size_t)count;
    out->csv = text_equal(format, "csv");
    if (!out->csv && !text_equal(format, "json"))
        return err_set(err, ERR_INPUT, "format=%.20s: expected json or csv", format);
    return true;
}

static size_t times_given(const struct call *call, const char *name)
{
    const char *given[CALL_ARGUMENTS_MAX];

    return call_arguments(call, name, given, LENGTH(given));
}

bool query_check(const struct call *call, struct err *err)
{
    const struct operation *operation = openapi_operation(call->route);

    for (const struct operation_argument *row = openapi_arguments; operation && row->name; row++) {
        const char *value = call_argument(call, row->name);
        if (value && value[0] && !openapi_takes(operation, row->name)) /* empty: a field of a form */
            return err_set(err, ERR_INPUT, "%s has no meaning here: this list takes %s", row->name, text_or(operation->arguments, "no arguments"));
        if (value && !strstr(row->schema, "array") && times_given(call, row->name) > 1)
            return err_set(err, ERR_INPUT, "%s is given more than once", row->name);
    }
    return true;
}

bool query_read(struct call *call, enum history_list list, int64_t now_ms, struct history_query *out, struct err *err)
{
    *out = (struct history_query){.list = list};
    out->id = call_param(call, "id");
    out->status = text_or(call_argument(call, "status"), NULL);
    out->channel = text_or(call_argument(call, "channel"), NULL);
    out->source = text_or(call_argument(call, "source"), NULL);
    out->severity = text_or(call_argument(call, "severity"), NULL);
    out->text = text_or(call_argument(call, "text"), NULL);
    out->who = text_or(call_argument(call, "who"), NULL);
    out->cursor = text_or(call_argument(call, "cursor"), NULL);
    if (list == LIST_ALERTS && !read_all(call, out, err))
        return false;
    return read_time(call, "since", now_ms, &out->since_ms, err) && read_time(call, "until", now_ms, &out->until_ms, err) &&
           read_matchers(call, out, err) && read_format(call, out, err);
}

void query_for_page(struct history_query *query, uint32_t rows)
{
    query->csv = false;
    if (!query->limit)
        query->limit = rows;
    if (query->limit > PAGE_ROWS_MAX)
        query->limit = PAGE_ROWS_MAX;
}

bool query_read_page(struct call *call, enum history_list list, int64_t now_ms, uint32_t rows, struct history_query *out, struct err *err)
{
    if (!query_read(call, list, now_ms, out, err))
        return false;
    out->matcher_count = 0;
    query_for_page(out, rows);
    return true;
}

bool query_read_id(struct call *call, uint64_t *id)
{
    struct err ignored;
    int64_t value = 0;

    if (!text_to_int(call_param(call, "id"), &value, &ignored) || value <= 0)
        return false;
    *id = (uint64_t)value;
    return true;
}

int query_status(const struct err *err)
{
    return err->kind == ERR_INPUT || err->kind == ERR_LIMIT ? 400 : err->kind == ERR_CONFLICT ? 404 : 500;
}

struct query_answer query_answer(bool ok, const struct buf *out, const struct err *err)
{
    struct query_answer answer = {0};

    if (!ok)
        answer.failure = *err;
    else
        answer.json = json_parse(buf_text(out), out->length, &answer.failure);
    answer.status = answer.json ? 200 : ok ? 500 : query_status(err);
    return answer;
}
