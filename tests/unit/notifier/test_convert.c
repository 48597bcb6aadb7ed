/* An alertmanager.yml becomes ours: what is written, what is said, and that our own reader takes the result. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/commands/convert.h"
#include "notifier/render/template.h"
#include "tests/test.h"
#include "tests/unit/render/sample.h"

#include <stdlib.h>

#define HOOK "receivers: [{name: r, webhook_configs: [{url: http://h/}]}]\n"
#define ROUTE "route: {receiver: r}\n"
#define SLACK "global: {slack_api_url: https://hooks.slack.com/services/A/B/C}\n"
#define MAIL "global: {smtp_smarthost: mail.example.org:25, smtp_from: am@example.org}\n"

struct row {
    const char *name, *text;
    const char *wants[6]; /* each stands in the result; a leading ! means that it does not */
};

static const struct row written[] = {
    {"Alertmanager's defaults", ROUTE HOOK,
     {"group_wait: 30s\n  group_interval: 5m\n  repeat_interval: 4h\n", "repeat_info: true\n  resolve_when_silenced: false\n", "inhibit_wait: 0\n",
      "flap: {changes: 0}\n", "resolve_timeout: 5m\n", "  group_by: []\n"}},
    {"a webhook", ROUTE HOOK, {"  - name: r/webhook/1\n    type: webhook\n    send_resolved: true\n    url: \"http://h/\"\n    body: *alertmanager_body\n", "receiver: r\n  channels: [r/webhook/1]\n"}},
    {"numbers go by type", "route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [{url: http://h/}, {url: http://i/}], discord_configs: [{webhook_url: https://d/}]}]\n",
     {"channels: [r/webhook/1, r/webhook/2, r/discord/1]"}},
    {"what the file says of times", "route: {receiver: r, group_wait: 0s, group_interval: 1m30s, repeat_interval: 1w, group_by: ['...']}\n" HOOK,
     {"group_wait: 0\n  group_interval: 1m30s\n  repeat_interval: 7d\n", "group_by: [\"...\"]"}},
    {"weeks and years", "route: {receiver: r, repeat_interval: 1y1w}\n" HOOK, {"repeat_interval: 372d"}},
    {"too long a wait", "route: {receiver: r, group_interval: 48h}\n" HOOK, {"group_interval: 1d"}},
    {"children inherit by silence", "route: {receiver: r, routes: [{match: {a: b}, group_by: []}]}\n" HOOK,
     {"  routes:\n    - matchers: ['a=\"b\"']\n\n", "!group_by: [], "}},
    {"continue", "route: {receiver: r, routes: [{matchers: [a=b], continue: true}]}\n" HOOK, {"      continue: true\n"}},
    {"a receiver that tells nobody, on purpose", "route: {receiver: r, routes: [{matchers: [a=b], receiver: none}]}\nreceivers: [{name: none}, {name: r, webhook_configs: [{url: http://h/}]}]\n",
     {"receiver: none\n      channels: []\n", "!console"}},
    {"the same for the first route", "route: {receiver: none}\nreceivers: [{name: none}]\n", {"channels: [console]\n", "  - {name: console, type: console}\n", "# Alertmanager tells nobody here"}},
    {"no counterpart at all", "route: {receiver: r}\nreceivers: [{name: r, pagerduty_configs: [{service_key: k, details: {a: \"x\\ny\"}}]}]\n",
     {"channels:\n  # r: pagerduty has no counterpart (line 2):\n  #   service_key: k\n  #   details: {a: \"x\\ny\"}\n  - {name: console, type: console}\n",
      "  # none of its integrations has a counterpart\n  channels: [console]\n"}},
    {"telegram", "route: {receiver: r}\nreceivers: [{name: r, telegram_configs: [{bot_token: '1:a', chat_id: -100, message_thread_id: 7, disable_notifications: true, message: 'm {{ .Status }}'}]}]\n",
     {"type: telegram\n    send_resolved: true\n    bot_token: \"1:a\"\n    chat_id: -100\n    topic_id: 7\n    on_update: new\n    silent: [critical, warning, info]\n",
      "    template:\n      text: \"m {{ .Status }}\"\n"}},
    {"words", SLACK ROUTE "receivers: [{name: r, slack_configs: [{title: '{{ template \"slack.default.title\" . }}', text: '{{ range .Alerts }}{{ .Labels.a }}{{ end }}', footer: ''}]}]\n",
     {"    template:\n      title: '{{ template \"slack.default.title\" . }}'\n      text: \"{{ range .Alerts }}{{ .Labels.a }}{{ end }}\"\n\nroute"}},
    {"telegram, with what is global", "global: {telegram_api_url: http://t, telegram_bot_token: '2:b'}\nroute: {receiver: r}\nreceivers: [{name: r, telegram_configs: [{chat_id: 1}]}]\n",
     {"bot_token: \"2:b\"\n    chat_id: 1\n    api_url: \"http://t\"\n"}},
    {"slack is silent about ends", SLACK ROUTE "receivers: [{name: r, slack_configs: [{}]}]\n",
     {"type: slack\n    send_resolved: false\n    webhook_url: \"https://hooks.slack.com/services/A/B/C\"\n    on_update: new\n"}},
    {"slack as a bot, edited", ROUTE "receivers: [{name: r, slack_configs: [{app_token: xoxb, channel: '#c', update_message: true, api_url: http://u/x}]}]\n",
     {"bot_token: xoxb\n    channel: \"#c\"\n    on_update: edit\n", "!webhook_url", "!api_url"}},
    {"slack as a bot, the old way", ROUTE "receivers: [{name: r, slack_configs: [{api_url: http://s/api/chat.postMessage, channel: c, http_config: {authorization: {credentials: xoxb}}}]}]\n",
     {"bot_token: xoxb\n    api_url: \"http://s/api\"\n    channel: c\n", "!bearer"}},
    {"mail", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: 'Ops, all <a@example.org>,b@example.org'}]}]\n", {"!to: [a@"}},
    {"mail, with names", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: '\"Ops, all\" <a@example.org>,b@example.org'}]}]\n",
     {"type: smtp\n    send_resolved: false\n    host: mail.example.org\n    port: 25\n    starttls: required\n    from: am@example.org\n    to: [a@example.org, b@example.org]\n"}},
    {"mail with TLS from the first byte", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: a@example.org, smarthost: 'm:465', auth_username: u, auth_password: p, send_resolved: yes}]}]\n",
     {"send_resolved: true\n    host: m\n    port: 465\n    starttls: implicit\n    username: u\n    password: p\n"}},
    {"mail without TLS", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: a@example.org, require_tls: false}]}]\n", {"starttls: off"}},
    {"a password is not sent in clear", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: a@example.org, require_tls: false, auth_username: u, auth_password: p}]}]\n", {"starttls: required"}},
    {"HTTP", ROUTE "receivers: [{name: r, webhook_configs: [{url: http://h/, max_alerts: 5, timeout: 2s, http_config: {proxy_url: http://p, basic_auth: {username: u, password: p}, tls_config: {insecure_skip_verify: true, ca_file: /ca}, http_headers: {X-A: {values: [b]}}}}]}]\n",
     {"timeout: 2s\n    max_alerts: 5\n    body: *alertmanager_body\n    proxy_url: \"http://p\"\n    tls:\n      ca_file: \"/ca\"\n      insecure_skip_verify: true\n    username: u\n    password: p\n    headers:\n      X-A: b\n"}},
    {"a bearer of all", "global: {http_config: {bearer_token: t}}\n" ROUTE HOOK, {"bearer_token: t\n"}},
    {"another way to say who one is", ROUTE "receivers: [{name: r, webhook_configs: [{url: http://h/, http_config: {authorization: {type: Token, credentials: x}}}]}]\n", {"headers:\n      Authorization: \"Token x\"\n"}},
    {"a dollar is a dollar", ROUTE "receivers: [{name: r, webhook_configs: [{url: 'http://h/${HOME}'}]}]\n", {"url: \"http://h/$${HOME}\""}},
    {"inhibition, old and new", "inhibit_rules: [{source_match: {s: critical}, source_match_re: {t: 'a|b'}, target_matchers: [s=warning], equal: [i]}, {target_matchers: ['x=\"\"']}]\n" ROUTE HOOK,
     {"  - source_matchers: ['s=\"critical\"', 't=~\"a|b\"']\n    target_matchers: ['s=\"warning\"']\n    equal: [i]\n",
      "  - source_matchers: []\n    target_matchers: ['x=\"\"']\n    equal: []\n"}},
    {"times, old and new", "mute_time_intervals: [{name: nn, time_intervals: [{times: [{start_time: 09:00, end_time: 24:00}], weekdays: ['monday:Friday'], days_of_month: ['1:5', '-3:-1'], months: ['1:3', may], years: ['2026'], location: Europe/Berlin}]}]\n"
     "time_intervals: [{name: m, time_intervals: [{weekdays: [saturday]}]}]\nroute: {receiver: r, routes: [{mute_time_intervals: [nn], active_time_intervals: [m]}]}\n" HOOK,
     {"  - name: nn\n    time_intervals:\n      - times:\n          - {start_time: \"09:00\", end_time: \"24:00\"}\n        weekdays: [\"monday:Friday\"]\n        days_of_month: [\"1:5\", \"-3:-1\"]\n        months: [\"1:3\", may]\n        years: [\"2026\"]\n        location: Europe/Berlin\n",
      "      - weekdays: [saturday]\n", "mute_time_intervals: [nn]\n      active_time_intervals: [m]\n"}},
    {"a chat is a number", ROUTE "receivers: [{name: r, telegram_configs: [{bot_token: '1:a', chat_id: +05}]}]\n", {"chat_id: 5\n", "!topic_id"}},
    {"a long name", ROUTE "receivers: [{name: r}, {name: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg, webhook_configs: [{url: http://h/}]}]\n",
     {"name: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffff/webhook/1\n"}},
    {"whoever hears the rest hears of us", ROUTE HOOK, {"self:\n  channels: [r/webhook/1]\n"}},
    {"templates", "templates: [a/*.tmpl, /b.tmpl]\n" ROUTE HOOK, {"templates:\n  - \"am/a/*.tmpl\"\n  - \"/b.tmpl\"\n"}},
};

