#include "routes/markup_functions.h"

#include "base/text.h"
#include "base/zone.h"
#include "routes/markup.h"

#include <string.h>

#define BLOCK_LINES 24   /* of a text, beyond which it is folded away and scrolls */
#define NUMBER_MAX 64    /* bytes of a number, a time or a span as it is written */
#define SILENCE_VALUE_MAX 300         /* bytes of a label that becomes a matcher */
#define LINK_MAX (64u * 1024) /* bytes of an address while it is made */
#define ENCODED_MAX (1u << 20) /* bytes of a piece of a path */

static const struct value *argument(const struct template_call *call, size_t i)
{
    static const struct value nothing = {.kind = VALUE_NIL};

    return i < call->count ? &call->arguments[i] : &nothing;
}

static const char *text_of(const struct template_call *call, size_t i)
{
    const struct value *value = argument(call, i);

    return value->kind == VALUE_TEXT ? value->text.bytes : "";
}

static bool give_text(const struct template_call *call, const struct buf *text, struct value *result)
{
    *result = value_bytes(arena_bytes(call->arena, buf_text(text), text->length), text->length);
    return true;
}

static struct value record(const struct template_call *call, const struct value_entry *entries, size_t count)
{
    struct value_entry *copy = ARENA_NEW(call->arena, struct value_entry, count);

    memcpy(copy, entries, count * sizeof *copy);
    return value_record(NULL, copy, count);
}

/* --- texts */

/* "1234"; of a text that its list has cut already, and given an ellipsis, "more than 400". */
static struct value runes_of(const struct template_call *call, const char *text)
{
    static const char ellipsis[] = "\u2026";
    size_t length = strlen(text), end = sizeof ellipsis - 1, runes = text_runes(text);
    bool less = (runes == PAGE_LIST_RUNES + 1 || runes == PAGE_ONE_RUNES + 1) && length > end && text_equal(text + length - end, ellipsis);

    return value_text(arena_printf(call->arena, less ? "more than %zu" : "%zu", less ? runes - 1 : runes));
}

static struct value cut_text(const struct template_call *call, const char *text, size_t runes)
{
    size_t length = text_prefix(text, runes);
    bool cut = text[length] != '\0';
    const char *start = cut ? arena_bytes(call->arena, text, length) : text;

    return record(call, (const struct value_entry[]){{"text", NULL, value_bytes(start, length)},
                                                     {"runes", NULL, cut ? runes_of(call, text) : value_text("")}}, 2);
}

static bool cut(const struct template_call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = cut_text(call, text_of(call, 1), (size_t)call->arguments[0].whole);
    return true;
}

static size_t count_lines(const char *text)
{
    size_t count = 1;

    for (; (text = strchr(text, '\n')); text++)
        count++;
    return count;
}

static bool fold(const struct template_call *call, struct value *result, struct err *err)
{
    const char *text = text_of(call, 0);
    size_t length = strlen(text);
    bool folded = text[text_prefix(text, 4 * PAGE_WORDS_RUNES)] != '\0' || count_lines(text) > BLOCK_LINES;

    (void)err;
    if (length > PAGE_BLOCK_MAX)
        length = PAGE_BLOCK_MAX;
    while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    *result = record(call, (const struct value_entry[]){{"text", NULL, value_bytes(arena_bytes(call->arena, text, length), length)},
                                                        {"runes", NULL, folded ? runes_of(call, text) : value_text("")},
                                                        {"more", NULL, value_bool(text[length] != '\0')}}, 3);
    return true;
}

static bool path(const struct template_call *call, struct value *result, struct err *err)
{
    struct buf out = BUF_EMPTY(ENCODED_MAX);

    (void)err;
    text_add_url(&out, text_of(call, 0));
    give_text(call, &out, result);
    buf_free(&out);
    return true;
}

static bool is_link(const struct template_call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(page_is_link(text_of(call, 0)));
    return true;
}

/* --- times and numbers */

static bool moment(const struct template_call *call, struct value *result, struct err *err)
{
    const char *at = text_of(call, 0);
    struct buf out = BUF_EMPTY(NUMBER_MAX);

    (void)err;
    if (at[0])
        buf_addf(&out, "%.10s %.8s", at, strlen(at) > 11 ? at + 11 : "");
    give_text(call, &out, result);
    buf_free(&out);
    return true;
}

static bool span(const struct template_call *call, struct value *result, struct err *err)
{
    struct buf out = BUF_EMPTY(NUMBER_MAX);

    (void)err;
    page_add_span(&out, text_of(call, 0), text_of(call, 1));
    give_text(call, &out, result);
    buf_free(&out);
    return true;
}

static int64_t whole_of(const struct value *value)
{
    return value->kind == VALUE_INT ? value->whole : value->kind == VALUE_FLOAT ? (int64_t)value->real : 0;
}

static bool number(const struct template_call *call, struct value *result, struct err *err)
{
    struct buf out = BUF_EMPTY(NUMBER_MAX);

    (void)err;
    page_add_number(&out, whole_of(argument(call, 0)));
    give_text(call, &out, result);
    buf_free(&out);
    return true;
}

static bool seconds(const struct template_call *call, struct value *result, struct err *err)
{
    const struct value *value = argument(call, 0);
    int64_t per = call->count > 1 ? call->arguments[1].whole : 1;
    struct buf out = BUF_EMPTY(NUMBER_MAX);

    if (per <= 0)
        return err_set(err, ERR_INPUT, "nothing has %lld parts", (long long)per);
    page_add_seconds(&out, (value->kind == VALUE_FLOAT ? value->real : (double)whole_of(value)) / (double)per);
    give_text(call, &out, result);
    buf_free(&out);
    return true;
}

