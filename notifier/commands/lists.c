/* alerts, incidents, history, why, deliveries: what the daemon knows, printed. */
#include "base/text.h"
#include "base/zone.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/table.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define FOLLOW_EVERY_MS 2000

struct listing {
    struct client client;
    struct buf query;
    bool follow;
};

enum { FLAG_CLIENT = 1, FLAG_QUERY, FLAG_ALL, FLAG_FOLLOW };

static const struct option flags[] = {{"url", required_argument, NULL, FLAG_CLIENT}, {"output", required_argument, NULL, FLAG_CLIENT},
                                      {"since", required_argument, NULL, FLAG_QUERY}, {"until", required_argument, NULL, FLAG_QUERY},
                                      {"status", required_argument, NULL, FLAG_QUERY}, {"channel", required_argument, NULL, FLAG_QUERY},
                                      {"source", required_argument, NULL, FLAG_QUERY}, {"severity", required_argument, NULL, FLAG_QUERY},
                                      {"limit", required_argument, NULL, FLAG_QUERY}, {"cursor", required_argument, NULL, FLAG_QUERY},
                                      {"all", no_argument, NULL, FLAG_ALL}, {"follow", no_argument, NULL, FLAG_FOLLOW}, {0}};

static void add_argument(struct buf *query, const char *name, const char *value)
{
    buf_addf(query, "%s%s=", query->length ? "&" : "?", name);
    text_add_url(query, value);
}

/* Flags and matchers become the query; false after a word about a mistake. */
static bool parse(struct listing *listing, int argc, char **argv)
{
    int flag, index;

    buf_init(&listing->query, 64 * 1024);
    optind = 1;
    while ((flag = getopt_long(argc, argv, "", flags, &index)) != -1)
        switch (flag) {
        case FLAG_CLIENT: client_flag(&listing->client, flags[index].name, optarg); break;
        case FLAG_QUERY: add_argument(&listing->query, flags[index].name, optarg); break;
        case FLAG_ALL: add_argument(&listing->query, "all", "true"); break;
        case FLAG_FOLLOW: listing->follow = true; break;
        default: fprintf(stderr, "notifier: see `notifier help %s`\n", argv[0]); return false;
        }
    const char *output = listing->client.output;
    if (output && strcmp(output, "table") != 0 && strcmp(output, "json") != 0 && strcmp(output, "csv") != 0) {
        fprintf(stderr, "notifier: --output is table, json or csv\n");
        return false;
    }
    if (client_wants(&listing->client, "csv"))
        add_argument(&listing->query, "format", "csv");
    return true;
}

static void add_matchers(struct listing *listing, int argc, char **argv)
{
    for (int i = optind; i < argc; i++)
        add_argument(&listing->query, "matcher", argv[i]);
}

static int print_reply(const struct listing *listing, const struct http_reply *reply, const struct column *columns, size_t count,
                       const char *nothing)
{
    if (!client_wants(&listing->client, "table") || !columns) {
        fwrite(buf_text(&reply->body), 1, reply->body.length, stdout);
        if (reply->body.length && reply->body.data[reply->body.length - 1] != '\n')
            putchar('\n');
        return 0;
    }
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, NULL);
    table_print(json, columns, count, nothing);
    json_close(json);
    return 0;
}

static int list(struct listing *listing, const char *path, const struct column *columns, size_t count, const char *nothing)
{
    struct buf whole = BUF_EMPTY(64 * 1024);
    struct http_reply reply;
    struct err err;

    buf_addf(&whole, "%s%s", path, buf_text(&listing->query));
    int status = client_call(&listing->client, "GET", buf_text(&whole), NULL, &reply, &err);
    int code = !status ? client_failed(&err) : status != 200 ? client_refused(&reply) : print_reply(listing, &reply, columns, count, nothing);
    if (status)
        http_reply_free(&reply);
    buf_free(&whole);
    return code;
}

int command_alerts(int argc, char **argv)
{
    static const struct column columns[] = {{"STATUS", "status"}, {"SEVERITY", "severity"}, {"ALERT", "labels.alertname"},
                                            {"SUMMARY", "annotations.summary"}, {"SINCE", "startsAt"}, {"INCIDENT", "incidents|incident"},
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
                                            {"OPENED", "openedAt|opened"}, {"CLOSED", "closedAt|closed"}};
    struct listing listing = {0};

    if (!parse(&listing, argc, argv))
        return 2;
    int code = list(&listing, "/api/v1/incidents", columns, LENGTH(columns), "no incidents");
    buf_free(&listing.query);
    return code;
}

static const struct column history_columns[] = {{"TIME", "at"}, {"STATUS", "status"}, {"ALERT", "labels.alertname"},
                                                {"SUMMARY", "annotations.summary|labels.instance"}, {"SOURCE", "source"},
                                                {"TOLD", "outcomes|channels"}, {"ID", "alert|alertId|alert_id"}};

