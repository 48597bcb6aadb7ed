/* send and replay: alerts from a script or a recorded body. */
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define LABELS_MAX 64
#define LABEL_NAME_MAX 255 /* bytes */

struct sending_alert {
    const char *title, *severity, *description, *key, *link;
    const char *labels[LABELS_MAX];
    size_t label_count;
    bool resolve;
};

static void write_alert(const struct sending_alert *alert, struct buf *out)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    json_set_text(&json, "title", alert->title);
    json_set_text(&json, "status", alert->resolve ? "resolved" : "firing");
    if (alert->severity)
        json_set_text(&json, "severity", alert->severity);
    if (alert->description)
        json_set_text(&json, "description", alert->description);
    if (alert->key)
        json_set_text(&json, "key", alert->key);
    if (alert->link)
        json_set_text(&json, "url", alert->link);
    json_member(&json, "labels");
    json_open(&json, '{');
    for (size_t i = 0; i < alert->label_count; i++) {
        char name[LABEL_NAME_MAX + 1];
        const char *equals = strchr(alert->labels[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - alert->labels[i]), alert->labels[i]);
        json_set_text(&json, name, equals + 1);
    }
    json_shut(&json, '}');
    json_shut(&json, '}');
}

static bool is_label(const char *text)
{
    size_t name = strcspn(text, "=");
    return text[name] && name && name <= LABEL_NAME_MAX;
}

int command_send(int argc, char **argv)
{
    static const struct option flags[] = {{"title", required_argument, NULL, 't'}, {"severity", required_argument, NULL, 's'},
                                          {"label", required_argument, NULL, 'l'}, {"description", required_argument, NULL, 'd'},
                                          {"key", required_argument, NULL, 'k'}, {"link", required_argument, NULL, 'u'},
                                          {"resolve", no_argument, NULL, 'r'}, {"url", required_argument, NULL, 'c'},
                                          {"output", required_argument, NULL, 'c'}, {0}};
    struct sending_alert alert = {0};
    struct client client = {0};
    struct buf body = BUF_EMPTY(1u << 20);
    int flag, index;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, &index)) != -1)
        switch (flag) {
        case 't': alert.title = optarg; break;
        case 's': alert.severity = optarg; break;
        case 'd': alert.description = optarg; break;
        case 'k': alert.key = optarg; break;
        case 'u': alert.link = optarg; break;
        case 'r': alert.resolve = true; break;
        case 'c': client_flag(&client, flags[index].name, optarg); break;
        case 'l':
            if (!is_label(optarg) || alert.label_count == LABELS_MAX) {
                fprintf(stderr, "notifier: --label takes name=value, at most %d times, each name of at most %d bytes\n", LABELS_MAX, LABEL_NAME_MAX);
                return 2;
            }
            alert.labels[alert.label_count++] = optarg;
            break;
        default: return 2;
        }
    if (!alert.title || optind < argc) {
        fprintf(stderr, "notifier: send needs --title, and takes no other arguments than its flags\n");
        return 2;
    }
    write_alert(&alert, &body);
    int code = client_post(&client, "/api/v1/events", buf_text(&body), alert.resolve ? "stored: resolved" : "stored: firing");
    buf_free(&body);
    return code;
}

int command_replay(int argc, char **argv)
{
    static const struct option flags[] = {{"source", required_argument, NULL, 's'}, {"url", required_argument, NULL, 'c'},
                                          {"output", required_argument, NULL, 'c'}, {0}};
    struct client client = {0};
    struct buf body = BUF_EMPTY(64u << 20), path = BUF_EMPTY(4096);
    const char *source = "grafana";
    struct err err;
    int flag, index;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, &index)) != -1)
        switch (flag) {
        case 's': source = optarg; break;
        case 'c': client_flag(&client, flags[index].name, optarg); break;
        default: return 2;
        }
    if (optind + 1 != argc) {
        fprintf(stderr, "notifier: replay takes one file, or - for stdin\n");
        return 2;
    }
    if (!file_read(argv[optind], &body, &err))
        return client_failed(&err);
    buf_add_text(&path, "/api/v1/webhook/");
    text_add_url(&path, source);
    int code = client_post(&client, buf_text(&path), buf_text(&body), "stored");
    buf_free(&body);
    buf_free(&path);
    return code;
}
