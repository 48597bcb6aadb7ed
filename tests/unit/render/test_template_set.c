/* The door: sets of texts, what mistakes say, and every bound. */
#include "tests/unit/render/template_sample.h"

static struct template_options options;

static bool run_text(const char *text, const struct value *data, struct buf *out, struct err *err)
{
    return template_execute_text(NULL, "t", text, strlen(text), data, &options, out, err);
}

/* Words that an operator can act on, and the place, columns in characters. */
static void mistakes_say_where_and_what(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a{{ .x", "t:1:2: the action is not closed: }} is missing"},
        {"äöü {{ nonsense }}", "t:1:8: there is no function \"nonsense\"; a field begins with a dot, a string has quotes"},
        {"1\n2\n  {{ $x }}", "t:3:6: the variable $x is not declared here"},
        {"{{ if true }}\n{{ if true }}{{ end }}", "t:1:1: the {{ end }} that belongs here is missing"},
        {"{{ end }}", "t:1:4: unexpected \"end\": there is no action here that it belongs to"},
        {"{{ \"abc }}", "t:1:4: the closing \" is missing"},
        {"{{ \"\\q\" }}", "t:1:4: \"\\q\" is no escape; use \\\\ for a backslash, or `…` where none count"},
        {"{{ (1 }}", "t:1:1: a ( without its )"},
        {"{{ .a.b 1x }}", "t:1:9: \"1x\" is not a number that is understood here"},
        {"{{ template x }}", "t:1:13: unexpected \"x\": a \"name\" in quotes belongs behind template"},
        {"{{ range $a, $b, $c := . }}{{ end }}", "t:1:16: unexpected \",\": one variable is declared here, two only by {{ range $index, $element := … }}"},
        {"{{ break }}", "t:1:4: {{ break }} stands only inside of {{ range }}"},
        {"{{ print \"a\"1 }}", "t:1:13: unexpected \"1\": a space should stand before it"},
        {"{{ len 3 }}", "t:1:4: len: int has no length"},
        {"x {{ toUpper 3 }}", "t:1:6: toUpper: argument 1 should be a string, not int"},
        {"{{ join \",\" 1 2 }}", "t:1:4: join: takes 2 arguments, not 3"},
        {"{{ eq 1 }}", "t:1:4: eq: takes at least 2 arguments, not 1"},
        {"{{ eq 1 \"a\" }}", "t:1:4: eq: int and string cannot be compared"},
        {"{{ .name.first }}", "t:1:4: string has no field or method .first"},
        {"{{ .no.way }}", "t:1:4: there is nothing that could have a field .way: what stands before it is nil"},
        {"{{ range .name }}{{ end }}", "t:1:10: range goes over a list or a map or an int, not over string"},
        {"{{ template \"no\" }}", "t:1:4: no template is called \"no\""},
        {"{{ now | tz \"Mars\" }}", "t:1:10: tz: \"Mars\" is not a time zone known here; use a name such as Europe/Berlin (package tzdata) or UTC"},
        {"{{ mustToDate \"2006\" \"x\" }}", "t:1:4: mustToDate: \"x\" is no time as \"2006\" has it"},
        {"{{ define \"a\" }}{{ len 1 }}{{ end }}\n{{ tmpl.Exec \"a\" }}", "t:1:20: len: int has no length"},
        {"{{ tmpl.Inline \"{{\" . }}", "t:1:4: Inline: <inline>:1:1: the action is not closed: }} is missing"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct value_entry entries[] = {{.name = "name", .value = value_text("Ada")}};
        struct value data = value_map(entries, 1);
        struct buf out = BUF_EMPTY(1000);
        struct err err = {0};
        buf_add_text(&out, "before");
        CHECK(!run_text(cases[i].text, &data, &out, &err), "%s", cases[i].text);
        CHECK_TEXT(err.text, cases[i].want);
        CHECK_INT(err.kind, ERR_INPUT);
        CHECK_TEXT(buf_text(&out), "before");
        buf_free(&out);
    }
}

/* `times` times a piece of text. */
static char *repeated(const char *begin, const char *piece, size_t times, const char *end)
{
    struct buf text = BUF_EMPTY(16 * 1024 * 1024);

    buf_add_text(&text, begin);
    for (size_t i = 0; i < times; i++)
        buf_add_text(&text, piece);
    buf_add_text(&text, end);
    return buf_take(&text, NULL);
}

