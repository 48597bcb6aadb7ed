/* silence: hush what is known, for a while, and say why. Through Alertmanager's API, as amtool does. */
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/rows.h"
#include "notifier/commands/table.h"
#include "notifier/core/matcher.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IMPORT_BYTES_MAX (16u << 20)

struct silencing {
    struct client client;
    const char *comment, *author, *duration, *start;
    bool all;
    char **rest; /* what is no flag */
    int rest_count;
};

static bool parse(struct silencing *silencing, int argc, char **argv)
{
    static const struct option flags[] = {{"url", required_argument, NULL, 'u'}, {"output", required_argument, NULL, 'u'},
                                          {"comment", required_argument, NULL, 'c'}, {"author", required_argument, NULL, 'a'},
                                          {"duration", required_argument, NULL, 'd'}, {"start", required_argument, NULL, 's'},
                                          {"all", no_argument, NULL, 'A'}, {0}};
    int flag, index;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, &index)) != -1)
        switch (flag) {
        case 'u': client_flag(&silencing->client, flags[index].name, optarg); break;
        case 'c': silencing->comment = optarg; break;
        case 'a': silencing->author = optarg; break;
        case 'd': silencing->duration = optarg; break;
        case 's': silencing->start = optarg; break;
        case 'A': silencing->all = true; break;
        default: fprintf(stderr, "notifier: see `notifier help silence`\n"); return false;
        }
    silencing->rest = argv + optind;
    silencing->rest_count = argc - optind;
    return client_output_is_known(&silencing->client);
}

/* The answer, or NULL after a word about what went wrong; *code is the exit code. */
static struct cJSON *ask(const struct silencing *silencing, const char *method, const char *path, const char *body, int *code)
{
    struct http_reply reply;
    struct err err;
    int status = client_call(&silencing->client, method, path, body, &reply, &err);
    struct cJSON *json = NULL;

    if (!status) {
        *code = client_failed(&err);
        return NULL;
    }
    if (status >= 300)
        *code = client_refused(&reply);
    else if (!(json = json_parse(reply.body.length ? buf_text(&reply.body) : "{}", reply.body.length ? reply.body.length : 2, &err)))
        *code = client_failed(&err);
    else
        *code = 0;
    http_reply_free(&reply);
    return json;
}

static void put_time(struct json_out *out, const char *key, int64_t ms)
{
    struct buf text = BUF_EMPTY(64);
    zone_add_rfc3339(&text, ms);
    json_set_text(out, key, buf_text(&text));
    buf_free(&text);
}

static bool put_matcher(struct json_out *out, const char *text)
{
    struct matcher *matchers[MATCHERS_MAX];
    struct err err;
    size_t count;

    if (!matchers_parse(text, matchers, &count, &err)) {
        fprintf(stderr, "notifier: %s\n", err.text);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        enum matcher_kind kind = matcher_kind(matchers[i]);
        json_open(out, '{');
        json_set_text(out, "name", matcher_name(matchers[i]));
        json_set_text(out, "value", matcher_value(matchers[i]));
        json_set_bool(out, "isRegex", kind == MATCH_REGEX || kind == MATCH_NOT_REGEX);
        json_set_bool(out, "isEqual", kind == MATCH_EQUAL || kind == MATCH_REGEX);
        json_shut(out, '}');
        matcher_close(matchers[i]);
    }
    return true;
}

