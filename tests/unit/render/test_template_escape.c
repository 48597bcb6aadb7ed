/* What the template's author wrote passes; what a stranger sent is shown and not obeyed. */
#include "tests/unit/render/template_sample.h"

#define HOSTILE "<b>\"x\" & 'y'</b>"

static const struct {
    const char *name, *escape, *template, *value, *want;
} rows[] = {
    {"no escaper", "none", "<{{ .v }}>", "<a> & *b* \"c\"", "<<a> & *b* \"c\">"},

    /* html, and Telegram's, which is the same */
    {"html", "html", "<b>{{ .v }}</b>", HOSTILE, "<b>&lt;b&gt;&#34;x&#34; &amp; &#39;y&#39;&lt;/b&gt;</b>"},
    {"telegram", "telegram", "<b>{{ .v }}</b>", "<i>&", "<b>&lt;i&gt;&amp;</b>"},
    {"a literal is the author's", "html", "{{ \"<br>\" }}{{ $x := `<hr>` }}{{ $x }}", "", "<br><hr>"},
    {"an author's word in a variable", "html", "{{ $m := \"<b>\" }}{{ if .v }}{{ $m = \"<i>\" }}{{ end }}{{ $m }}{{ .v }}", "<", "<i>&lt;"},
    {"printf: the format passes, the value does not", "html", "{{ printf \"<b>%s</b>\" .v }}", "<i>", "<b>&lt;i&gt;</b>"},
    {"printf with a literal", "html", "{{ printf \"%s%s%q\" \"<b>\" .v .v }}", "<", "<b>&lt;&#34;&lt;&#34;"},
    {"printf padded", "html", "{{ printf \"<p>%4s|%-4s|%.1s\" .v .v .v }}", "<>", "<p>  &lt;&gt;|&lt;&gt;  |&lt;"},
    {"printf with a stranger's format", "html", "{{ printf .v \"<b>\" }}", "<%s>", "&lt;<b>&gt;"},
    {"print", "html", "{{ print \"<b>\" .v \"</b>\" 1 2 }}", "<", "<b>&lt;</b>1 2"},
    {"join", "html", "{{ join \"<br>\" (stringSlice .v \"<hr>\" .v) }}", "<", "&lt;<br><hr><br>&lt;"},
    {"lists", "html", "{{ list .v \"<\" }}", "<", "[&lt; &lt;]"},
    {"changed words are no longer the author's", "html", "{{ toUpper \"<b>\" }}{{ reReplaceAll \"x\" \"<b>\" .v }}", "x", "&lt;B&gt;&lt;b&gt;"},
    {"trimSpace keeps both forms", "html", "{{ trimSpace \" <b> \" }}{{ trimSpace .v }}", " <i> ", "<b>&lt;i&gt;"},
    {"safeHtml", "html", "{{ safeHtml .v }}{{ .v | safeHtml }}", "<b>", "<b><b>"},
    {"safeHtml in printf", "html", "{{ printf \"%s %s\" (safeHtml .v) .v }}", "<b>", "<b> &lt;b&gt;"},
    {"safeHtml ends with the next change", "html", "{{ .v | safeHtml | toUpper }}", "<b>", "&lt;B&gt;"},
    {"html is not escaped twice", "html", "{{ html .v }}{{ .v | html }}", "<", "&lt;&lt;"},
    {"html in slack is a value as others", "slack", "{{ html .v }}", "<", "&amp;lt;"},
    {"a map", "html", "{{ . }}", "<", "map[v:&lt;]"},
    {"JSON", "html", "{{ toJson .v }}", "a\"b", "&#34;a\\&#34;b&#34;"},
    {"numbers pass", "html", "{{ 1 }}{{ 2.5 }}{{ true }}", "", "12.5true"},
    {"tmpl.Exec is finished", "html", "{{ define \"t\" }}<b>{{ . }}</b>{{ end }}{{ tmpl.Exec \"t\" .v }}", "<", "<b>&lt;</b>"},
    {"tmpl.Exec for a function is plain", "html", "{{ define \"t\" }}<b>{{ . }}</b>{{ end }}{{ tmpl.Exec \"t\" .v | toUpper }} {{ tmpl.Exec \"t\" .v | len }}", "<", "&lt;B&gt;&lt;&lt;/B&gt; 8"},
    {"tmpl.Exec trimmed", "html", "{{ define \"t\" }} <b>{{ . }}</b> {{ end }}{{ tmpl.Exec \"t\" .v | trimSpace }}", "<", "<b>&lt;</b>"},
    {"tmpl.Exec compared", "html", "{{ define \"t\" }}{{ . }}{{ end }}{{ eq (tmpl.Exec \"t\" .v) \"<\" }}", "<", "true"},
    {"tmpl.Exec read as JSON", "html", "{{ define \"t\" }}{\"a\": {{ toJson . }}}{{ end }}{{ (tmpl.Exec \"t\" .v | data.JSON).a }}", "<", "&lt;"},
    {"tmpl.Inline", "html", "{{ tmpl.Inline \"<b>{{ .v }}</b>\" . }}", "<", "<b>&lt;</b>"},
    {"a template called", "html", "{{ define \"t\" }}<b>{{ . }}</b>{{ end }}{{ template \"t\" .v }}", "<", "<b>&lt;</b>"},

    /* addresses in HTML */
    {"address", "html", "<a href=\"{{ .v }}\">", "https://example.org/?a=1&b=\"2\"", "<a href=\"https://example.org/?a=1&amp;b=&#34;2&#34;\">"},
    {"script as an address", "html", "<a href=\"{{ .v }}\">", "javascript:alert(1)", "<a href=\"#\">"},
    {"script in other letters", "html", "<A HREF='{{ .v }}'>", "JaVaScRiPt:alert(1)", "<A HREF='#'>"},
    {"data as a picture", "html", "<img src=\"{{ .v }}\">", "data:text/html,x", "<img src=\"#\">"},
    {"mailto", "html", "<a href=\"{{ .v }}\">", "mailto:a@example.org", "<a href=\"mailto:a@example.org\">"},
    {"an address with a colon later", "html", "<a href=\"{{ .v }}\">", "/a?b=c:d", "<a href=\"/a?b=c:d\">"},
    {"script elsewhere is a text", "html", "<b>{{ .v }}</b>", "javascript:alert(1)", "<b>javascript:alert(1)</b>"},
    {"script through tmpl.Exec", "html", "{{ define \"t\" }}{{ .v }}{{ end }}<a href=\"{{ tmpl.Exec \"t\" . }}\">", "javascript:alert(1)", "<a href=\"#\">"},
    {"script through a template", "html", "{{ define \"t\" }}{{ .v }}{{ end }}<a href=\"{{ template \"t\" . }}\">", "javascript:alert(1)", "<a href=\"#\">"},
    {"script through printf", "html", "{{ printf \"<a href=\\\"%s\\\">\" .v }}", "javascript:alert(1)", "<a href=\"#\">"},
    {"attribute without quotes", "html", "<a title={{ .v }}>", "x onclick=y", "<a title=x&#32;onclick&#61;y>"},
    {"script without quotes", "html", "<a href={{ .v }}>", "javascript:x", "<a href=#>"},
    {"equals sign in text", "html", "<b>a={{ .v }}</b>", "x y", "<b>a=x y</b>"},

    /* slack */
    {"slack", "slack", "*{{ .v }}*", "<!channel> & *b* `c`", "*&lt;!channel&gt; &amp; ∗b∗ ˋcˋ*"},
    {"slack link", "slack", "<{{ .v }}|open>", "https://example.org/?a=1&b=x|y>z", "<https://example.org/?a=1&amp;b=x%7Cy%3Ez|open>"},
    {"slack mention as a link", "slack", "<{{ .v }}>", "!channel", "<%21channel>"},
    {"slack mention of one as a link", "slack", "<{{ .v }}|x>", "@U123", "<%40U123|x>"},
    {"slack mention through tmpl.Exec", "slack", "{{ define \"t\" }}{{ .v }}{{ end }}<{{ tmpl.Exec \"t\" . }}>", "!here", "<%21here>"},
    {"slack link's words", "slack", "<https://example.org/|{{ .v }}>", "a>b|c", "<https://example.org/|a&gt;b|c>"},
    {"slack address in a text", "slack", "{{ .v }}", "see https://example.org/*a* *b*", "see https://example.org/%2Aa%2A ∗b∗"},
    {"slack marks of the author", "slack", "{{ printf \"*%s*\" .v }}", "*", "*∗*"},

    /* discord */
    {"discord", "discord", "**{{ .v }}**", "*a* _b_ `c` ~d~ ||e|| # f > g [h](i) \\", "**\\*a\\* \\_b\\_ \\`c\\` \\~d\\~ \\|\\|e\\|\\| \\# f \\> g \\[h\\](i) \\\\**"},
    {"discord mention", "discord", "{{ .v }}", "@everyone @here a@example.org <@1>", "@\xe2\x80\x8b" "everyone @\xe2\x80\x8bhere a@example.org \\<@1\\>"},
    {"discord link", "discord", "[open]({{ .v }})", "https://example.org/a_b(c) d", "[open](https://example.org/a_b%28c%29%20d)"},
    {"discord address in a text", "discord", "{{ .v }}", "https://example.org/a_b_c x_y", "https://example.org/a_b_c x\\_y"},
};

