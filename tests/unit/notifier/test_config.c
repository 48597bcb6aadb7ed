/* What is complained about in a configuration, and where; and the commented example. */
#include "base/file.h"
#include "base/text.h"
#include "notifier/config.h"
#include "tests/test.h"

#define HEAD "channels: [{name: c, type: console}]\n"
#define TOKEN "0123456789abcdef0123456789abcdef"

static const char *(*variables)[2]; /* the environment of the test at hand; closed by NULL */

static const char *environment(const char *name)
{
    for (size_t i = 0; variables && variables[i][0]; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static struct config *parse(const char *text, struct config_complaints *complaints)
{
    return config_parse("f", text, strlen(text), environment, complaints);
}

/* A file and all that is said about it. What is said of a value stands at the value, what of a key at the key. */
static const struct {
    const char *name, *text, *want;
} complaints_rows[] = {
    {"nothing at all", "", ""},
    {"only a remark", "# nothing\n", ""},
    {"null sections", "server:\nauth: ~\nroute: null\nsources:\n" HEAD, ""},
    {"a key mistyped", "chanels: []\n", "f:1:1: unknown setting \"chanels\"; did you mean \"channels\"?\n"},
    {"deeper", "server: {listn: x}\n", "f:1:10: unknown setting \"listn\"; did you mean \"listen\"?\n"},
    {"a key in the wrong place", "group_wait: 5s\n", "f:1:1: unknown setting \"group_wait\" here; it belongs below route:\n"},
    {"a channel's key in a route", HEAD "route: {webhook_url: x}\n", "f:2:9: unknown setting \"webhook_url\" here; it belongs below channels:\n"},
    {"no idea", "zebra: 1\n", "f:1:1: unknown setting \"zebra\"\n"},
    {"a place for anchors", "x-c: &c {name: c, type: console}\nchannels: [*c]\n", ""},
    {"twice", "time_zone: UTC\ntime_zone: UTC\n", "f:2:1: \"time_zone\" is given twice; the first is in line 1\n"},
    {"not settings", "- a\n", "f:1:1: expected settings, as in `server:`\n"},
    {"a list for a map", "server: [a]\n", "f:1:9: expected settings, as in {key: value}\n"},
    {"a map for a value", "time_zone: {a: b}\n", "f:1:12: expected one value, not {}; a variable is written \"${NAME}\", with the quotes\n"},
    {"a list for a value", "time_zone: [a]\n", "f:1:12: expected one value\n"},
    {"all at once, by place", "time_zone: Nowhere/Land\nseverity: {label: }\nstorage: {path: \"\"}\n" HEAD "route: {channels: [d]}\n",
     "f:1:12: \"Nowhere/Land\" is not a time zone known here; use a name such as Europe/Berlin (package tzdata) or UTC\nf:3:17: storage.path cannot be empty\nf:5:20: channel \"d\" is not defined; did you mean \"c\"?\n"},
    {"a broken file", "route: [\n", "f:2:1: did not find expected node content, while parsing a flow node\n"},
    {"a variable without quotes in {}", "channels: [{name: t, bot_token: ${A}}]\n", "f:1:33: a variable inside {} or [] must stand in quotes: \"${NAME}\"\n"},
    {"a variable without quotes in []", "trusted: [${A}]\n", "f:1:11: a variable inside {} or [] must stand in quotes: \"${NAME}\"\n"},
    {"a variable that is not set", "time_zone: ${NOPE}\n", "f:1:12: the environment variable NOPE is not set; set it, or write ${NOPE:-default}\n"},
    {"a variable that is empty", "time_zone: \"${EMPTY}\"\n", "f:1:12: the environment variable EMPTY is not set; set it, or write ${EMPTY:-default}\n"},
    {"a variable without end", "time_zone: \"${A\"\n", "f:1:12: \"${\" without \"}\"; a plain ${ is written $${\n"},
    {"a variable without name", "time_zone: \"${}\"\n", "f:1:12: a variable is written ${NAME} or ${NAME:-default}; a plain ${ is written $${\n"},
    {"a shell's trick", "time_zone: \"${A:?x}\"\n", "f:1:12: a variable is written ${NAME} or ${NAME:-default}; a plain ${ is written $${\n"},
    {"no duration", "storage: {retention: {history: 4 fortnights}}\n",
     "f:1:32: \"4 fortnights\" is not a duration; write 500ms, 30s, 5m, 4h, 90d or a sum such as 1h30m\n"},
    {"a number is no duration", HEAD "route: {group_wait: 5}\n",
     "f:2:21: \"5\" is not a duration; write 500ms, 30s, 5m, 4h, 90d or a sum such as 1h30m\n"},
    {"too long a wait", HEAD "route: {group_interval: 48h}\n", "f:2:25: 48h is out of range: from 0 to 1d\n"},
    {"no size", "server: {max_body: lots}\n", "f:1:20: \"lots\" is not a size; write bytes, or 64KiB, 32MiB, 1GiB\n"},
    {"too large", "server: {max_body: 1GiB}\n", "f:1:20: 1GiB is out of range: from 1KiB to 64MiB\n"},
    {"yes is not true", "channels: [{name: c, type: console, send_resolved: yes}]\n", "f:1:52: \"yes\" is neither true nor false\n"},
    {"a port out of range", "channels: [{name: m, type: smtp, host: h, port: 99999, from: a@b.cd, to: a@b.cd}]\n",
     "f:1:49: 99999 is out of range: from 1 to 65535\n"},

    {"listen without a port", "server: {listen: localhost}\n", "f:1:18: listen must be ADDRESS:PORT, [IPV6]:PORT or unix:/path, not \"localhost\"\n"},
    {"listen beyond all ports", "server: {listen: 127.0.0.1:70000}\n", "f:1:18: listen must be ADDRESS:PORT, [IPV6]:PORT or unix:/path, not \"127.0.0.1:70000\"\n"},
    {"IPv6 without brackets", "server: {listen: \"::1:80\"}\n", "f:1:18: listen must be ADDRESS:PORT, [IPV6]:PORT or unix:/path, not \"::1:80\"\n"},
    {"open to the world", "server: {listen: 0.0.0.0:80}\nsources: [{name: a, auth: {none: true}}]\n",
     "f:1:18: listening on 0.0.0.0:80 lets others in: give auth.tokens or auth.users, or listen on 127.0.0.1\n"},
    {"a name that begins like loopback", "server: {listen: 127.example.org:80}\nsources: [{name: a, auth: {none: true}}]\n",
     "f:1:18: listening on 127.example.org:80 lets others in: give auth.tokens or auth.users, or listen on 127.0.0.1\n"},
    {"with a token it may be", "server: {listen: 0.0.0.0:80}\nsources: [{name: a, auth: {none: true}}]\nauth: {tokens: [{name: o, token: " TOKEN ", role: viewer}]}\n", ""},
    {"a source nobody can use", "server: {listen: 0.0.0.0:80}\nsources: [{name: a}]\nauth: {tokens: [{name: o, token: " TOKEN ", role: viewer}]}\n",
     "f:1:18: warning: source a has no credential, so that nothing it posts to 0.0.0.0:80 is taken; give it auth:\n"},
    {"half of tls", "server: {tls: {cert_file: a}}\n", "f:1:15: server.tls needs both cert_file and key_file\n"},
    {"public_url with a blank in its path", "server: {public_url: 'https://example.org/on call'}\n", "f:1:22: the path of public_url may have letters, digits "
     "and -._~ between its slashes; \" \" may not stand there\n"},
    {"public_url with an escape", "server: {public_url: 'https://example.org/a%20b/'}\n", "f:1:22: the path of public_url may have letters, digits "
     "and -._~ between its slashes; \"%\" may not stand there\n"},
    {"public_url with a query", "server: {public_url: 'https://example.org?x=1'}\n", "f:1:22: the path of public_url may have letters, digits "
     "and -._~ between its slashes; \"?\" may not stand there\n"},
    {"public_url with a letter of another script", "server: {public_url: https://example.org/\u00fcber}\n", "f:1:22: the path of public_url may have letters, digits "
     "and -._~ between its slashes; \"\u00fc\" may not stand there\n"},
    {"public_url with two slashes", "server: {public_url: https://example.org/a//b}\n", "f:1:22: the path of public_url has an empty part: \"//\"\n"},
    {"public_url without a host", "server: {public_url: 'https:///notifier'}\n", "f:1:22: public_url must name a host, as in https://alerts.example.org/notifier\n"},
    {"public_url without scheme", "server: {public_url: example.org}\n", "f:1:22: public_url must begin with http:// or https://\n"},

    {"a role nobody has", "auth: {tokens: [{name: o, token: " TOKEN ", role: boss}]}\n", "f:1:74: \"boss\" is none of viewer, operator, admin\n"},
    {"no role", "auth: {tokens: [{name: o, token: " TOKEN "}]}\n", "f:1:17: role is needed: viewer, operator or admin\n"},
    {"a weak token", "auth: {tokens: [{name: o, token: abc, role: viewer}]}\n",
     "f:1:17: warning: the token of o has fewer than 16 characters and could be guessed; `openssl rand -hex 32` makes a good one\n"},
    {"the same token twice", "auth: {tokens: [{name: o, token: " TOKEN ", role: viewer}, {name: p, token: " TOKEN ", role: admin}]}\n",
     "f:1:83: this token is the same as that of o\n"},
    {"one complaint for one missing token", "auth: {tokens: [{name: o, token: \"${NOPE}\", role: viewer}]}\n",
     "f:1:34: the environment variable NOPE is not set; set it, or write ${NOPE:-default}\n"},
    {"a password as its own hash", "auth: {users: [{name: o, password_hash: hunter2, role: viewer}]}\n",
     "f:1:16: the password_hash of o cannot be used; `notifier hash-password` makes one\n"},

    {"a source without name", "sources: [{domain: a}]\n", "f:1:11: a source needs a name\n"},
    {"a source that is no path", "sources: [{name: a/b}]\n", "f:1:18: a source's name stands in a path: letters, digits, - _ and ., at most 64\n"},
    {"our own name", "sources: [{name: notifier}]\n", "f:1:18: the name notifier is kept for our own alerts\n"},
    {"our own domain", "sources: [{name: a, domain: notifier}]\n", "f:1:29: the domain notifier is kept for our own alerts\n"},
    {"a source twice", "sources: [{name: a}, {name: a}]\n", "f:1:29: source a is there already\n"},
    {"two ways to prove it", "sources: [{name: a, auth: {bearer_token: x, hmac_secret: y}}]\n",
     "f:1:27: choose one of hmac_secret, bearer_token, username with password, none\n"},
    {"half a password", "sources: [{name: a, auth: {username: x}}]\n", "f:1:27: username and password go together\n"},
    {"a secret that cannot be read", "sources: [{name: a, auth: {username: x, password_file: /nosuch}}]\n", "f:1:56: /nosuch: No such file or directory\n"},
    {"a secret twice", "sources: [{name: a, auth: {bearer_token: x, bearer_token_file: /nosuch}}]\n",
     "f:1:45: bearer_token_file stands beside bearer_token; choose one\n"},

    {"no channels", "channels: []\n", "f:1:11: no channels: nobody could be told; {name: console, type: console} prints\n"},
    {"a channel without name", "channels: [{type: console}]\n", "f:1:12: a channel needs a name\n"},
    {"without type", "channels: [{name: a}]\n", "f:1:12: channel a needs a type: telegram, discord, slack, smtp, webhook or console\n"},
    {"an unknown type", "channels: [{name: a, type: fax}]\n", "f:1:28: channel a: \"fax\" is none of telegram, discord, slack, smtp, webhook, console\n"},
    {"a channel twice", "channels: [{name: a, type: console}, {name: a, type: console}]\n", "f:1:38: channel a is there already\n"},
    {"another type's setting", "channels: [{name: a, type: discord, webhook_url: \"https://x.org/\", chat_id: 5}]\n",
     "f:1:68: chat_id means nothing to a discord channel; it belongs to: telegram\n"},
    {"a token of another shape", "channels: [{name: a, type: telegram, bot_token: abc, chat_id: 5}]\n",
     "f:1:49: channel a: bot_token does not look like a bot token, which is digits, a colon and letters\n"},
    {"nothing but a name", "channels: [{name: a, type: discord}]\n",
     "f:1:12: channel a: webhook_url is needed: Server settings, Integrations, Webhooks, Copy URL\n"},
    {"a password in clear", "channels: [{name: m, type: smtp, host: mx.example.org, starttls: off, username: u, password: p, from: a@b.cd, to: a@b.cd}]\n",
     "f:1:66: channel m: starttls off would send the password in clear; use required or implicit\n"},
    {"in clear on this machine", "channels: [{name: m, type: smtp, host: localhost, starttls: off, username: u, password: p, from: a@b.cd, to: a@b.cd}]\n", ""},
    {"addresses in ASCII", "channels: [{name: m, type: smtp, host: h, from: a@b.cd, to: [a@b.cd, \"ü@b.cd\", \"a b@c.de\"]}]\n",
     "f:1:70: \"ü@b.cd\" cannot be used as an address: name@host in ASCII\nf:1:80: \"a b@c.de\" cannot be used as an address: name@host in ASCII\n"},
    {"a sender that cannot be", "channels: [{name: m, type: smtp, host: h, from: nobody, to: a@b.cd}]\n",
     "f:1:49: channel m: from must be a plain address such as alerts@example.org\n"},
    {"a header that breaks the line", "channels: [{name: w, type: webhook, url: \"http://x/\", headers: {X-A: \"b\\r\\nX-B: c\"}}]\n", "f:1:65: this cannot be a header\n"},
    {"a limit of half", "channels: [{name: c, type: console, rate_limit: [{count: 5}]}]\n", "f:1:50: a limit is written {count: 20, per: 1m}\n"},
    {"a limit of nothing", "channels: [{name: c, type: console, rate_limit: [{count: 5, per: 0s}]}]\n", "f:1:66: 0s is out of range: from 1ms to 1d\n"},
    {"a severity that is not", "channels: [{name: c, type: console, silent: [infos]}]\n",
     "f:1:46: \"infos\" is not a severity; severity.order has critical, warning, info\n"},
    {"an unknown way to update", "channels: [{name: c, type: console, on_update: never}]\n", "f:1:48: \"never\" is none of reply, edit, new\n"},
    {"trusting everybody", "channels: [{name: w, type: webhook, url: \"https://x/\", tls: {insecure_skip_verify: true}}]\n",
     "f:1:12: warning: channel w: insecure_skip_verify lets anybody on the way read and change what is sent\n"},

    {"twice in one route", HEAD "route: {channels: [c, c]}\n", "f:2:23: channel \"c\" stands twice in one route\n"},
    {"an unknown channel", HEAD "route: {channels: [telegram]}\n", "f:2:20: channel \"telegram\" is not defined below channels:\n"},
    {"its own fallback", HEAD "route: {channels: [c], fallback: [c]}\n", "f:2:34: channel \"c\" cannot be its own fallback\n"},
    {"an alert that reaches nobody", HEAD "route: {channels: []}\n", "f:2:8: the first route needs a channel, or an alert could reach nobody\n"},
    {"matchers of the first route", HEAD "route: {matchers: ['a=b']}\n", "f:2:19: the first route takes everything; matchers belong to its routes:\n"},
    {"a broken matcher", HEAD "route: {routes: [{matchers: ['a=~\"(\"']}]}\n",
     "f:2:30: matcher a: the regular expression \"(\" is not valid at character 1: missing closing parenthesis\n"},
    {"routes nobody reaches", HEAD "route: {routes: [{channels: [c]}, {matchers: [a=b]}]}\n",
     "f:2:18: warning: this route has no matchers and takes everything: those after it are never reached\n"},
    {"a route into nothing", HEAD "route: {routes: [{matchers: [a=b], channels: []}]}\n", "f:2:46: warning: nobody is told of the alerts this route takes\n"},
    {"too slow a path", "channels: [{name: a, type: console}, {name: b, type: console}]\nroute: {channels: [a], fallback: [b], deliver_within: 40s}\n",
     "f:2:55: warning: with 1 fallback it could take longer than 60 s until somebody is told; shorten deliver_within\n"},
    {"repeats too dense", HEAD "route: {repeat_interval: 1s}\n",
     "f:2:26: warning: repeat_interval is shorter than group_interval, so that repeats come every group_interval\n"},
    {"... among labels", HEAD "route: {group_by: [a, '...']}\n", "f:2:23: group_by takes names of labels, or \"...\" alone\n"},
    {"an unknown interval", HEAD "route: {mute_time_intervals: [night]}\n",
     "f:2:31: \"night\" is not defined below time_intervals:\n"},

    {"flap: one change", HEAD "flap: {changes: 1}\n", "f:2:17: one change is no flapping: 2 to 16, or 0 for off\n"},
    {"flap: all of it", HEAD "flap: {changes: 16, within: 1h, calm: 30s}\n", ""},
    {"muted for all", HEAD "time_intervals: [{name: n}]\nroute: {mute_time_intervals: [n]}\n",
     "f:3:8: the first route takes everything, always; mute_time_intervals and active_time_intervals belong to its routes:\n"},
    {"an interval twice", HEAD "time_intervals: [{name: n}, {name: n}]\n", "f:2:36: the time interval \"n\" is defined twice\n"},
    {"a weekday that is none", HEAD "time_intervals: [{name: n, time_intervals: [{weekdays: ['someday']}]}]\n",
     "f:2:57: \"someday\" is no weekday or range of them, as in monday:friday\n"},
    {"past midnight", HEAD "time_intervals: [{name: n, time_intervals: [{times: [{start_time: '22:00', end_time: '06:00'}]}]}]\n",
     "f:2:67: the time 22:00-06:00 ends before it begins; what passes midnight is written as two ranges\n"},
    {"nowhere", HEAD "time_intervals: [{name: n, time_intervals: [{location: Mars/Base}]}]\n",
     "f:2:56: \"Mars/Base\" is not a time zone known here; use a name such as Europe/Berlin (package tzdata) or UTC\n"},
    {"inhibition of everything", HEAD "inhibit_rules: [{source_matchers: [a=b]}]\n",
     "f:2:17: an inhibition rule needs target_matchers, or it would hold for every alert\n"},
    {"later: off is no news", HEAD "inhibit_wait: 0\ninhibit_rules: []\nflap: {}\ntime_intervals:\n", ""},
    {"later: looked at", HEAD "inhibit_rules: [{source_matchers: ['x'], target_matchers: ['a=b'], equl: [a]}]\n",
          "f:2:36: matcher x: expected label=value, with one of = != =~ !~ between them\n"
     "f:2:68: unknown setting \"equl\"; did you mean \"equal\"?\n"},
    {"limits too small", "limits: {alerts: 5}\n", "f:1:18: 5 is out of range: from 100 to 10000000\n"},
    {"severities twice", "severity: {order: [a, b, a]}\n", "f:1:26: \"a\" stands twice\n"},
    {"our own troubles to nobody known", HEAD "self: {channels: [d]}\n", "f:2:19: channel \"d\" is not defined; did you mean \"c\"?\n"},
};

static void complaints_have_their_place(void)
{
    static const char *const set[][2] = {{"EMPTY", ""}, {"A", "UTC"}, {NULL, NULL}};
    static struct config_complaints complaints;

    variables = (const char *(*)[2])(uintptr_t)set;
    for (size_t i = 0; i < LENGTH(complaints_rows); i++) {
        struct buf said = BUF_EMPTY(1u << 20);
        struct config *config = parse(complaints_rows[i].text, &complaints);
        config_complaints_write(&complaints, "f", &said);
        CHECK(strcmp(buf_text(&said), complaints_rows[i].want) == 0, "%s: got\n%swant\n%s", complaints_rows[i].name, buf_text(&said), complaints_rows[i].want);
        CHECK((config == NULL) == (complaints.errors > 0), "%s", complaints_rows[i].name);
        config_free(config);
        buf_free(&said);
    }
    variables = NULL;
}

static void complaints_have_an_end(void)
{
    static struct config_complaints complaints;
    struct buf text = BUF_EMPTY(1u << 20), said = BUF_EMPTY(1u << 20);

    for (int i = 0; i < 150; i++)
        buf_addf(&text, "zebra%d: 1\n", i);
    CHECK(!parse(buf_text(&text), &complaints), "many errors");
    config_complaints_write(&complaints, "f", &said);
    CHECK(complaints.errors == 150 && complaints.count == CONFIG_COMPLAINTS_MAX, "%zu", complaints.count);
    CHECK(text_ends(buf_text(&said), "f: and 50 more\n"), "%s", buf_text(&said) + said.length - 40);
    buf_free(&text);
    buf_free(&said);
}

/* The commented example: as it stands, and with every setting switched on. */
static void the_example_is_whole(void)
{
    static struct config_complaints complaints;
    struct buf text = BUF_EMPTY(1u << 20), on = BUF_EMPTY(1u << 20), reference = BUF_EMPTY(1u << 20);
    struct err err;

    REQUIRE(file_read("config/notifier.yaml", &text, &err), "%s", err.text);
    struct config *config = parse(buf_text(&text), &complaints);
    CHECK(config && !complaints.count, "%d:%d: %s", complaints.items[0].line, complaints.items[0].column, complaints.items[0].text);
    config_free(config);
    for (const char *at = buf_text(&text), *line = at; *at; at++) {
        bool first = strspn(line, " ") == (size_t)(at - line);
        if (*at != '#' || !first || at[1] == ' ')
            buf_add_char(&on, *at);
        if (*at == '\n')
            line = at + 1;
    }
    CHECK(!parse(buf_text(&on), &complaints), "its secrets' files are not there");
    for (size_t i = 0; i < complaints.count; i++) {
        const struct config_complaint *one = &complaints.items[i];
        CHECK(one->warning || text_ends(one->text, ": No such file or directory"), "%d:%d: %s", one->line, one->column, one->text);
    }
    config_write_reference(&reference);
    for (const char *row = buf_text(&reference); (row = strstr(row, "\n| `"));) {
        char key[64];
        row += strlen("\n| `");
        snprintf(key, sizeof key, "%.*s", (int)strcspn(row, "`"), row);
        CHECK(strstr(buf_text(&on), key), "%s is not in config/notifier.yaml", key);
    }
    buf_free(&text);
    buf_free(&on);
    buf_free(&reference);
}

static void a_file_that_is_not_there(void)
{
    static struct config_complaints complaints;
    struct buf said = BUF_EMPTY(4096);

    CHECK(!config_load("/nosuch/notifier.yaml", environment, &complaints), "no file");
    config_complaints_write(&complaints, "/nosuch/notifier.yaml", &said);
    CHECK_TEXT(buf_text(&said), "/nosuch/notifier.yaml: No such file or directory\n");
    buf_free(&said);
}

int main(void)
{
    complaints_have_their_place();
    complaints_have_an_end();
    the_example_is_whole();
    a_file_that_is_not_there();
    return test_end();
}