static bool add(const struct template_call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_int(whole_of(argument(call, 0)) + whole_of(argument(call, 1)));
    return true;
}

static bool more(const struct template_call *call, struct value *result, struct err *err)
{
    const struct value *list = argument(call, 1);
    int64_t left = whole_of(argument(call, 0)) - (list->kind == VALUE_LIST ? (int64_t)list->list.count : whole_of(list));

    (void)err;
    *result = value_int(left > 0 ? left : 0);
    return true;
}

/* --- alerts */

static bool severity_class(const struct template_call *call, struct value *result, struct err *err)
{
    const struct markup *markup = call->context;

    (void)err;
    *result = value_int(markup->config ? page_severity_class(markup->config, text_of(call, 0)) : 1);
    return true;
}

static bool is_said(const struct markup *markup, const struct value *without, const char *name, const char *value)
{
    const struct value *same = without->kind == VALUE_MAP ? value_get(without, name) : NULL;

    if (text_equal(name, "alertname") || (markup->config && text_equal(name, markup->config->policy->severity_label)))
        return true;
    return same && same->kind == VALUE_TEXT && text_equal(same->text.bytes, value);
}

static bool labels(const struct template_call *call, struct value *result, struct err *err)
{
    const struct value *all = argument(call, 0), *without = argument(call, 1);
    struct value *shown = ARENA_NEW(call->arena, struct value, PAGE_LABELS_MAX);
    size_t count = 0, left = 0;

    (void)err;
    for (size_t i = 0; all->kind == VALUE_MAP && i < all->map.count; i++) {
        const struct value_entry *label = &all->map.entries[i];
        struct value value = label->value.kind == VALUE_TEXT ? label->value : value_text("");
        if (is_said(call->context, without, label->name, value.text.bytes))
            continue;
        if (count == PAGE_LABELS_MAX) {
            left++;
            continue;
        }
        shown[count++] = record(call, (const struct value_entry[]){{"name", NULL, cut_text(call, label->name, PAGE_LABEL_RUNES)},
                                                                   {"value", NULL, cut_text(call, value.text.bytes, PAGE_LABEL_RUNES)},
                                                                   {"link", NULL, page_is_link(value.text.bytes) ? value : value_text("")}}, 3);
    }
    *result = record(call, (const struct value_entry[]){{"shown", NULL, value_list(shown, count)}, {"left", NULL, value_int((int64_t)left)}}, 2);
    return true;
}

/* Without the labels that are too long; fewer matchers hush more, and the preview says what. */
static bool silence_of(const struct template_call *call, struct value *result, struct err *err)
{
    const struct value *all = argument(call, 0);
    struct buf link = BUF_EMPTY(LINK_MAX), matcher = BUF_EMPTY(LINK_MAX);
    size_t count = 0;

    (void)err;
    buf_add_text(&link, "/silences/new");
    for (size_t i = 0; all->kind == VALUE_MAP && i < all->map.count && count < HISTORY_MATCHERS_MAX; i++) {
        const struct value *value = &all->map.entries[i].value;
        if (value->kind != VALUE_TEXT || !value->text.length || value->text.length > SILENCE_VALUE_MAX)
            continue;
        buf_clear(&matcher);
        page_add_matcher(&matcher, all->map.entries[i].name, value->text.bytes);
        count += !matcher.full && markup_try_argument(&link, "matcher", buf_text(&matcher));
    }
    if (!count)
        buf_clear(&link);
    give_text(call, &link, result);
    buf_free(&link);
    buf_free(&matcher);
    return true;
}

/* --- the page */

static bool csrf(const struct template_call *call, struct value *result, struct err *err)
{
    const struct markup *markup = call->context;

    (void)err;
    *result = value_text(call_csrf_token(markup->call));
    return true;
}

static bool may(const struct template_call *call, struct value *result, struct err *err)
{
    static const struct { const char *name; enum access access; } roles[] = {
        {"viewer", ACCESS_VIEWER}, {"operator", ACCESS_OPERATOR}, {"admin", ACCESS_ADMIN}};
    const struct markup *markup = call->context;

    for (size_t i = 0; i < LENGTH(roles); i++)
        if (text_equal(text_of(call, 0), roles[i].name)) {
            *result = value_bool(call_may(markup->call, roles[i].access));
            return true;
        }
    return err_set(err, ERR_INPUT, "\"%.40s\" is no role", text_of(call, 0));
}

static bool room(const struct template_call *call, struct value *result, struct err *err)
{
    int64_t part = call->count ? call->arguments[0].whole : 1;

    if (part <= 0)
        return err_set(err, ERR_INPUT, "no room has %lld parts", (long long)part);
    *result = value_bool(call->written < PAGE_ROOM / (uint64_t)part);
    return true;
}

const struct template_function markup_functions[] = {
    {"cut", "ia", cut},       {"fold", "a", fold},       {"moment", "a", moment},  {"span", "aa", span},
    {"number", "a", number},  {"seconds", "ai?", seconds}, {"path", "a", path},      {"isLink", "a", is_link},
    {"labels", "aa?", labels}, {"csrf", "", csrf},       {"may", "s", may},        {"room", "i?", room},
    {"add", "aa", add},       {"more", "aa", more},     {"silenceOf", "a", silence_of},
    {"severityClass", "a", severity_class},
};
const size_t markup_function_count = LENGTH(markup_functions);