static void values_are_escaped(void)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct template_options options = {.escape = template_escaper_named(rows[i].escape)};
        struct value_entry entries[] = {{.name = "v", .value = value_text(rows[i].value)}};
        struct value data = value_map(entries, 1);
        struct buf out = BUF_EMPTY(10000);
        struct err err = {0};

        CHECK(options.escape, "%s: %s", rows[i].name, rows[i].escape);
        CHECK(template_execute_text(NULL, rows[i].name, rows[i].template, strlen(rows[i].template), &data, &options, &out, &err), "%s", err.text);
        CHECK(test_same(buf_text(&out), rows[i].want), "%s:\n got %s\nwant %s", rows[i].name, buf_text(&out), rows[i].want);
        buf_free(&out);
    }
    CHECK(!template_escaper_named("markdown") && !template_escaper_named(""), "an escaper that is not there");
}

/* Whatever a label holds: its marks do not come out as they went in. */
static void no_mark_survives(void)
{
    static const struct {
        const char *escape, *marks;
    } channels[] = {{"html", "<>\"'"}, {"telegram", "<>\"'"}, {"slack", "<>*`"}};

    for (size_t i = 0; i < LENGTH(channels); i++)
        for (int c = 1; c < 128; c++) {
            char text[] = {'a', (char)c, 'b', '\0'};
            struct template_options options = {.escape = template_escaper_named(channels[i].escape)};
            struct value data = value_text(text);
            struct buf out = BUF_EMPTY(1000);
            CHECK(template_execute_text(NULL, "t", "{{ . }}", 7, &data, &options, &out, NULL), "%d", c);
            CHECK(!strpbrk(buf_text(&out), channels[i].marks), "%s: \"%s\"", channels[i].escape, buf_text(&out));
            CHECK(out.length >= 3, "%s: %d was lost", channels[i].escape, c);
            buf_free(&out);
        }
}

