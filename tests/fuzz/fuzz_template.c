/* template_set_parse and template_execute: any text, on every kind of value, for each channel. What parses has a name
 * in the set; what fails says why and adds nothing; what is written keeps its bound, has no NUL, and in HTML a value
 * leaves no mark behind. */
#include "base/text.h"
#include "notifier/render/template.h"
#include "tests/fuzz/fuzz.h"

#define OUTPUT_MAX 4096 /* bytes: small, so that its limit is met */

static const struct template_escaper *const escapers[] = {
    &template_escape_none, &template_escape_html, &template_escape_slack, &template_escape_discord, &template_escape_telegram};

/* One alert with everything, beside a map that holds every kind. */
static struct value data_for(const char *text, struct arena *arena)
{
    static struct label labels[] = {{"alertname", "DiskFull"}, {"instance", "web-01:9100"}, {"note", "<script>*_`|@here"}};
    struct alert_input *alert = ARENA_NEW(arena, struct alert_input, 1);
    struct view_alert *alerts = ARENA_NEW(arena, struct view_alert, 2);
    struct value_entry *entries = ARENA_NEW(arena, struct value_entry, 12);
    struct value *list = ARENA_NEW(arena, struct value, 5);
    size_t count = 0;

    *alert = (struct alert_input){.fingerprint = "f", .starts_ms = 1773480413500, .labels = {labels, LENGTH(labels)},
                                  .annotations = {labels, 1}, .generator_url = "https://example.org/?a=b&c",
                                  .values = "{\"A\":93.4,\"B\":1e300}"};
    for (size_t i = 0; i < 2; i++)
        alerts[i] = (struct view_alert){.id = i, .input = alert};
    struct view view = {.receiver = "ops", .alerts = alerts, .alert_count = 2, .firing = 2, .group_labels = {labels, 2}, .public_url = "https://example.org"};
    list[0] = value_int(-3);
    list[1] = value_text(text);
    list[2] = value_float(0.1);
    list[3] = value_nil();
    list[4] = value_bool(true);
    entries[count++] = (struct value_entry){.name = "d", .value = template_data(&view, arena)};
    entries[count++] = (struct value_entry){.name = "l", .value = value_list(list, 5)};
    entries[count++] = (struct value_entry){.name = "s", .value = value_text(text)};
    entries[count++] = (struct value_entry){.name = "i", .value = value_int(INT64_MIN)};
    entries[count++] = (struct value_entry){.name = "f", .value = value_float(1e308)};
    entries[count++] = (struct value_entry){.name = "n", .value = value_nil()};
    entries[count++] = (struct value_entry){.name = "b", .value = value_bool(false)};
    entries[count++] = (struct value_entry){.name = "t", .value = value_time(1773480413500, NULL)};
    entries[count++] = (struct value_entry){.name = "z", .value = value_time(TEMPLATE_ZERO_TIME_MS, NULL)};
    return value_map(entries, count);
}

static void run(const struct template_set *set, const struct value *data, const struct template_escaper *escape)
{
    struct template_options options = {.escape = escape, .now_ms = 1773480413500, .limits = {.steps = 20000, .output = OUTPUT_MAX}};
    struct buf out = BUF_EMPTY(OUTPUT_MAX + 2);
    struct err err = {0};

    buf_add_text(&out, "^");
    bool ok = template_execute(set, "fuzz", data, &options, &out, &err);
    FUZZ_CHECK(ok || (err.text[0] && err.kind != ERR_NONE && out.length == 1));
    FUZZ_CHECK(out.length <= OUTPUT_MAX + 1 && strlen(buf_text(&out)) == out.length);
    buf_free(&out);
}

/* A stranger's text in the simplest of templates. */
static void escape(const char *text, const struct template_escaper *escaper)
{
    static const char simple[] = "{{ . }}";
    struct template_options options = {.escape = escaper};
    struct value data = value_text(text);
    struct buf out = BUF_EMPTY(1024 * 1024);
    struct err err = {0};

    bool ok = template_execute_text(NULL, "simple", simple, sizeof simple - 1, &data, &options, &out, &err);
    FUZZ_CHECK(ok || err.kind == ERR_LIMIT);
    if (escaper->html)
        FUZZ_CHECK(!strpbrk(buf_text(&out), "<>\"'"));
    if (escaper == &template_escape_slack)
        FUZZ_CHECK(!strpbrk(buf_text(&out), "<>*`"));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct template_set *set = template_set_new();
    struct arena *arena = arena_new();
    struct err err = {0};
    const char *text = arena_bytes(arena, data, size);
    const struct template_escaper *escaper = escapers[size % LENGTH(escapers)];

    bool ok = template_set_parse(set, "fuzz", text, size, &err);
    FUZZ_CHECK(ok || (err.text[0] && !template_set_count(set)));
    if (ok) {
        struct value values = data_for(text, arena);
        FUZZ_CHECK(template_set_has(set, "fuzz") && template_set_count(set) >= 1);
        if (!template_set_check(set, &err))
            FUZZ_CHECK(err.text[0]);
        run(set, &values, escaper);
    }
    escape(text, escaper);
    arena_free(arena);
    template_set_free(set);
    return 0;
}