/* From now, or from --start (RFC 3339, or a duration from now), for --duration. */
static bool read_times(const struct silencing *silencing, int64_t now_ms, int64_t *starts_ms, int64_t *ends_ms)
{
    struct err err;
    int64_t wait_ms = 0, lasts_ms = 0;

    *starts_ms = now_ms;
    if (silencing->start && !zone_parse_rfc3339(silencing->start, starts_ms)) {
        if (!text_to_duration(silencing->start, &wait_ms, &err)) {
            fprintf(stderr, "notifier: --start takes a time such as 2026-03-14T22:00:00Z, or a duration from now such as 30m\n");
            return false;
        }
        *starts_ms = now_ms + wait_ms;
    }
    if (!silencing->duration || !text_to_duration(silencing->duration, &lasts_ms, &err) || lasts_ms <= 0) {
        fprintf(stderr, "notifier: how long? --duration 2h\n");
        return false;
    }
    *ends_ms = *starts_ms + lasts_ms;
    return true;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int post(const struct silencing *silencing, const char *body)
{
    int code;
    struct cJSON *json = ask(silencing, "POST", "/api/v2/silences", body, &code);

    if (json)
        printf("%s\n", text_or(json_get_text(json, "silenceID"), "?"));
    json_close(json);
    return code;
}

static int add(const struct silencing *silencing)
{
    struct buf body = BUF_EMPTY(1u << 20);
    struct json_out out = json_out(&body);
    int64_t starts_ms, ends_ms;
    int code = 2;

    if (!silencing->rest_count || silencing->rest_count > MATCHERS_MAX)
        fprintf(stderr, "notifier: which alerts? Give 1 to %d matchers, as alertname=DiskFull\n", MATCHERS_MAX);
    else if (!silencing->comment || !silencing->comment[0])
        fprintf(stderr, "notifier: why? --comment TEXT is for whoever looks at night\n");
    else if (read_times(silencing, now_ms(), &starts_ms, &ends_ms)) {
        bool ok = true;
        json_open(&out, '{');
        json_member(&out, "matchers");
        json_open(&out, '[');
        for (int i = 0; i < silencing->rest_count && ok; i++)
            ok = put_matcher(&out, silencing->rest[i]);
        json_shut(&out, ']');
        put_time(&out, "startsAt", starts_ms);
        put_time(&out, "endsAt", ends_ms);
        json_set_text(&out, "createdBy", text_or(silencing->author, text_or(getenv("USER"), "cli")));
        json_set_text(&out, "comment", silencing->comment);
        json_shut(&out, '}');
        code = ok ? post(silencing, buf_text(&body)) : 2;
    }
    buf_free(&body);
    return code;
}

static void path_of(const char *id, struct buf *path)
{
    buf_add_text(path, "/api/v2/silence/");
    text_add_url(path, id);
}

/* One by its id; NULL after a word. */
static struct cJSON *get(const struct silencing *silencing, const char *id, int *code)
{
    struct buf path = BUF_EMPTY(4096);
    path_of(id, &path);
    struct cJSON *json = ask(silencing, "GET", buf_text(&path), NULL, code);
    buf_free(&path);
    return json;
}

/* The duration counts from now: "two hours more". */
static int update(const struct silencing *silencing)
{
    struct buf body = BUF_EMPTY(1u << 20);
    struct json_out out = json_out(&body);
    struct err err;
    int64_t ms = 0;
    int code = 2;

    if (silencing->rest_count != 1 || (!silencing->duration && !silencing->comment) ||
        (silencing->duration && (!text_to_duration(silencing->duration, &ms, &err) || ms <= 0))) {
        fprintf(stderr, "notifier: silence update ID with --duration D (from now) or --comment TEXT\n");
        return 2;
    }
    struct cJSON *old = get(silencing, silencing->rest[0], &code);
    if (old) {
        json_open(&out, '{');
        json_set_text(&out, "id", json_get_text(old, "id"));
        json_member(&out, "matchers");
        struct buf matchers = BUF_EMPTY(1u << 20);
        json_add_value(&matchers, json_get(old, "matchers"));
        json_put_raw(&out, buf_text(&matchers));
        buf_free(&matchers);
        json_set_text(&out, "startsAt", json_get_text(old, "startsAt"));
        if (silencing->duration)
            put_time(&out, "endsAt", now_ms() + ms);
        else
            json_set_text(&out, "endsAt", json_get_text(old, "endsAt"));
        json_set_text(&out, "createdBy", text_or(silencing->author, json_get_text(old, "createdBy")));
        json_set_text(&out, "comment", text_or(silencing->comment, json_get_text(old, "comment")));
        json_shut(&out, '}');
        code = post(silencing, buf_text(&body));
        json_close(old);
    }
    buf_free(&body);
    return code;
}

static int expire(const struct silencing *silencing)
{
    int worst = silencing->rest_count ? 0 : 2;

    if (worst)
        fprintf(stderr, "notifier: which one? `notifier silence list` shows the ids\n");
    for (int i = 0; i < silencing->rest_count; i++) {
        struct buf path = BUF_EMPTY(4096);
        int code;
        path_of(silencing->rest[i], &path);
        struct cJSON *json = ask(silencing, "DELETE", buf_text(&path), NULL, &code);
        if (json)
            printf("%s expired\n", silencing->rest[i]);
        json_close(json);
        buf_free(&path);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* severity="critical" team=~"infra|data" */
static void matchers_text(const struct cJSON *silence, struct buf *out)
{
    struct err ignored;

    for (const struct cJSON *one = json_first(json_get(silence, "matchers")); one; one = json_next(one)) {
        bool regex = json_get_bool(one, "isRegex", false), equal = json_get_bool(one, "isEqual", true);
        struct matcher *matcher = matcher_new(text_or(json_get_text(one, "name"), "?"),
                                              regex ? (equal ? MATCH_REGEX : MATCH_NOT_REGEX) : (equal ? MATCH_EQUAL : MATCH_NOT_EQUAL),
                                              text_or(json_get_text(one, "value"), ""), &ignored);
        buf_add_text(out, out->length ? " " : "");
        if (matcher)
            matcher_write(matcher, out);
        matcher_close(matcher);
    }
}

static const struct column columns[] = {{"ID", "id"}, {"STATE", "status.state"}, {"MATCHERS", "match"}, {"ENDS", "endsAt"},
                                        {"BY", "createdBy"}, {"COMMENT", "comment"}};

static void add_row(struct table *table, const struct cJSON *silence)
{
    struct buf text = BUF_EMPTY(1u << 20), match = BUF_EMPTY(256 * 1024);
    struct json_out out = json_out(&text);
    struct err ignored;

    matchers_text(silence, &match);
    json_open(&out, '{');
    for (const struct cJSON *member = json_first(silence); member; member = json_next(member)) {
        struct buf value = BUF_EMPTY(256 * 1024);
        json_add_value(&value, member);
        json_member(&out, json_key(member));
        json_put_raw(&out, buf_text(&value));
        buf_free(&value);
    }
    json_set_text(&out, "match", buf_text(&match));
    json_shut(&out, '}');
    struct cJSON *row = json_parse(buf_text(&text), text.length, &ignored);
    if (row)
        table_add(table, row);
    json_close(row);
    buf_free(&text);
    buf_free(&match);
}

static bool is_shown(const struct silencing *silencing, const struct cJSON *silence)
{
    return silencing->all || !text_equal(json_get_text(json_get(silence, "status"), "state"), "expired");
}

static void print_json(const struct cJSON *json)
{
    struct buf text = BUF_EMPTY(CLIENT_REPLY_MAX);
    json_add_value(&text, json);
    puts(buf_text(&text));
    buf_free(&text);
}

static void print_table(const struct silencing *silencing, const struct cJSON *list)
{
    struct table table = {.columns = columns, .column_count = LENGTH(columns), .arena = arena_new()};

    for (const struct cJSON *one = json_first(list); one; one = json_next(one))
        if (is_shown(silencing, one))
            add_row(&table, one);
    if (table.row_count)
        table_print(&table);
    else
        puts("no silences");
    arena_free(table.arena);
}

/* One array in Alertmanager's shape, the expired ones only with --all: what `import` and amtool read. */
static void print_list(const struct silencing *silencing, const struct cJSON *list, bool csv)
{
    struct buf line = BUF_EMPTY(CLIENT_REPLY_MAX);
    size_t count = 0;

    for (const struct cJSON *one = json_first(list); one; one = json_next(one)) {
        if (!is_shown(silencing, one))
            continue;
        if (csv && !count)
            rows_add_csv(&line, one, true);
        if (csv)
            rows_add_csv(&line, one, false);
        else {
            buf_add_text(&line, count ? ",\n" : "");
            json_add_value(&line, one);
        }
        count++;
    }
    if (csv && !count)
        buf_add_text(&line, "id,status,updatedAt,comment,createdBy,endsAt,matchers,startsAt\r\n"); /* the keys of a silence */
    if (csv)
        fwrite(buf_text(&line), 1, line.length, stdout);
    else
        printf("[%s]\n", buf_text(&line));
    buf_free(&line);
}

static int list(const struct silencing *silencing, bool export)
{
    struct buf path = BUF_EMPTY(64 * 1024);
    int code;

    buf_add_text(&path, "/api/v2/silences");
    for (int i = 0; i < silencing->rest_count; i++) {
        buf_addf(&path, "%sfilter=", i ? "&" : "?");
        text_add_url(&path, silencing->rest[i]);
    }
    struct cJSON *json = ask(silencing, "GET", buf_text(&path), NULL, &code);
    if (json && (export || client_wants(&silencing->client, "json")))
        print_list(silencing, json, false);
    else if (json && client_wants(&silencing->client, "csv"))
        print_list(silencing, json, true);
    else if (json)
        print_table(silencing, json);
    json_close(json);
    buf_free(&path);
    return code;
}

static int show(const struct silencing *silencing)
{
    int code;

    if (silencing->rest_count != 1) {
        fprintf(stderr, "notifier: silence show ID\n");
        return 2;
    }
    struct cJSON *json = get(silencing, silencing->rest[0], &code);
    if (json && client_wants(&silencing->client, "table")) {
        struct table table = {.columns = columns, .column_count = LENGTH(columns), .arena = arena_new()};
        add_row(&table, json);
        table_print(&table);
        arena_free(table.arena);
    } else if (json && client_wants(&silencing->client, "csv")) {
        struct buf rows = BUF_EMPTY(CLIENT_REPLY_MAX);
        rows_add_csv(&rows, json, true);
        rows_add_csv(&rows, json, false);
        fwrite(buf_text(&rows), 1, rows.length, stdout);
        buf_free(&rows);
    } else if (json)
        print_json(json);
    json_close(json);
    return code;
}

/* Each as a new one: ids of elsewhere mean nothing here. What is over already is left out. */
static int import_one(const struct silencing *silencing, const struct cJSON *silence)
{
    static const char *const members[] = {"matchers", "startsAt", "endsAt", "createdBy", "comment"};
    struct buf body = BUF_EMPTY(1u << 20);
    struct json_out out = json_out(&body);
    int64_t ends_ms = 0;

    if (zone_parse_rfc3339(text_or(json_get_text(silence, "endsAt"), ""), &ends_ms) && ends_ms <= now_ms())
        return 0;
    json_open(&out, '{');
    for (size_t i = 0; i < LENGTH(members); i++) {
        struct buf value = BUF_EMPTY(1u << 20);
        if (json_get(silence, members[i])) {
            json_add_value(&value, json_get(silence, members[i]));
            json_member(&out, members[i]);
            json_put_raw(&out, buf_text(&value));
        }
        buf_free(&value);
    }
    json_shut(&out, '}');
    int code = post(silencing, buf_text(&body));
    buf_free(&body);
    return code;
}

static int import(const struct silencing *silencing)
{
    struct buf text = BUF_EMPTY(IMPORT_BYTES_MAX);
    struct err err;
    int worst = 0;

    if (silencing->rest_count != 1) {
        fprintf(stderr, "notifier: silence import FILE, or - for standard input\n");
        return 2;
    }
    if (!file_read(strcmp(silencing->rest[0], "-") == 0 ? "/dev/stdin" : silencing->rest[0], &text, &err))
        return client_failed(&err);
    struct cJSON *json = json_parse(buf_text(&text), text.length, &err);
    if (!json_is_array(json)) {
        fprintf(stderr, "notifier: %s: expected the list that `silence export` or `amtool silence query -o json` prints\n", silencing->rest[0]);
        worst = 2;
    }
    for (const struct cJSON *one = worst ? NULL : json_first(json); one; one = json_next(one)) {
        int code = import_one(silencing, one);
        worst = code > worst ? code : worst;
    }
    json_close(json);
    buf_free(&text);
    return worst;
}

int command_silence(int argc, char **argv)
{
    struct silencing silencing = {0};
    const char *verb = argc > 1 ? argv[1] : "";

    if (argc < 2 || !parse(&silencing, argc - 1, argv + 1)) {
        if (argc < 2)
            fprintf(stderr, "notifier: silence takes add, list, show, update, expire, import or export\n");
        return 2;
    }
    if (strcmp(verb, "add") == 0)
        return add(&silencing);
    if (strcmp(verb, "list") == 0)
        return list(&silencing, false);
    if (strcmp(verb, "export") == 0)
        return list(&silencing, true);
    if (strcmp(verb, "show") == 0)
        return show(&silencing);
    if (strcmp(verb, "update") == 0)
        return update(&silencing);
    if (strcmp(verb, "expire") == 0)
        return expire(&silencing);
    if (strcmp(verb, "import") == 0)
        return import(&silencing);
    fprintf(stderr, "notifier: silence takes add, list, show, update, expire, import or export, not \"%s\"\n", verb);
    return 2;
}