/* Our matchers for Alertmanager's. */
static const struct {
    const char *text, *want;
} matchers[] = {
    {"a=b", "['a=\"b\"']"},
    {"a = b ", "['a=\"b\"']"},
    {"a!=", "['a!=\"\"']"},
    {"a=~\"b|c\"", "['a=~\"b|c\"']"},
    {"a!~b.*", "['a!~\"b.*\"']"},
    {"{a=b,c=\"d,e\",}", "['a=\"b\"', 'c=\"d,e\"']"},
    {"a=b,c=d", "['a=\"b\"', 'c=\"d\"']"},
    {"a=\"x\\\"y\"", "['a=\"x\\\"y\"']"},
    {"a=~\"\\d+\"", "['a=~\"\\\\d+\"']"},
    {"a=~\"\\\\d+\"", "['a=~\"\\\\d+\"']"},
    {"a=x y", "['a=\"x y\"']"},
    {"\"a b\"=c", "['\"a b\"=\"c\"']"},
    {"Προμηθεύς=\"x\"", "['\"Προμηθεύς\"=\"x\"']"},
    {"{ \"a\" = \"\\u00e4\" }", "['a=\"ä\"']"},
    {"a:b=c", "['a:b=\"c\"']"},
    {"", "[]"},
};

static const struct {
    const char *name, *text, *want;
} said[] = {
    {"no file at all", "", "f.yml:1:1: there is no route:\n"},
    {"no YAML", "route: [\n", "f.yml:2:1: did not find expected node content, while parsing a flow node\n"},
    {"ours is not theirs", "channels: []\n" ROUTE HOOK, "f.yml:1:1: Alertmanager has no setting \"channels\" here\n"},
    {"mistyped", "routes: {receiver: r}\n" HOOK, "f.yml:1:1: Alertmanager has no setting \"routes\" here; was \"route\" meant?\n"},
    {"no receiver", "route: {}\n" HOOK, "f.yml:1:8: the first route needs a receiver\n"},
    {"another receiver", "route: {receiver: q}\n" HOOK, "f.yml:1:19: receiver \"q\" is not defined below receivers:\n"},
    {"twice", ROUTE "receivers: [{name: r}, {name: r}]\n", "f.yml:2:31: receiver \"r\" is there already\n"},
    {"no name", ROUTE "receivers: [{}, {name: r}]\n", "f.yml:2:13: a receiver needs a name\n"},
    {"matchers at the top", "route: {receiver: r, match: {a: b}}\n" HOOK, "f.yml:1:8: the first route takes everything and cannot have matchers\n"},
    {"continue at the top", "route: {receiver: r, continue: true}\n" HOOK, "f.yml:1:32: the first route has nothing to continue to\n"},
    {"times at the top", "time_intervals: [{name: n}]\nroute: {receiver: r, mute_time_intervals: [n]}\n" HOOK, "f.yml:2:43: the first route cannot have mute_time_intervals\n"},
    {"no such time", "route: {receiver: r, routes: [{mute_time_intervals: [n]}]}\n" HOOK, "f.yml:1:54: time interval \"n\" is not defined below time_intervals:\n"},
    {"a time twice", "mute_time_intervals: [{name: n}]\ntime_intervals: [{name: n}]\n" ROUTE HOOK, "f.yml:2:18: time interval \"n\" is there already\n"},
    {"a night in one", "time_intervals: [{name: nn, time_intervals: [{times: [{start_time: '22:00', end_time: '06:00'}]}]}]\n" ROUTE HOOK,
     "f.yml:1:55: the time 22:00-06:00 ends before it begins; what passes midnight is written as two ranges\n"},
    {"nowhere", "time_intervals: [{name: n, time_intervals: [{location: Nowhere/Land}]}]\n" ROUTE HOOK, "f.yml:1:56: \"Nowhere/Land\" is not a time zone known here\n"},
    {"a header that is not one's own", ROUTE "receivers: [{name: r, webhook_configs: [{url: http://h/, http_config: {http_headers: {Authorization: {values: [x]}}}}]}]\n",
     "f.yml:2:87: http_headers cannot set Authorization; authorization is meant for that\n"},
    {"no day", "time_intervals: [{name: nn, time_intervals: [{weekdays: [moonday]}]}]\n" ROUTE HOOK, "f.yml:1:58: \"moonday\" is no weekday or range of them, as in monday:friday\n"},
    {"no duration", "route: {receiver: r, group_wait: 5}\n" HOOK, "f.yml:1:34: group_wait must be a duration such as 30s, 5m or 4h\n"},
    {"units in another order", "route: {receiver: r, group_wait: 1m1h}\n" HOOK, "f.yml:1:34: group_wait must be a duration such as 30s, 5m or 4h\n"},
    {"no repeat", "route: {receiver: r, repeat_interval: 0s}\n" HOOK, "f.yml:1:39: repeat_interval cannot be 0\n"},
    {"group_by of all and one", "route: {receiver: r, group_by: ['...', a]}\n" HOOK, "f.yml:1:32: \"...\" stands alone in group_by\n"},
    {"group_by twice", "route: {receiver: r, group_by: [a, a]}\n" HOOK, "f.yml:1:36: label \"a\" stands twice\n"},
    {"no matcher", "route: {receiver: r, routes: [{matchers: ['a']}]}\n" HOOK, "f.yml:1:43: \"a\" is not a matcher: label=value, with one of = != =~ !~ between them\n"},
    {"half a brace", "route: {receiver: r, routes: [{matchers: ['{\"a b\"=c']}]}\n" HOOK, "f.yml:1:43: \"{\"a b\"=c\" is not a matcher: label=value, with one of = != =~ !~ between them\n"},
    {"no expression", "route: {receiver: r, routes: [{matchers: ['a=~\"(\"']}]}\n" HOOK,
     "f.yml:1:43: matcher a: the regular expression \"(\" is not valid at character 1: missing closing parenthesis\n"},
    {"no address", ROUTE "receivers: [{name: r, webhook_configs: [{}]}]\n", "f.yml:2:41: url or url_file is missing\n"},
    {"two addresses", ROUTE "receivers: [{name: r, webhook_configs: [{url: http://h/, url_file: f}]}]\n", "f.yml:2:68: url_file cannot stand beside url\n"},
    {"no scheme", ROUTE "receivers: [{name: r, webhook_configs: [{url: h}]}]\n", "f.yml:2:47: url must begin with http:// or https://\n"},
    {"no API", ROUTE "receivers: [{name: r, slack_configs: [{}]}]\n", "f.yml:2:39: api_url is missing, here and in global as slack_api_url\n"},
    {"no server", ROUTE "receivers: [{name: r, email_configs: [{to: a@b}]}]\n", "f.yml:2:39: smarthost is missing, here and in global as smtp_smarthost\n"},
    {"no port", ROUTE "receivers: [{name: r, email_configs: [{to: a@b, from: a@b, smarthost: m}]}]\n", "f.yml:2:71: smarthost must be HOST:PORT\n"},
    {"nobody to write to", MAIL ROUTE "receivers: [{name: r, email_configs: [{}]}]\n", "f.yml:3:39: to is missing\n"},
    {"no chat", ROUTE "receivers: [{name: r, telegram_configs: [{bot_token: t}]}]\n", "f.yml:2:42: chat_id is missing\n"},
    {"a chat in quotes", ROUTE "receivers: [{name: r, telegram_configs: [{bot_token: t, chat_id: '5'}]}]\n", "f.yml:2:66: chat_id must be a number\n"},
    {"two ways", ROUTE "receivers: [{name: r, webhook_configs: [{url: http://h/, http_config: {basic_auth: {}, bearer_token: x}}]}]\n", "f.yml:2:102: bearer_token cannot stand beside basic_auth\n"},
    {"a list for settings", ROUTE "receivers: [{name: r, webhook_configs: [[]]}]\n", "f.yml:2:41: expected settings, as in {key: value}\n"},
    {"a word for a list", ROUTE "receivers: r\n", "f.yml:2:12: receivers must be a list\n"},
    {"all at once, by place", "time_intervals: [{}]\nroute: {receiver: q, group_wait: x}\nreceivers: [{}]\n",
     "f.yml:1:18: a time interval needs a name\nf.yml:2:34: group_wait must be a duration such as 30s, 5m or 4h\nf.yml:3:13: a receiver needs a name\n"},
    {"no counterpart", ROUTE "receivers: [{name: r, opsgenie_configs: [{api_key: k}]}]\n",
     "f.yml:2:13: warning: receiver r has no channel left: its alerts go to the console\n"
     "f.yml:2:42: warning: receiver r: opsgenie is not supported; it stays as a remark in the result\n"},
    {"a template for an address", MAIL ROUTE "receivers: [{name: r, email_configs: [{to: '{{ .GroupLabels.to }}'}]}]\n",
     "f.yml:3:13: warning: receiver r has no channel left: its alerts go to the console\n"
     "f.yml:3:44: warning: \"{{ .GroupLabels.to }}\" cannot be used as an address: name@host in ASCII, without a template\n"},
    {"words for another mode", ROUTE "receivers: [{name: r, telegram_configs: [{bot_token: '1:a', chat_id: 1, parse_mode: MarkdownV2, message: x}]}]\n",
     "f.yml:2:85: warning: the message was written for MarkdownV2; here it is HTML\nf.yml:2:106: warning: this text is carried over as template.text; see how it reads\n"},
    {"plain words", ROUTE "receivers: [{name: r, telegram_configs: [{bot_token: '1:a', chat_id: 1, parse_mode: '', message: x}]}]\n",
     "f.yml:2:85: warning: the message was written as plain text; here it is HTML\nf.yml:2:98: warning: this text is carried over as template.text; see how it reads\n"},
    {"a webhook that cannot choose", SLACK ROUTE "receivers: [{name: r, slack_configs: [{channel: '#c', icon_emoji: x}]}]\n",
     "f.yml:3:49: warning: channel is not carried over: an incoming webhook writes to the channel it was made for\n"
     "f.yml:3:55: warning: icon_emoji is not carried over: the channel's own look\n"},
};

