#include "notifier/render/summary.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define TITLE_RUNES_MAX 200
#define VALUE_RUNES_MAX 120
#define CONTEXT_MAX 2000 /* bytes */
#define SEPARATOR " · "

const char *summary_clean(const char *text, size_t runes, struct arena *arena)
{
    struct buf out = BUF_EMPTY(64 * 1024);
    bool space = false;

    text_add_clean(&out, text, strnlen(text, 16 * 1024));
    for (size_t i = 0; i < out.length; i++)
        if (out.data[i] == '\n' || out.data[i] == '\t')
            out.data[i] = ' ';
    char *line = arena_text(arena, buf_text(&out));
    buf_free(&out);
    char *to = line;
    for (const char *from = line; *from; from++) {
        if (*from == ' ' && (space || to == line))
            continue;
        space = *from == ' ';
        *to++ = *from;
    }
    while (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
    if (text_runes(line) <= runes)
        return line;
    line[text_prefix(line, runes - 1)] = '\0';
    return arena_printf(arena, "%s…", line);
}

static bool is_silent_label(const char *name)
{
    static const char *const silent[] = {"alertname", "grafana_folder", "severity", "rulename", "datasource_uid", "ref_id"};
    for (size_t i = 0; i < LENGTH(silent); i++)
        if (strcmp(name, silent[i]) == 0)
            return true;
    return text_starts(name, "__");
}

bool summary_is_stopped(const struct view_alert *alert)
{
    return alert->input->status == ALERT_RESOLVED && alert->input->state_reason &&
           strstr(alert->input->state_reason, "MissingSeries") != NULL;
}

static const char *name_of(const struct alert_input *input, struct arena *arena)
{
    const char *name = text_or(labels_get(&input->labels, "alertname"), "Alert without a name");
    const char *rule = labels_get(&input->labels, "rulename");

    if (rule && strcmp(name, "DatasourceError") == 0)
        return arena_printf(arena, "%s: data source error", rule);
    if (rule && strcmp(name, "DatasourceNoData") == 0)
        return arena_printf(arena, "%s: no data", rule);
    return name;
}

static const char *own_title(const struct alert_input *input, struct arena *arena)
{
    const char *summary = labels_get(&input->annotations, "summary");
    const char *name = labels_get(&input->labels, "alertname");
    bool from_datasource = name && text_starts(name, "Datasource") && labels_get(&input->labels, "rulename");

    return summary && summary[0] && !from_datasource ? summary : name_of(input, arena);
}

const char *summary_title(const struct view *view, struct arena *arena)
{
    bool same_title = true, same_name = true;

    if (!view->alert_count)
        return "Alert";
    const struct alert_input *first = view->alerts[0].input;
    const char *title = own_title(first, arena), *name = name_of(first, arena);
    for (size_t i = 1; i < view->alert_count; i++) {
        same_title = same_title && strcmp(own_title(view->alerts[i].input, arena), title) == 0;
        same_name = same_name && strcmp(name_of(view->alerts[i].input, arena), name) == 0;
    }
    uint32_t count = view->firing ? view->firing : view->resolved;
    if (view->alert_count > 1 && !same_title) {
        if (same_name)
            title = arena_printf(arena, "%s: %u alerts", name, count);
        else
            title = arena_printf(arena, "%u alerts", count);
    }
    return summary_clean(title, TITLE_RUNES_MAX, arena);
}

static void add_piece(struct buf *out, const char *text)
{
    buf_add_text(out, out->length ? SEPARATOR : "");
    buf_add_text(out, text);
}

static bool is_common(const struct view *view, const struct label *label)
{
    for (size_t i = 0; i < view->alert_count; i++) {
        const char *value = labels_get(&view->alerts[i].input->labels, label->name);
        if (!value || strcmp(value, label->value) != 0)
            return false;
    }
    return true;
}

const char *summary_values(const struct alert_input *input, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);
    struct cJSON *json = input->values ? json_parse(input->values, strlen(input->values), NULL) : NULL;

    for (const struct cJSON *one = json_first(json); one; one = json_next(one)) {
        if (!json_is_number(one))
            continue;
        struct buf number = BUF_EMPTY(64);
        json_add_value(&number, one);
        buf_addf(&out, "%s%s = %s", out.length ? ", " : "", summary_clean(json_key(one), 40, arena), buf_text(&number));
        buf_free(&number);
    }
    json_close(json);
    const char *text = out.length ? arena_text(arena, buf_text(&out)) : NULL;
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
        if (!is_silent_label(label->name) && is_common(view, label) && !strstr(title, value))
            add_piece(&out, value);
    }
    const char *values = view->alert_count == 1 ? summary_values(first, arena) : NULL;
    if (values)
        add_piece(&out, values);
    const char *error = view->alert_count == 1 ? labels_get(&first->annotations, "Error") : NULL;
    if (error)
        add_piece(&out, summary_clean(error, TITLE_RUNES_MAX, arena));
    const char *text = out.length ? summary_clean(buf_text(&out), 400, arena) : NULL;
    buf_free(&out);
    return text;
}

const char *summary_line(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTEXT_MAX);

    for (size_t i = 0; i < alert->input->labels.count; i++) {
        const struct label *label = &alert->input->labels.items[i];
        if (!is_silent_label(label->name) && !is_common(view, label))
            add_piece(&out, summary_clean(label->value, VALUE_RUNES_MAX, arena));
    }
    const char *own = summary_clean(own_title(alert->input, arena), VALUE_RUNES_MAX, arena);
    if (!out.length || (view->alert_count > 1 && strcmp(own, title) != 0 && !strstr(own, buf_text(&out)))) {
        const char *labels = arena_text(arena, buf_text(&out));
        buf_clear(&out);
        add_piece(&out, own);
        if (labels[0])
            add_piece(&out, labels);
    }
    const char *values = summary_values(alert->input, arena);
    if (values)
        add_piece(&out, values);
    const char *text = summary_clean(buf_text(&out), 300, arena);
    buf_free(&out);
    return text;
}