/* New lines as they come: asks again, for what is newer than the newest seen. */
static int follow(struct listing *listing)
{
    char last[64] = "";
    uint64_t shown = 0;

    for (;;) {
        struct buf path = BUF_EMPTY(64 * 1024);
        struct http_reply reply;
        struct err err;
        buf_addf(&path, "/api/v1/history%s%slimit=100", buf_text(&listing->query), listing->query.length ? "&" : "?");
        if (last[0])
            buf_addf(&path, "&since=%s", last);
        int status = client_call(listing->client.url ? &listing->client : &(struct client){0}, "GET", buf_text(&path), NULL, &reply, &err);
        buf_free(&path);
        if (!status)
            return client_failed(&err);
        if (status != 200)
            return client_refused(&reply);
        struct cJSON *json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
        const struct cJSON *rows[100];
        size_t count = 0;
        for (const struct cJSON *row = json_first(json_get(json, "items")); row && count < LENGTH(rows); row = json_next(row))
            rows[count++] = row;
        while (count--) {
            struct buf line = BUF_EMPTY(64 * 1024), at = BUF_EMPTY(64);
            table_value(rows[count], "at", &at);
            if (strcmp(buf_text(&at), last) > 0) {
                for (size_t c = 0; c < LENGTH(history_columns); c++) {
                    buf_add_text(&line, c ? "  " : "");
                    table_value(rows[count], history_columns[c].path, &line);
                }
                puts(buf_text(&line));
                shown++;
                snprintf(last, sizeof last, "%s", buf_text(&at));
            }
            buf_free(&line);
            buf_free(&at);
        }
        fflush(stdout);
        json_close(json);
        http_reply_free(&reply);
        poll(NULL, 0, FOLLOW_EVERY_MS);
    }
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

/* The explanation line by line; all of it as JSON where asked. */
static void print_why(const struct cJSON *json, unsigned depth)
{
    for (const struct cJSON *one = json_first(json); one; one = json_next(one)) {
        if (json_key(one) && strcmp(json_key(one), "explanation") == 0 && json_text(one)) {
            struct buf line = BUF_EMPTY(64 * 1024);
            text_add_terminal(&line, json_text(one), true);
            printf("%*s%s\n", (int)depth * 2, "", buf_text(&line));
            buf_free(&line);
        }
        if ((json_is_object(one) || json_is_array(one)) && depth < 10)
            print_why(one, depth + json_is_object(one));
    }
}

int command_why(int argc, char **argv)
{
    struct listing listing = {0};
    struct buf path = BUF_EMPTY(4096);
    struct http_reply reply;
    struct err err;

    if (!parse(&listing, argc, argv))
        return 2;
    buf_free(&listing.query);
    if (optind + 1 != argc) {
        fprintf(stderr, "notifier: why takes one id: an alert's, an incident's reference or a delivery's\n");
        return 2;
    }
    buf_add_text(&path, "/api/v1/why/");
    text_add_url(&path, argv[optind]);
    int status = client_call(&listing.client, "GET", buf_text(&path), NULL, &reply, &err);
    buf_free(&path);
    if (!status)
        return client_failed(&err);
    int code = status == 200 ? 0 : client_refused(&reply);
    if (!code && client_wants(&listing.client, "table")) {
        struct cJSON *json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
        print_why(json, 0);
        json_close(json);
    } else if (!code)
        printf("%s\n", buf_text(&reply.body));
    http_reply_free(&reply);
    return code;
}

static int act(struct listing *listing, const char *path, const char *done)
{
    struct http_reply reply;
    struct err err;

    int status = client_call(&listing->client, "POST", path, "", &reply, &err);
    if (!status)
        return client_failed(&err);
    int code = status < 300 ? 0 : client_refused(&reply);
    if (!code)
        printf("%s\n", done);
    http_reply_free(&reply);
    return code;
}

static int show_delivery(struct listing *listing, const char *id)
{
    struct buf path = BUF_EMPTY(4096);
    struct http_reply reply;
    struct err err;

    buf_add_text(&path, "/api/v1/deliveries/");
    text_add_url(&path, id);
    int status = client_call(&listing->client, "GET", buf_text(&path), NULL, &reply, &err);
    buf_free(&path);
    if (!status)
        return client_failed(&err);
    int code = status == 200 ? 0 : client_refused(&reply);
    if (!code)
        printf("%s\n", buf_text(&reply.body));
    http_reply_free(&reply);
    return code;
}

static int change_delivery(struct listing *listing, const char *verb, const char *id, const char *channel)
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
    int code = act(listing, buf_text(&path), strcmp(verb, "drop") == 0 ? "dropped" : "goes again; `notifier deliveries list` shows it");
    buf_free(&path);
    return code;
}

int command_deliveries(int argc, char **argv)
{
    static const struct column columns[] = {{"ID", "id"}, {"STATE", "state"}, {"CHANNEL", "channel"}, {"INCIDENT", "incident"},
                                            {"REASON", "reason"}, {"TRIES", "tries"}, {"OPENED", "openedAt|opened"},
                                            {"SECONDS", "seconds"}, {"REMOTE ID", "remoteIds|remote_ids"}, {"WORDS", "words|lastError"}};
    struct listing listing = {0};
    const char *verb = argc > 1 ? argv[1] : "list", *channel = NULL;

    for (int i = 2; i + 1 < argc; i++)
        if (strcmp(argv[i], "--channel") == 0)
            channel = argv[i + 1];
    if (!parse(&listing, argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv))
        return 2;
    argc -= argc > 1;
    const char *id = optind < argc ? argv[optind + 1] : NULL;
    int code = 2;
    if (strcmp(verb, "list") == 0)
        code = list(&listing, "/api/v1/deliveries", columns, LENGTH(columns), "no deliveries");
    else if (strcmp(verb, "show") == 0 && id)
        code = show_delivery(&listing, id);
    else if ((strcmp(verb, "retry") == 0 && (id || channel)) || (strcmp(verb, "drop") == 0 && id))
        code = change_delivery(&listing, verb, id, channel);
    else
        fprintf(stderr, "notifier: deliveries takes list, show ID, retry ID, retry --channel NAME or drop ID\n");
    buf_free(&listing.query);
    return code;
}