static enum conversion_end convert(const char *name, const char *text, struct buf *out, struct config_complaints *complaints)
{
    *complaints = (struct config_complaints){0};
    return convert_alertmanager(name, text, strlen(text), out, complaints);
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* Whatever is converted, our reader takes; files are not looked for in these tests. */
static void check_taken(const char *name, const struct buf *out)
{
    static struct config_complaints complaints;
    struct buf words = BUF_EMPTY(1u << 20);

    complaints = (struct config_complaints){0};
    struct config *config = config_parse("result", buf_text(out), out->length, no_environment, &complaints);
    config_complaints_write(&complaints, "result", &words);
    /* A template of the files it names is not there to be found. */
    CHECK(config != NULL || strstr(buf_text(&words), "no template is called"), "%s: refused:\n%s\n%s", name, buf_text(&words), buf_text(out));
    buf_free(&words);
    config_free(config);
}

static void test_written(void)
{
    static struct config_complaints complaints;

    for (size_t i = 0; i < LENGTH(written); i++) {
        struct buf out = BUF_EMPTY(CONVERT_OUT_MAX);
        CHECK_INT(convert("am/f.yml", written[i].text, &out, &complaints), CONVERT_DONE);
        for (size_t j = 0; j < LENGTH(written[i].wants) && written[i].wants[j]; j++) {
            const char *want = written[i].wants[j];
            bool absent = want[0] == '!';
            CHECK((strstr(buf_text(&out), want + absent) == NULL) == absent, "%s: \"%s\" in:\n%s", written[i].name, want, buf_text(&out));
        }
        check_taken(written[i].name, &out);
        buf_free(&out);
    }
}

static void test_matchers(void)
{
    static struct config_complaints complaints;

    for (size_t i = 0; i < LENGTH(matchers); i++) {
        struct buf text = BUF_EMPTY(4096), want = BUF_EMPTY(4096), out = BUF_EMPTY(CONVERT_OUT_MAX);
        buf_addf(&text, "route:\n  receiver: r\n  routes:\n  - matchers:\n    - '%s'\n" HOOK, matchers[i].text);
        CHECK_INT(convert("f.yml", buf_text(&text), &out, &complaints), CONVERT_DONE);
        buf_addf(&want, "matchers: %s\n", matchers[i].want);
        CHECK(strstr(buf_text(&out), buf_text(&want)), "%s: want %s in:\n%s", matchers[i].text, buf_text(&want), buf_text(&out));
        check_taken(matchers[i].text, &out);
        buf_free(&text);
        buf_free(&want);
        buf_free(&out);
    }
}

static void test_said(void)
{
    static struct config_complaints complaints;

    for (size_t i = 0; i < LENGTH(said); i++) {
        struct buf out = BUF_EMPTY(CONVERT_OUT_MAX), words = BUF_EMPTY(1u << 20);
        enum conversion_end end = convert("f.yml", said[i].text, &out, &complaints);
        config_complaints_write(&complaints, "f.yml", &words);
        CHECK(strcmp(buf_text(&words), said[i].want) == 0, "%s: got\n%swant\n%s", said[i].name, buf_text(&words), said[i].want);
        CHECK_INT(end, strstr(said[i].want, ": warning: ") ? CONVERT_DONE : CONVERT_INVALID);
        CHECK(end == CONVERT_DONE || !out.length, "%s: no half results", said[i].name);
        buf_free(&out);
        buf_free(&words);
    }
}

/* Receivers that were written for Alertmanager read what a converted webhook posts. */
static void test_body(void)
{
    static struct config_complaints complaints;
    static const char *const members[] = {"receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "groupKey", "truncatedAlerts"};
    struct buf out = BUF_EMPTY(CONVERT_OUT_MAX), body = BUF_EMPTY(TEMPLATE_OUTPUT_MAX);
    struct template_options options = {.now_ms = SAMPLE_NOW_MS};
    struct sample sample;
    struct err err = {0};

    CHECK_INT(convert("f.yml", ROUTE HOOK, &out, &complaints), CONVERT_DONE);
    complaints = (struct config_complaints){0};
    struct config *config = config_parse("result", buf_text(&out), out.length, no_environment, &complaints);
    REQUIRE(config && config->channels[0].body, "it has a body");
    sample_begin(&sample, REASON_FIRST);
    sample_add(&sample, ALERT_FIRING, "alertname=A \"b\"|severity=critical", "summary=\\n");
    sample.view.firing = 1;
    struct value data = template_data(&sample.view, sample.arena);
    CHECK(template_execute_text(NULL, "body", config->channels[0].body, strlen(config->channels[0].body), &data, &options, &body, &err), "%s", err.text);
    struct cJSON *json = json_parse(buf_text(&body), body.length, &err);
    CHECK_TEXT(json_get_text(json, "version"), "4");
    CHECK_TEXT(json_get_text(json, "status"), "firing");
    CHECK_TEXT(json_get_text(json_get(json, "commonLabels"), "alertname"), "A \"b\"");
    for (size_t i = 0; i < LENGTH(members); i++)
        CHECK(json_get(json, members[i]), "%s is there", members[i]);
    json_close(json);
    arena_free(sample.arena);
    config_free(config);
    buf_free(&out);
    buf_free(&body);
}

static void test_bounds(void)
{
    static struct config_complaints complaints;
    struct buf text = BUF_EMPTY(1u << 20), out = BUF_EMPTY(CONVERT_OUT_MAX);

    buf_add_text(&text, ROUTE "receivers:\n- name: r\n  webhook_configs:\n");
    for (int i = 0; i <= POLICY_CHANNELS_MAX; i++)
        buf_addf(&text, "  - url: http://h/%d\n", i);
    CHECK_INT(convert("f.yml", buf_text(&text), &out, &complaints), CONVERT_IMPOSSIBLE);
    buf_clear(&text);
    buf_add_text(&text, "route:\n  receiver: r\n  routes:\n  - matchers:\n");
    for (int i = 0; i < 65; i++)
        buf_addf(&text, "    - a%d=b\n", i);
    buf_add_text(&text, HOOK);
    CHECK_INT(convert("f.yml", buf_text(&text), &out, &complaints), CONVERT_IMPOSSIBLE);
    CHECK_INT(out.length, 0);
    buf_clear(&text);
    buf_add_text(&text, HOOK "route: {receiver: r");
    for (int i = 0; i < 31; i++)
        buf_add_text(&text, ", routes: [{receiver: r");
    for (int i = 0; i < 31; i++)
        buf_add_text(&text, "}]");
    buf_add_text(&text, "}\n");
    CHECK_INT(convert("f.yml", buf_text(&text), &out, &complaints), CONVERT_IMPOSSIBLE);
    /* More warnings than there is room for leave room for an error. */
    buf_clear(&text);
    buf_add_text(&text, ROUTE "receivers:\n- name: r\n");
    for (int i = 0; i < 150; i++)
        buf_addf(&text, "- name: r%d\n  sns_configs: [{}]\n", i);
    buf_add_text(&text, "- name: r\n");
    CHECK_INT(convert("f.yml", buf_text(&text), &out, &complaints), CONVERT_INVALID);
    bool found = false;
    for (size_t i = 0; i < complaints.count; i++)
        found = found || !complaints.items[i].warning;
    CHECK(found && complaints.count == 1, "the error is told, and it alone");
    buf_free(&text);
    buf_free(&out);
}

int main(void)
{
    test_written();
    test_matchers();
    test_said();
    test_body();
    test_bounds();
    return test_end();
}
