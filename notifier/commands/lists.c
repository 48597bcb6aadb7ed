/* alerts, incidents, history, why, deliveries: what the daemon knows, printed. */
#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/facts.h"
#include "notifier/commands/progress.h"
#include "notifier/commands/queue.h"
#include "notifier/commands/receipt.h"
#include "notifier/commands/rows.h"
#include "notifier/commands/table.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_EVERY_MS 200
#define RETRY_STILL_MS 10000   /* nothing moved for so long: it is not watched on */
#define FOLLOW_EVERY_MS 2000
#define FOLLOW_FIRST_ROWS 10   /* shown of what was before */
#define FOLLOW_ROWS_MAX 1000   /* between two looks; what is older is left out, and said */

struct listing {
    struct client client;
    struct buf query;
    const char *cursor, *since;
    size_t limit; /* 0: not said */
    bool follow;
};

enum { FLAG_CLIENT = 1, FLAG_QUERY, FLAG_ALL, FLAG_FOLLOW, FLAG_LIMIT, FLAG_CURSOR, FLAG_SINCE };

static const struct option flags[] = {{"url", required_argument, NULL, FLAG_CLIENT}, {"output", required_argument, NULL, FLAG_CLIENT},
                                      {"since", required_argument, NULL, FLAG_SINCE}, {"until", required_argument, NULL, FLAG_QUERY},
                                      {"status", required_argument, NULL, FLAG_QUERY}, {"channel", required_argument, NULL, FLAG_QUERY},
                                      {"source", required_argument, NULL, FLAG_QUERY}, {"severity", required_argument, NULL, FLAG_QUERY},
                                      {"limit", required_argument, NULL, FLAG_LIMIT}, {"cursor", required_argument, NULL, FLAG_CURSOR},
                                      {"all", no_argument, NULL, FLAG_ALL}, {"follow", no_argument, NULL, FLAG_FOLLOW}, {0}};

static void add_argument(struct buf *query, const char *name, const char *value)
{
    buf_addf(query, "%s%s=", query->length ? "&" : "?", name);
    text_add_url(query, value);
}

static bool read_limit(struct listing *listing, const char *text)
{
    struct err err;
    int64_t number;

    if (!text_to_int(text, &number, &err) || number < 1 || number > ROWS_EXPORT_DEFAULT) {
        fprintf(stderr, "notifier: --limit takes a number from 1 to %d\n", ROWS_EXPORT_DEFAULT);
        return false;
    }
    listing->limit = (size_t)number;
    return true;
}

/* Flags become the query; false after a word about a mistake. What is no flag stands at optind. */
static bool parse(struct listing *listing, int argc, char **argv)
{
    int flag, index;

    buf_init(&listing->query, 32 * 1024);
    optind = 1;
    while ((flag = command_flag(argc, argv, flags, &index)) != -1)
        switch (flag) {
        case FLAG_CLIENT: client_flag(&listing->client, flags[index].name, optarg); break;
        case FLAG_SINCE: listing->since = optarg; break;
        case FLAG_QUERY: add_argument(&listing->query, flags[index].name, optarg); break;
        case FLAG_ALL: add_argument(&listing->query, "all", "true"); break;
        case FLAG_FOLLOW: listing->follow = true; break;
        case FLAG_CURSOR: listing->cursor = optarg; break;
        case FLAG_LIMIT:
            if (!read_limit(listing, optarg))
                return false;
            break;
        default: return false;
        }
    if (listing->since && !listing->follow) /* who follows says it anew each time */
        add_argument(&listing->query, "since", listing->since);
    return client_output_is_known(&listing->client);
}

static void add_matchers(struct listing *listing, int argc, char **argv)
{
    for (int i = optind; i < argc; i++)
        add_argument(&listing->query, "matcher", argv[i]);
}

struct printing {
    size_t count;
    bool csv;
};