static void check_limit(const char *name, const char *text, const char *words)
{
    struct value data = value_int(1);
    struct buf out = BUF_EMPTY(4 * TEMPLATE_OUTPUT_MAX);
    struct err err = {0};

    CHECK(!run_text(text, &data, &out, &err), "%s", name);
    CHECK(err.kind == ERR_LIMIT && strstr(err.text, words), "%s: \"%s\"", name, err.text);
    CHECK(!out.length, "%s: left %zu bytes", name, out.length);
    buf_free(&out);
}

static void what_runs_is_bounded(void)
{
    static const struct {
        const char *name, *text, *words;
    } cases[] = {
        {"steps", "{{ range 100000000 }}{{ end }}", "more than 1000000 steps"},
        {"steps of nested ranges", "{{ range 10000 }}{{ range 10000 }}{{ $x := . }}{{ end }}{{ end }}", "steps"},
        {"regular expressions", "{{ range 100000 }}{{ $x := match \"a\" \"a\" }}{{ end }}", "steps"},
        {"recursion", "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "more than 50 templates call each other"},
        {"recursion through tmpl.Exec", "{{ define \"a\" }}{{ tmpl.Exec \"a\" . }}{{ end }}{{ template \"a\" . }}", "more than 50 templates call each other"},
        {"recursion by two", "{{ define \"a\" }}{{ template \"b\" . }}{{ end }}{{ define \"b\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "call each other"},
        {"output", "{{ range 300000 }}x{{ end }}", "longer than 262144 bytes"},
        {"output of one value", "{{ $x := \"xxxxxxxxxx\" }}{{ range 20 }}{{ $x = print $x $x }}{{ end }}", "a text of more than 262144 bytes"},
        {"width", "{{ range 100 }}{{ printf \"%9999d\" 1 }}{{ end }}", "longer than"},
        {"memory", "{{ $l := list }}{{ range 100000 }}{{ $l = append $l 1 }}{{ end }}", "MiB of values"},
        {"depth of values", "{{ $l := list }}{{ range 1000 }}{{ $l = list $l }}{{ end }}", "more than 64 deep"},
        {"values that hold each other", "{{ $l := list }}{{ range 60 }}{{ $l = list $l $l $l $l }}{{ end }}{{ print $l }}", "a text of more than"},
        {"values that hold each other, printed", "{{ $l := list }}{{ range 60 }}{{ $l = list $l $l $l $l }}{{ end }}{{ $l }}", "longer than"},
        {"values that hold each other, as JSON", "{{ $l := dict }}{{ range 60 }}{{ $l = dict \"a\" $l \"b\" $l }}{{ end }}{{ toJson $l }}", "a text of more than"},
        {"time zones", "{{ range list \"Europe/Berlin\" \"Europe/Paris\" \"Europe/London\" \"Europe/Rome\" \"Europe/Madrid\" \"Europe/Vienna\" \"Europe/Oslo\" \"Europe/Athens\" \"Europe/Kiev\" }}{{ $x := now | tz . }}{{ end }}", "more than 8 time zones"},
        {"a hopeless regular expression", "{{ match \"(a+)+$\" \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\" }}", "too many steps"},
        {"replacements", "{{ $x := \"aaaaaaaaaa\" }}{{ range 8 }}{{ $x = print $x $x }}{{ end }}{{ reReplaceAll \"a\" \"b\" $x }}", "matches more than 1000 times"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++)
        check_limit(cases[i].name, cases[i].text, cases[i].words);
    char *deep = repeated("{{ define \"a\" }}", "{{ if true }}", 40, "{{ template \"a\" }}");
    char *text = repeated(deep, "{{ end }}", 41, "{{ template \"a\" }}");
    check_limit("levels", text, "more than 1000 actions and parentheses inside each other");
    free(deep);
    free(text);
}

static void what_is_parsed_is_bounded(void)
{
    static const struct {
        const char *name, *begin, *piece;
        size_t times;
        const char *end, *words;
    } cases[] = {
        {"nested actions", "", "{{ if true }}", 10000, "", "more than 64 actions"},
        {"nested parentheses", "{{ ", "(", 100000, " }}", "more than 64 parentheses"},
        {"else if without end", "{{ if 1 }}", "{{ else if 1 }}", 1000, "{{ end }}", "more than 64 actions"},
        {"arguments", "{{ print", " 1", 100, " }}", "more than 64 arguments"},
        {"commands", "{{ 1", " | print", 100, " }}", "more than 64 commands"},
        {"fields", "{{ ", ".a", 100, " }}", "more than 64 fields"},
        {"variables", "", "{{ $x := 1 }}", 300, "", "more than 256 variables"},
        {"size", "", "0123456789", 110000, "", "more than 1048576 bytes"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *text = repeated(cases[i].begin, cases[i].piece, cases[i].times, cases[i].end);
        check_limit(cases[i].name, text, cases[i].words);
        free(text);
    }
}

static void a_set_holds_so_many(void)
{
    struct template_set *set = template_set_new();
    struct err err = {0};

    for (int i = 0; i < TEMPLATE_COUNT_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%d", i);
        CHECK(template_set_parse(set, name, "x", 1, &err), "%s", err.text);
    }
    CHECK_INT(template_set_count(set), TEMPLATE_COUNT_MAX);
    CHECK(!template_set_parse(set, "more", "x", 1, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    CHECK(template_set_parse(set, "t7", "y", 1, &err), "another in the place of one: %s", err.text);
    template_set_free(set);
    template_set_free(NULL);
}

static void limits_of_the_caller_count(void)
{
    struct template_options tight = {.limits = {.steps = 10, .depth = 2, .output = 5}};
    struct value data = value_nothing();
    struct err err = {0};
    struct buf out = BUF_EMPTY(100), small = BUF_EMPTY(3);

    CHECK(template_execute_text(NULL, "t", "12345", 5, &data, &tight, &out, &err), "%s", err.text);
    CHECK(!template_execute_text(NULL, "t", "123456", 6, &data, &tight, &out, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    CHECK(!template_execute_text(NULL, "t", "{{ range 9 }}{{ end }}", 22, &data, &tight, &out, &err) && strstr(err.text, "10 steps"), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "12345");
    CHECK(!template_execute_text(NULL, "t", "1234", 4, &data, &options, &small, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    CHECK(!small.length, "%zu bytes", small.length);
    buf_free(&out);
    buf_free(&small);
}

static void check_says(const struct template_set *set, const char *name, const char *want)
{
    struct value data = value_text("D");
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};

    CHECK(template_execute(set, name, &data, &options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), want);
    buf_free(&out);
}

static bool add(struct template_set *set, const char *name, const char *text, struct err *err)
{
    return template_set_parse(set, name, text, strlen(text), err);
}

static void later_texts_replace_earlier_ones(void)
{
    struct template_set *set = template_set_new();
    struct err err = {0};

    CHECK(add(set, "one.tmpl", "one{{ define \"a\" }}1{{ end }}{{ define \"b\" }}[{{ template \"a\" . }}]{{ end }}", &err), "%s", err.text);
    check_says(set, "one.tmpl", "one");
    check_says(set, "b", "[1]");
    CHECK(add(set, "two.tmpl", "{{ define \"a\" }}2{{ . }}{{ end }}", &err), "%s", err.text);
    check_says(set, "b", "[2D]");
    check_says(set, "two.tmpl", "");
    CHECK(add(set, "three.tmpl", "{{ define \"a\" }} \n{{ end }}", &err), "%s", err.text);
    check_says(set, "b", "[2D]"); /* nothing but white space replaces nothing */
    CHECK(!add(set, "four.tmpl", "{{ define \"a\" }}4{{ end }}{{ nonsense }}", &err), "parsed");
    check_says(set, "b", "[2D]");
    CHECK(!template_set_has(set, "four.tmpl") && template_set_has(set, "a") && !template_set_has(set, "zz"), "what is there");
    CHECK_TEXT(template_set_name(set, 0), "a");
    err = (struct err){0};
    struct buf out = BUF_EMPTY(10);
    struct value data = value_nothing();
    CHECK(!template_execute(set, "zz", &data, &options, &out, &err), "executed");
    CHECK_TEXT(err.text, "no template is called \"zz\"");
    template_set_free(set);
}

static void references_can_be_checked(void)
{
    struct template_set *set = template_set_new();
    struct err err = {0};

    CHECK(add(set, "a.tmpl", "{{ template \"later\" . }}\n  {{ if false }}{{ template \"never\" }}{{ end }}", &err), "%s", err.text);
    CHECK(!template_set_check(set, &err), "checked");
    CHECK_TEXT(err.text, "a.tmpl:1:4: no template is called \"later\"");
    CHECK(add(set, "b.tmpl", "{{ define \"later\" }}{{ end }}", &err), "%s", err.text);
    CHECK(!template_set_check(set, &err), "checked");
    CHECK_TEXT(err.text, "a.tmpl:2:20: no template is called \"never\"");
    CHECK(add(set, "c.tmpl", "{{ define \"never\" }}{{ end }}", &err), "%s", err.text);
    CHECK(template_set_check(set, &err), "%s", err.text);
    template_set_free(set);
}

static void a_text_of_its_own_sees_the_set(void)
{
    struct template_set *set = template_set_new();
    struct value data = value_text("D");
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};
    static const char text[] = "{{ define \"b\" }}own{{ end }}{{ template \"a\" . }} {{ template \"b\" . }}";

    CHECK(add(set, "s", "{{ define \"a\" }}<{{ . }}{{ template \"b\" }}>{{ end }}{{ define \"b\" }}set{{ end }}", &err), "%s", err.text);
    CHECK(template_execute_text(set, "inline", text, strlen(text), &data, &options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "<Down> own");
    check_says(set, "b", "set");
    CHECK(!template_set_has(set, "inline"), "it stayed");
    CHECK(template_execute_text(set, "s", "", 0, &data, &options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "<Down> own"); /* an empty text says nothing, whatever its name */
    buf_free(&out);
    template_set_free(set);
}

static void no_nul_is_written(void)
{
    struct value data = value_nothing();
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};
    static const char text[] = "a\0b{{ \"c\\x00d\" }}{{ printf \"%c\" 0 }}{{ toJson \"e\\x00f\" }}";

    CHECK(template_execute_text(NULL, "t", text, sizeof text - 1, &data, &options, &out, &err), "%s", err.text);
    CHECK(out.length == strlen(buf_text(&out)), "%zu bytes, %s", out.length, buf_text(&out));
    CHECK_TEXT(buf_text(&out), "abcd\"ef\"");
    buf_free(&out);
}

/* What view and channel add to Alertmanager's data. */
static void data_has_our_own_fields(void)
{
    static struct template_sample sample;
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};
    static const char text[] = "{{ .Channel }} {{ .Reference }} {{ .Severity }} {{ .GroupKey }} {{ (index .Alerts 0).OrgID }}";

    sample_open(&sample);
    CHECK(template_execute_text(NULL, "t", text, strlen(text), &sample.alert_data, &sample.options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "telegram K7Q2 critical {}:{alertname=\"DiskFull\", cluster=\"fra1\"} 0");
    buf_free(&out);
    sample_close(&sample);
}

static bool is_of_one_alert(const char *name)
{
    static const char *const names[] = {"__text_values_list", "notifier.lasted", "notifier.values", "notifier.name", "notifier.line"};

    for (size_t i = 0; i < LENGTH(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Every default says something about real alerts, or is empty on purpose, in every channel's words. */
static void defaults_say_something(void)
{
    static const char *const empty[] = {"__description", "callbackid", "pretext", "iconemoji", "iconurl", "slack.default.text", "footer", "content", "(", "notifier.links"};
    static const struct template_escaper *const escapers[] = {&template_escape_none, &template_escape_html, &template_escape_slack, &template_escape_discord};
    static struct template_sample sample;
    struct template_set *set = template_set_new();
    struct err err = {0};

    sample_open(&sample);
    template_set_add_defaults(set);
    CHECK(template_set_count(set) > 30 && template_set_check(set, &err), "%zu: %s", template_set_count(set), err.text);
    for (size_t i = 0; i < template_set_count(set); i++)
        for (size_t k = 0; k < LENGTH(escapers); k++) {
            const char *name = template_set_name(set, i);
            struct template_options own = sample.options;
            const struct value *data = strstr(name, "alert_list") ? value_get(&sample.alert_data, "Alerts")
                                       : is_of_one_alert(name)       ? &value_get(&sample.alert_data, "Alerts")->list.items[0] : &sample.alert_data;
            struct buf out = BUF_EMPTY(64 * 1024);
            bool nothing = false;
            own.escape = escapers[k];
            for (size_t e = 0; e < LENGTH(empty); e++)
                nothing = nothing || strstr(name, empty[e]) != NULL;
            CHECK(template_execute(set, name, data, &own, &out, &err), "%s", err.text);
            CHECK(nothing == (strspn(buf_text(&out), "\n ") == out.length), "%s: \"%s\"", name, buf_text(&out));
            CHECK(!strstr(buf_text(&out), "<no value>"), "%s: %s", name, buf_text(&out));
            buf_free(&out);
        }
    struct buf out = BUF_EMPTY(1000);
    CHECK(template_execute(set, "slack.default.fallback", &sample.alert_data, &sample.options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "[FIRING:2] DiskFull fra1 | https://alerts.example.org/incidents/K7Q2");
    CHECK(add(set, "own.tmpl", "{{ define \"__subject\" }}mine{{ end }}", &err), "%s", err.text);
    buf_clear(&out);
    CHECK(template_execute(set, "email.default.subject", &sample.alert_data, &sample.options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "mine");
    buf_clear(&out);
    CHECK(template_execute(set, "__text_values_list", &value_get(&sample.alert_data, "Alerts")->list.items[0], &sample.options, &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "A=97, B=0.25");
    buf_free(&out);
    template_set_free(set);
    sample_close(&sample);
}

/* --- functions of whoever executes */

static bool twice(const struct template_call *call, struct value *result, struct err *err)
{
    const char *word = call->context, *text = call->arguments[0].text.bytes;

    if (!text[0])
        return err_set(err, ERR_INPUT, "nothing to say");
    *result = value_text(arena_printf(call->arena, "%s%s%s@%zu", text, word, text, call->written));
    return true;
}

static bool toUpper(const struct template_call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = call->arguments[0];
    return true;
}

static void a_host_has_functions_of_its_own(void)
{
    static const struct template_function rows[] = {{"twice", "s", twice}, {"toUpper", "s", toUpper}};
    static char word[] = "<and>";
    static const struct {
        const char *text, *want, *fails;
    } cases[] = {
        {"ab {{ twice \"x\" }}", "ab x&lt;and&gt;x@3", NULL},
        {"{{ \"x\" | twice }}", "x&lt;and&gt;x@0", NULL},
        {"{{ toUpper \"x\" }}", "X", NULL}, /* the language's own come first */
        {"{{ tmpl.Inline \"{{ twice .x }}\" (dict \"x\" \"y\") }}", "y&lt;and&gt;y@0", NULL},
        {"{{ twice \"\" }}", NULL, "t:1:4: twice: nothing to say"},
        {"{{ twice 1 }}", NULL, "t:1:4: twice: argument 1 should be a string, not int"},
        {"{{ twice }}", NULL, "t:1:4: twice: takes 1 argument, not 0"},
    };
    struct template_set *set = template_set_new();
    struct template_options with = {.escape = &template_escape_html, .context = word};
    struct value data = value_int(1);
    struct buf out = BUF_EMPTY(1000);

    template_set_add_functions(set, rows, LENGTH(rows));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct err err = {0};
        buf_clear(&out);
        bool ok = template_execute_text(set, "t", cases[i].text, strlen(cases[i].text), &data, &with, &out, &err);
        CHECK(ok == !cases[i].fails, "%s: %s", cases[i].text, err.text);
        if (ok)
            CHECK_TEXT(buf_text(&out), cases[i].want);
        else
            CHECK_TEXT(err.text, cases[i].fails);
    }
    struct err err = {0};
    CHECK(!run_text("{{ twice \"x\" }}", &data, &out, &err) && strstr(err.text, "there is no function \"twice\""), "others do not see it: %s", err.text);
    static const char much[] = "{{ $l := list }}{{ range 100 }}{{ $l = append $l 1 }}{{ end }}";
    with.limits.memory = 4096;
    CHECK(!template_execute_text(set, "t", much, strlen(much), &data, &with, &out, &err) &&
          err.kind == ERR_LIMIT, "the caller's bound counts: %s", err.text);
    buf_free(&out);
    template_set_free(set);
}

int main(void)
{
    a_host_has_functions_of_its_own();
    defaults_say_something();
    mistakes_say_where_and_what();
    what_runs_is_bounded();
    what_is_parsed_is_bounded();
    a_set_holds_so_many();
    limits_of_the_caller_count();
    later_texts_replace_earlier_ones();
    references_can_be_checked();
    a_text_of_its_own_sees_the_set();
    no_nul_is_written();
    data_has_our_own_fields();
    return test_end();
}
