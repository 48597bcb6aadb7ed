#include "routes/markup.h"

#include "base/text.h"
#include "routes/markup_functions.h"

#include <assert.h>
#include <string.h>

#define FOOT_MAX (4u << 20)    /* bytes */
#define ENCODED_MAX (1u << 20) /* bytes of one argument */

static const char parts_html[] = {
#include "routes/pages/parts.html.inc"
    0};
static const char quarantine_html[] = {
#include "routes/pages/quarantine.html.inc"
    0};
static const char audit_html[] = {
#include "routes/pages/audit.html.inc"
    0};
static const char account_html[] = {
#include "routes/pages/account.html.inc"
    0};
static const char signin_html[] = {
#include "routes/pages/signin.html.inc"
    0};
static const char channels_html[] = {
#include "routes/pages/channels.html.inc"
    0};
static const char now_html[] = {
#include "routes/pages/now.html.inc"
    0};
static const char history_html[] = {
#include "routes/pages/history.html.inc"
    0};
static const char delivery_html[] = {
#include "routes/pages/delivery.html.inc"
    0};
static const char deliveries_html[] = {
#include "routes/pages/deliveries.html.inc"
    0};
static const char incident_html[] = {
#include "routes/pages/incident.html.inc"
    0};
static const char alert_html[] = {
#include "routes/pages/alert.html.inc"
    0};
static const char policy_html[] = {
#include "routes/pages/policy.html.inc"
    0};
static const char silences_html[] = {
#include "routes/pages/silences.html.inc"
    0};
static const char silence_html[] = {
#include "routes/pages/silence.html.inc"
    0};
static const char layout_html[] = {
#include "routes/pages/layout.html.inc"
    0};

static const struct {
    const char *name, *text;
} pages[] = {
    {"parts", parts_html},
    {"quarantine", quarantine_html},
    {"audit", audit_html},
    {"account", account_html},
    {"signin", signin_html},
    {"channels", channels_html},
    {"now", now_html},
    {"history", history_html},
    {"delivery", delivery_html},
    {"deliveries", deliveries_html},
    {"incident", incident_html},
    {"alert", alert_html},
    {"policy", policy_html},
    {"silences", silences_html},
    {"silence", silence_html},
    {"layout", layout_html},
};

size_t markup_page_count(void)
{
    return LENGTH(pages);
}

const char *markup_page_text(size_t i)
{
    return pages[i].text;
}

const char *markup_page_name(size_t i)
{
    return pages[i].name;
}

bool markup_parse(struct template_set *set, struct err *err)
{
    template_set_add_functions(set, markup_functions, markup_function_count);
    for (size_t i = 0; i < LENGTH(pages); i++)
        if (!template_set_parse(set, pages[i].name, pages[i].text, strlen(pages[i].text), err))
            return false;
    return template_set_check(set, err);
}

const struct template_set *markup_templates(void)
{
    static struct template_set *set; /* as long as the program */
    struct err err = {0};

    if (!set) {
        set = template_set_new();
        bool ok = markup_parse(set, &err);
        assert(ok);
        (void)ok;
    }
    return set;
}

struct markup markup_new(struct call *call, const struct config *config)
{
    return (struct markup){.call = call, .config = config, .arena = arena_new()};
}

void markup_free(struct markup *markup)
{
    arena_free(markup->arena);
    markup->arena = NULL;
}

void markup_set(struct markup *markup, const char *name, struct value value)
{
    assert(markup->count < MARKUP_FIELDS_MAX);
    markup->fields[markup->count++] = (struct value_entry){.name = name, .value = value};
}

void markup_set_text(struct markup *markup, const char *name, const char *text)
{
    struct buf clean = BUF_EMPTY(PAGE_MAX);

    if (text && !text_is_utf8(text, strlen(text))) { /* a complaint that was cut inside a letter */
        text_add_clean(&clean, text, strlen(text));
        text = buf_text(&clean);
    }
    if (text)
        markup_set(markup, name, value_text(arena_text(markup->arena, text)));
    buf_free(&clean);
}

void markup_set_int(struct markup *markup, const char *name, int64_t number)
{
    markup_set(markup, name, value_int(number));
}

void markup_set_bool(struct markup *markup, const char *name, bool truth)
{
    markup_set(markup, name, value_bool(truth));
}

void markup_set_json(struct markup *markup, const char *name, const struct cJSON *json)
{
    markup_set(markup, name, json ? value_from_json(json, markup->arena) : value_nothing());
}

void markup_set_html(struct markup *markup, const char *name, const struct buf *html)
{
    struct value_bytes *finished = ARENA_NEW(markup->arena, struct value_bytes, 1);
    struct value value = value_bytes(buf_text(html), html->length);

    *finished = value.text;
    value.finished = finished;
    markup_set(markup, name, value);
}

struct value markup_texts(struct markup *markup, const char *const *texts, size_t count)
{
    struct value *items = ARENA_NEW(markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++)
        items[i] = value_text(texts[i]);
    return value_list(items, count);
}

struct value markup_map(struct markup *markup, const struct value_entry *entries, size_t count)
{
    struct value_entry *copy = ARENA_NEW(markup->arena, struct value_entry, count);

    memcpy(copy, entries, count * sizeof *copy);
    return value_map(copy, count);
}

bool markup_add(struct markup *markup, const char *template, struct buf *out, struct err *err)
{
    struct value data = markup_map(markup, markup->fields, markup->count);
    struct template_options options = {.escape = &template_escape_html, .context = markup,
                                       .limits = {.steps = MARKUP_STEPS_MAX, .depth = MARKUP_DEPTH_MAX, .output = PAGE_MAX, .memory = MARKUP_MEMORY_MAX}};

    return template_execute(markup_templates(), template, &data, &options, out, err);
}

void markup_show(struct markup *markup, int status, const struct page_frame *frame, const char *template)
{
    struct buf main = BUF_EMPTY(PAGE_MAX), foot = BUF_EMPTY(FOOT_MAX), name = BUF_EMPTY(256);
    struct err err = {0};

    buf_addf(&name, "%s.foot", template);
    bool ok = markup_add(markup, template, &main, &err) &&
              (!template_set_has(markup_templates(), buf_text(&name)) || markup_add(markup, buf_text(&name), &foot, &err));
    if (ok)
        page_show(markup->call, status, frame, &main, &foot);
    else if (err.kind == ERR_LIMIT)
        call_fail(markup->call, 500, "failed", "the page is too long; ask for less");
    else
        call_fail(markup->call, 500, "failed", "the page is broken: %s", err.text);
    markup_free(markup);
    buf_free(&main);
    buf_free(&foot);
    buf_free(&name);
}

void markup_add_argument(struct buf *out, const char *name, const char *value)
{
    struct buf encoded = BUF_EMPTY(ENCODED_MAX);

    if (value && value[0]) {
        text_add_url(&encoded, value);
        buf_addf(out, "%s%s=%s", strchr(buf_text(out), '?') ? "&" : "?", name, buf_text(&encoded));
    }
    buf_free(&encoded);
}

bool markup_try_argument(struct buf *out, const char *name, const char *value)
{
    size_t before = out->length;

    if (strlen(value) > PAGE_LINK_MAX)
        return false;
    markup_add_argument(out, name, value);
    if (out->length <= PAGE_LINK_MAX)
        return true;
    buf_cut(out, before);
    return false;
}