static void print_row(void *context, const struct cJSON *row)
{
    struct printing *printing = context;
    struct buf line = BUF_EMPTY(CLIENT_ROW_MAX);

    if (printing->csv && !printing->count)
        rows_add_csv(&line, row, true);
    if (printing->csv)
        rows_add_csv(&line, row, false);
    else {
        buf_add_text(&line, printing->count ? ",\n" : "{\"items\":[\n");
        json_add_value(&line, row);
    }
    fwrite(buf_text(&line), 1, line.length, stdout);
    printing->count++;
    buf_free(&line);
}

/* A table without rows still has its first line: the daemon knows it. */
static int print_keys(const struct listing *listing, const char *path)
{
    struct buf whole = BUF_EMPTY(64 * 1024);
    struct http_reply reply;
    struct err err;

    buf_addf(&whole, "%s%s%sformat=csv&limit=1", path, buf_text(&listing->query), listing->query.length ? "&" : "?");
    int status = client_call(&listing->client, "GET", buf_text(&whole), NULL, &reply, &err);
    buf_free(&whole);
    if (!status)
        return client_failed(&err);
    int code = status == 200 ? 0 : client_refused(&reply);
    if (!code)
        printf("%.*s\r\n", (int)strcspn(buf_text(&reply.body), "\r\n"), buf_text(&reply.body));
    http_reply_free(&reply);
    return code;
}

/* JSON or CSV, all of it. */
static int export(const struct listing *listing, const char *path, bool csv)
{
    struct printing printing = {.csv = csv};
    struct buf next = BUF_EMPTY(4096), end = BUF_EMPTY(8192);
    size_t most = listing->limit ? listing->limit : ROWS_EXPORT_DEFAULT;

    int code = rows_each(&listing->client, path, buf_text(&listing->query), most, listing->cursor, &next, print_row, &printing);
    if (!code && !csv) {
        struct json_out out = json_out(&end);
        json_put_text(&out, next.length ? buf_text(&next) : NULL);
        printf("%s],\"next\":%s}\n", printing.count ? "\n" : "{\"items\":[", buf_text(&end));
    } else if (!code && !printing.count)
        code = print_keys(listing, path);
    else if (!code && next.length)
        fprintf(stderr, "notifier: there is more: --cursor %s\n", buf_text(&next));
    buf_free(&next);
    buf_free(&end);
    return code;
}

static int list(const struct listing *listing, const char *path, const struct column *columns, size_t count, const char *nothing)
{
    if (!client_wants(&listing->client, "table"))
        return export(listing, path, client_wants(&listing->client, "csv"));
    struct table table = {.columns = columns, .column_count = count, .arena = arena_new()};
    struct buf next = BUF_EMPTY(4096);
    size_t most = listing->limit ? listing->limit : ROWS_TABLE_DEFAULT;

    int code = rows_each(&listing->client, path, buf_text(&listing->query), most, listing->cursor, &next, table_add, &table);
    if (!code && table.row_count)
        table_print(&table);
    else if (!code)
        printf("%s\n", nothing);
    if (!code && next.length)
        printf("… there is more: --limit %zu, or --cursor %s\n", most * 10, buf_text(&next));
    buf_free(&next);
    arena_free(table.arena);
    return code;
}

int command_alerts(int argc, char **argv)
{
    static const struct column columns[] = {{"STATUS", "status"}, {"SEVERITY", "severity"}, {"ALERT", "name|labels.alertname"},
                                            {"SUMMARY", "annotations.summary"}, {"SINCE", "startsAt"}, {"INCIDENT", "incidents"},
                                            {"SOURCE", "source"}, {"ID", "id"}};
    struct listing listing = {0};

    if (!parse(&listing, argc, argv))
        return 2;
    add_matchers(&listing, argc, argv);
    int code = list(&listing, "/api/v1/alerts", columns, LENGTH(columns), "no active alerts");
    buf_free(&listing.query);
    return code;
}

