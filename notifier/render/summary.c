#include "notifier/render/summary.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_RUNES_MAX 200
#define VALUE_RUNES_MAX 120
#define OWN_LABELS_MAX 4     /* labels in the title of an alert without a summary */
#define OWN_RUNES_MAX 40     /* a longer value stays in the context */
#define VALUES_MAX 12        /* values of one alert that are shown */
#define CONTEXT_MAX 4000     /* bytes */
#define SEPARATOR " · "

/* Marks that turn the reading direction, and line ends beyond ASCII: a label may not rearrange the line it stands in. */
static size_t mark_at(const char *at)
{
    static const char *const marks[] = {"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab",
                                        "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8",
                                        "\xe2\x81\xa9", "\xd8\x9c"};
    /* Called for every byte of every label: almost all of them are none of the two that a mark begins with. */
    if (*at == '\xe2' || *at == '\xd8')
        for (size_t i = 0; i < LENGTH(marks); i++)
            if (text_starts(at, marks[i]))
                return strlen(marks[i]);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* Most texts are: printable ASCII, with single spaces inside. */
static bool is_clean(const char *text, size_t length)
{
    return text_plain(text, length) == length && !(length && (text[0] == ' ' || text[length - 1] == ' ')) && !strstr(text, "  ");
}

const char *summary_clean(const char *text, size_t runes, struct arena *arena)
{
    struct buf out = BUF_EMPTY(64 * 1024);
    size_t length = strnlen(text, 16 * 1024);

    if (length <= runes && is_clean(text, length))
        return arena_bytes(arena, text, length);
    text_add_clean(&out, text, length);
    char *line = arena_text(arena, buf_text(&out)), *to = line;
    buf_free(&out);
    for (const char *from = line; *from;) {
        size_t mark = mark_at(from);
        if (!mark && !is_blank(*from))
            *to++ = *from;
        else if (!mark && to > line && to[-1] != ' ')
            *to++ = ' ';
        from += mark ? mark : 1;
    }
    while (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
    if (text_runes(line) <= runes)
        return line;
    line[text_prefix(line, runes - 1)] = '\0';
    return arena_printf(arena, "%s…", line);
}

const char *summary_lines(const char *text, size_t runes, struct arena *arena)
{
    struct buf out = BUF_EMPTY(256 * 1024);

    text_add_clean(&out, text, strnlen(text, 64 * 1024));
    char *lines = arena_text(arena, buf_text(&out)), *to = lines;
    buf_free(&out);
    for (const char *from = lines; *from;) {
        size_t mark = mark_at(from);
        if (!mark)
            *to++ = *from;
        from += mark ? mark : 1;
    }
    *to = '\0';
    size_t kept = text_prefix(lines, runes);
    return lines[kept] ? arena_printf(arena, "%.*s…", (int)kept, lines) : lines;
}

bool summary_is_frame(const struct label *label, const char *severity)
{
    static const char *const frame[] = {"alertname", "grafana_folder", "severity", "rulename", "datasource_uid", "ref_id"};

    for (size_t i = 0; i < LENGTH(frame); i++)
        if (strcmp(label->name, frame[i]) == 0)
            return true;
    return text_starts(label->name, "__") || text_equal(label->value, severity);
}

bool summary_is_stopped(const struct view_alert *alert)
{
    return alert->input->status == ALERT_RESOLVED && alert->input->state_reason &&
           strstr(alert->input->state_reason, "MissingSeries") != NULL;
}

/* Grafana's own alerts about a rule that cannot be evaluated: "HighCPU: no data". NULL: none of them. */
static const char *datasource_name(const struct alert_input *input, struct arena *arena)
{
    static const struct {
        const char *alertname, *words;
    } kinds[] = {{"DatasourceError", "data source error"}, {"DatasourceNoData", "no data"}};
    const char *name = labels_get(&input->labels, "alertname"), *rule = labels_get(&input->labels, "rulename");

    for (size_t i = 0; rule && i < LENGTH(kinds); i++)
        if (text_equal(name, kinds[i].alertname))
            return arena_printf(arena, "%s: %s", rule, kinds[i].words);
    return NULL;
}

static const char *name_of(const struct alert_input *input, struct arena *arena)
{
    const char *name = datasource_name(input, arena);
    return name ? name : text_or(labels_get(&input->labels, "alertname"), "Alert without a name");
}

const char *summary_own(const struct alert_input *input, struct arena *arena)
{
    const char *summary = labels_get(&input->annotations, "summary");
    const char *clean = summary && !datasource_name(input, arena) ? summary_clean(summary, TITLE_RUNES_MAX, arena) : "";
    return clean[0] ? clean : summary_clean(name_of(input, arena), TITLE_RUNES_MAX, arena);
}

static void add_piece(struct buf *out, const char *text)
{
    buf_add_text(out, out->length ? SEPARATOR : "");
    buf_add_text(out, text);
}

/* "FeedDown: Binance · prod": without a summary the labels that the group does not share say which one it is. */
static const char *named_by_labels(const struct view *view, const struct view_alert *alert, const char *name, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);
    size_t shown = 0;

    for (size_t i = 0; i < alert->input->labels.count && shown < OWN_LABELS_MAX; i++) {
        const struct label *label = &alert->input->labels.items[i];
        if (summary_is_frame(label, alert->severity) || labels_get(&view->group_labels, label->name) || strstr(name, label->value) ||
            text_runes(label->value) > OWN_RUNES_MAX)
            continue;
        add_piece(&out, label->value);
        shown++;
    }
    const char *text = shown ? arena_printf(arena, "%s: %s", name, buf_text(&out)) : name;
    buf_free(&out);
    return text;
}

const char *summary_title(const struct view *view, struct arena *arena)
{
    bool same_title = true, same_name = true;

    if (!view->alert_count)
        return "Alert";
    const struct view_alert *first = &view->alerts[0];
    const char *title = summary_own(first->input, arena), *name = name_of(first->input, arena);
    if (view->alert_count == 1)
        return summary_clean(strcmp(title, summary_clean(name, TITLE_RUNES_MAX, arena)) == 0
                                 ? named_by_labels(view, first, name, arena) : title, TITLE_RUNES_MAX, arena);
    for (size_t i = 1; i < view->alert_count; i++) {
        same_title = same_title && strcmp(summary_own(view->alerts[i].input, arena), title) == 0;
        same_name = same_name && strcmp(name_of(view->alerts[i].input, arena), name) == 0;
    }
    uint32_t count = view->firing ? view->firing : view->resolved;
    const char *counted = arena_printf(arena, count == 1 ? "%u alert" : "%u alerts", count);
    bool says_nothing = strcmp(title, name) == 0; /* a bare name: how many is news */
    if (same_title && !says_nothing)
        return title;
    return summary_clean(same_name ? arena_printf(arena, "%s: %s", name, counted) : counted, TITLE_RUNES_MAX, arena);
}

bool summary_is_common(const struct view *view, const struct label *label)
{
    for (size_t i = 0; i < view->alert_count; i++)
        if (!text_equal(labels_get(&view->alerts[i].input->labels, label->name), label->value))
            return false;
    return true;
}

static void add_value(struct buf *out, const char *name, size_t length, double value)
{
    buf_addf(out, "%s%.*s = ", out->length ? ", " : "", (int)length, name);
    buf_addf(out, fabs(value) < 1e15 && value == trunc(value) ? "%.0f" : "%.6g", value);
}

/* Grafana's "[ var='A' labels={...} value=93.4 ], ...", all there is where `values` was lost to a NaN. Numbers only. */
static void add_value_string(struct buf *out, const char *text)
{
    size_t shown = 0;

    for (const char *at = text; shown < VALUES_MAX && (at = strstr(at, " var='"));) {
        const char *name = at + strlen(" var='"), *quote = strchr(name, '\''), *next = strstr(name, "[ var='");
        const char *number = quote ? strstr(quote, " value=") : NULL;
        at = name;
        if (!number || (next && number > next) || quote - name > 40)
            continue;
        char *end;
        double value = strtod(number + strlen(" value="), &end);
        if (end == number + strlen(" value=") || !isfinite(value))
            continue;
        add_value(out, name, (size_t)(quote - name), value);
        shown++;
    }
}

const char *summary_values(const struct alert_input *input, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);
    struct cJSON *json = input->values ? json_parse(input->values, strlen(input->values), NULL) : NULL;
    size_t shown = 0;

    for (const struct cJSON *one = json_first(json); one && json_is_object(json) && shown < VALUES_MAX; one = json_next(one)) {
        double value = json_number(one, NAN);
        const char *name = summary_clean(json_key(one), 40, arena);
        if (!json_is_number(one) || !isfinite(value))
            continue;
        add_value(&out, name, strlen(name), value);
        shown++;
    }
    json_close(json);
    if (!out.length && input->value_string)
        add_value_string(&out, input->value_string);
    const char *text = out.length ? summary_clean(buf_text(&out), 400, arena) : NULL;
    buf_free(&out);
    return text;
}