static void a_value_is_never_a_template(void)
{
    static const struct {
        const char *name, *template, *want; /* NULL: refused */
    } cases[] = {
        {"printed", "{{ . }}", "{{ 1 }}"},
        {"through printf", "{{ printf \"%s\" . }}", "{{ 1 }}"},
        {"as an inline template", "{{ tmpl.Inline . 1 }}", NULL},
        {"as a named inline template", "{{ tmpl.Inline \"x\" . }}", NULL},
        {"by way of print", "{{ tmpl.Inline (trimSpace .) 1 }}", NULL},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct template_options options = {0};
        struct value data = value_text("{{ 1 }}");
        struct buf out = BUF_EMPTY(1000);
        struct err err = {0};
        bool ok = template_execute_text(NULL, "t", cases[i].template, strlen(cases[i].template), &data, &options, &out, &err);
        CHECK(ok == (cases[i].want != NULL), "%s: %s", cases[i].name, ok ? buf_text(&out) : err.text);
        if (cases[i].want)
            CHECK_TEXT(buf_text(&out), cases[i].want);
        else
            CHECK(strstr(err.text, "t:1:4: Inline: "), "%s", err.text);
        buf_free(&out);
    }
}

int main(void)
{
    values_are_escaped();
    no_mark_survives();
    a_value_is_never_a_template();
    return test_end();
}