int command_incidents(int argc, char **argv)
{
    static const struct column columns[] = {{"INCIDENT", "reference"}, {"STATE", "state"}, {"SEVERITY", "severity"}, {"TITLE", "title"},
                                            {"OPENED", "openedAt"}, {"CLOSED", "closedAt"}};
    struct listing listing = {0};

    if (!parse(&listing, argc, argv))
        return 2;
    add_matchers(&listing, argc, argv);
    int code = list(&listing, "/api/v1/incidents", columns, LENGTH(columns), "no incidents");
    buf_free(&listing.query);
    return code;
}

static const struct column history_columns[] = {{"TIME", "at"}, {"STATUS", "status"}, {"SEVERITY", "severity"}, {"ALERT", "name|labels.alertname"},
                                                {"SOURCE", "source"}, {"TOLD", "channels"}, {"ID", "alert"}};

struct following { /* newest first, as they come */
    struct cJSON *rows[FOLLOW_ROWS_MAX];
    size_t count;
    char last_at[64], last_id[64]; /* of the newest row that was printed */
    bool reached;                  /* what was printed already */
};

static void keep_row(void *context, const struct cJSON *row)
{
    struct following *following = context;
    struct buf text = BUF_EMPTY(CLIENT_ROW_MAX);

    following->reached = following->reached || text_equal(json_get_text(row, "id"), following->last_id);
    if (!following->reached && following->count < FOLLOW_ROWS_MAX) {
        json_add_value(&text, row);
        following->rows[following->count++] = json_parse(buf_text(&text), text.length, NULL);
    }
    buf_free(&text);
}