const char *summary_context(const struct view *view, const char *title, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);

    if (!view->alert_count)
        return NULL;
    const struct alert_input *first = view->alerts[0].input;
    for (size_t i = 0; i < first->labels.count; i++) {
        const struct label *label = &first->labels.items[i];
        const char *value = summary_clean(label->value, VALUE_RUNES_MAX, arena);
        if (value[0] && !summary_is_frame(label, view->alerts[0].severity) && summary_is_common(view, label) && !strstr(title, value))
            add_piece(&out, value);
    }
    const char *values = view->alert_count == 1 ? summary_values(first, arena) : NULL;
    if (values)
        add_piece(&out, values);
    const char *error = labels_get(&first->annotations, "Error");
    if (error && view->alert_count == 1)
        add_piece(&out, summary_clean(error, TITLE_RUNES_MAX, arena));
    const char *text = out.length ? summary_clean(buf_text(&out), 400, arena) : NULL;
    buf_free(&out);
    return text;
}

const char *summary_name(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);

    for (size_t i = 0; i < alert->input->labels.count; i++) {
        const struct label *label = &alert->input->labels.items[i];
        if (!summary_is_frame(label, alert->severity) && !summary_is_common(view, label))
            add_piece(&out, summary_clean(label->value, VALUE_RUNES_MAX, arena));
    }
    /* "3 alerts" and "FeedDown: 3 alerts" leave each alert's own words to be said; a title all share has said them. */
    const char *own = summary_own(alert->input, arena), *labels = arena_text(arena, buf_text(&out));
    if (!labels[0] || (view->alert_count > 1 && !text_starts(title, own))) {
        buf_clear(&out);
        add_piece(&out, own);
        if (labels[0] && !strstr(own, labels))
            add_piece(&out, labels);
    }
    const char *text = summary_clean(buf_text(&out), 240, arena);
    buf_free(&out);
    return text[0] ? text : "an alert";
}

const char *summary_line(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena)
{
    const char *name = summary_name(view, alert, title, arena), *values = summary_values(alert->input, arena);
    return values ? summary_clean(arena_printf(arena, "%s" SEPARATOR "%s", name, values), 300, arena) : name;
}