/* False: nobody reads on. */
static bool print_followed(struct following *following, const struct client *client)
{
    struct buf line = BUF_EMPTY(CLIENT_ROW_MAX);

    while (following->count) {
        struct cJSON *row = following->rows[--following->count];
        buf_clear(&line);
        if (client_wants(client, "json")) {
            json_add_value(&line, row);
            buf_add_char(&line, '\n');
        } else if (client_wants(client, "csv")) {
            if (!following->last_at[0])
                rows_add_csv(&line, row, true);
            rows_add_csv(&line, row, false);
        } else {
            for (size_t c = 0; c < LENGTH(history_columns); c++) {
                buf_add_text(&line, c ? "  " : "");
                table_value(row, history_columns[c].path, &line);
            }
            buf_add_char(&line, '\n');
        }
        fwrite(buf_text(&line), 1, line.length, stdout);
        snprintf(following->last_at, sizeof following->last_at, "%s", text_or(json_get_text(row, "at"), ""));
        snprintf(following->last_id, sizeof following->last_id, "%s", text_or(json_get_text(row, "id"), ""));
        json_close(row);
    }
    buf_free(&line);
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* New lines as they come: asks again for what is as new as the newest seen, and leaves out what was printed. A daemon
 * that restarts meanwhile is waited for. */
static int follow(const struct listing *listing)
{
    struct following *following = memory_zeroed(1, sizeof *following);
    struct buf next = BUF_EMPTY(4096), query = BUF_EMPTY(64 * 1024);
    bool begun = false, ends = false;
    int code = 0;

    while (!ends) {
        size_t most = begun ? FOLLOW_ROWS_MAX : listing->limit ? listing->limit : FOLLOW_FIRST_ROWS;
        buf_clear(&query);
        buf_add_text(&query, buf_text(&listing->query));
        if (following->last_at[0] || listing->since)
            add_argument(&query, "since", following->last_at[0] ? following->last_at : listing->since);
        following->reached = false;
        code = rows_each(&listing->client, "/api/v1/history", buf_text(&query), most < FOLLOW_ROWS_MAX ? most : FOLLOW_ROWS_MAX, NULL,
                             &next, keep_row, following);
        if (begun && next.length)
            fprintf(stderr, "notifier: more than %d new lines at once; older ones are left out\n", FOLLOW_ROWS_MAX);
        ends = (code && !begun) || !print_followed(following, &listing->client);
        begun = true;
        if (!ends)
            poll(NULL, 0, FOLLOW_EVERY_MS);
    }
    free(following);
    buf_free(&next);
    buf_free(&query);
    return code;
}

int command_history(int argc, char **argv)
{
    struct listing listing = {0};

    if (!parse(&listing, argc, argv))
        return 2;
    add_matchers(&listing, argc, argv);
    int code = listing.follow ? follow(&listing)
                              : list(&listing, "/api/v1/history", history_columns, LENGTH(history_columns), "no history");
    buf_free(&listing.query);
    return code;
}

static void print_indented(unsigned depth, const char *text)
{
    struct buf line = BUF_EMPTY(64 * 1024);

    text_add_terminal(&line, text, true);
    printf("%*s%s\n", (int)depth * 2, "", buf_text(&line));
    buf_free(&line);
}

/* When something changed; then what is explained of json, and of what lies below it, line by line. */
static void print_why(const struct cJSON *json, unsigned depth)
{
    if (json_get(json, "seq") && json_get_text(json, "at") && json_get_text(json, "status"))
        printf("%*s%s %s\n", (int)depth * 2 - 2, "", json_get_text(json, "at"), json_get_text(json, "status"));
    for (const struct cJSON *one = json_first(json); one; one = json_next(one)) {
        if (json_key(one) && strcmp(json_key(one), "explanation") == 0 && json_text(one) && !facts_repeat_their_part(json))
            print_indented(depth, json_text(one));
        if ((json_is_object(one) || json_is_array(one)) && depth < 10)
            print_why(one, depth + json_is_object(one));
    }
}

static void print_why_table(const struct cJSON *json)
{
    static const char *const paths[] = {"kind", "reference|id", "name|title|channel", "status|state"};
    struct buf line = BUF_EMPTY(64 * 1024);

    for (size_t i = 0; i < LENGTH(paths); i++) {
        buf_add_text(&line, i ? "  " : "");
        table_value(json, paths[i], &line);
    }
    printf("%s\n", buf_text(&line));
    buf_free(&line);
    print_why(json, 1);
}

static void print_receipt(const struct cJSON *json)
{
    struct buf text = BUF_EMPTY(1u << 20);

    receipt_write(json, &text);
    fputs(buf_text(&text), stdout);
    buf_free(&text);
}

/* The daemon's answer as rows; the exit code. Cut off, it is no rows at all. */
static int print_facts(const struct cJSON *json, const struct err *err, void (*write)(const struct cJSON *json, struct buf *out))
{
    struct buf rows = BUF_EMPTY(CLIENT_REPLY_MAX);

    if (!json) {
        fprintf(stderr, "notifier: the daemon's answer cannot be read: %s\n", err->text);
        return 1;
    }
    write(json, &rows);
    bool whole = !rows.full;
    if (whole)
        fwrite(buf_text(&rows), 1, rows.length, stdout);
    else
        fprintf(stderr, "notifier: it is more than 64 MiB as CSV; ask for --output json\n");
    buf_free(&rows);
    return whole ? 0 : 1;
}

/* One thing by its id: as a person reads it, as rows of what is known of it, or as it came. */
static int show(const struct listing *listing, const char *path, const char *id, void (*print)(const struct cJSON *json),
                void (*write)(const struct cJSON *json, struct buf *out))
{
    struct buf whole = BUF_EMPTY(4096);
    struct http_reply reply;
    struct cJSON *json = NULL;
    struct err err;

    buf_add_text(&whole, path);
    text_add_url(&whole, id);
    int status = client_call(&listing->client, "GET", buf_text(&whole), NULL, &reply, &err);
    buf_free(&whole);
    if (!status)
        return client_failed(&err);
    int code = status == 200 ? 0 : client_refused(&reply);
    if (!code && !client_wants(&listing->client, "json"))
        json = json_parse(buf_text(&reply.body), reply.body.length, &err);
    if (!code && client_wants(&listing->client, "csv"))
        code = print_facts(json, &err, write);
    else if (json)
        print(json);
    else if (!code)
        printf("%s\n", buf_text(&reply.body)); /* longer than is kept: what there is, is better than nothing */
    json_close(json);
    http_reply_free(&reply);
    return code;
}

int command_why(int argc, char **argv)
{
    struct listing listing = {0};

    if (!parse(&listing, argc, argv))
        return 2;
    buf_free(&listing.query);
    if (optind + 1 != argc) {
        fprintf(stderr, "notifier: why takes one id: an alert's, an incident's reference or a delivery's\n");
        return 2;
    }
    return show(&listing, "/api/v1/why/", argv[optind], print_why_table, facts_write_why);
}

/* On a terminal a retry of many is watched until all have ended, or nothing moves any more. */
static void watch_retry(const struct client *client, const char *channel)
{
    struct progress progress = {0};
    int64_t all = queue_length(client, channel), left = all, moved_ms = 0;

    for (int64_t waited = 0; left > 0 && waited - moved_ms < RETRY_STILL_MS; waited += RETRY_EVERY_MS) {
        progress_count(&progress, "telling again", all - left, all);
        poll(NULL, 0, RETRY_EVERY_MS);
        int64_t now = queue_length(client, channel);
        moved_ms = now != left ? waited : moved_ms;
        left = now;
        all = left > all ? left : all;
    }
    progress_end(&progress);
    if (all > 0 && left >= 0)
        printf("%lld of %lld have ended; `notifier deliveries list --channel %s` says how\n", (long long)(all - left), (long long)all, channel);
}

static int change_delivery(const struct listing *listing, const char *verb, const char *id, const char *channel)
{
    struct buf path = BUF_EMPTY(4096);

    buf_add_text(&path, "/api/v1/deliveries/");
    if (id) {
        text_add_url(&path, id);
        buf_addf(&path, "/%s", verb);
    } else {
        buf_add_text(&path, "retry?channel=");
        text_add_url(&path, channel);
    }
    int code = client_post(&listing->client, buf_text(&path), "", strcmp(verb, "drop") == 0 ? "dropped" : id ? "goes again; `notifier deliveries list` shows it"
                                             : "they go again; `notifier deliveries list` shows them");
    buf_free(&path);
    if (!code && !id && isatty(STDERR_FILENO))
        watch_retry(&listing->client, channel);
    return code;
}

static const char *flag_value(int argc, char **argv, const char *flag)
{
    size_t length = strlen(flag);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0 && i + 1 < argc)
            return argv[i + 1];
        if (strncmp(argv[i], flag, length) == 0 && argv[i][length] == '=')
            return argv[i] + length + 1;
    }
    return NULL;
}

int command_deliveries(int argc, char **argv)
{
    static const struct column columns[] = {{"ID", "id"}, {"STATE", "state"}, {"CHANNEL", "channel"}, {"INCIDENT", "incident"},
                                            {"TITLE", "title"}, {"REASON", "reason"}, {"OPENED", "openedAt"}, {"SECONDS", "seconds"},
                                            {"REMOTE ID", "remoteIds"}, {"WORDS", "words|lastError"}};
    struct listing listing = {0};
    int shift = argc > 1 && argv[1][0] != '-', code = 2; /* the verb stands where a command's name would */
    const char *verb = shift ? argv[1] : "list", *channel = flag_value(argc, argv, "--channel");

    if (!parse(&listing, argc - shift, argv + shift))
        return 2;
    const char *id = optind + shift < argc ? argv[optind + shift] : NULL;
    bool alone = id && optind + shift + 1 == argc;
    if (strcmp(verb, "list") == 0) {
        for (int i = optind + shift; i < argc; i++)
            add_argument(&listing.query, "matcher", argv[i]);
        code = list(&listing, "/api/v1/deliveries", columns, LENGTH(columns), "no deliveries");
    } else if (strcmp(verb, "show") == 0 && alone)
        code = show(&listing, "/api/v1/deliveries/", id, print_receipt, facts_write_attempts);
    else if ((strcmp(verb, "retry") == 0 && (id ? alone && !channel : channel != NULL)) || (strcmp(verb, "drop") == 0 && alone))
        code = change_delivery(&listing, verb, id, channel);
    else
        fprintf(stderr, "notifier: deliveries takes list, show ID, retry ID, retry --channel NAME or drop ID\n");
    buf_free(&listing.query);
    return code;
}
