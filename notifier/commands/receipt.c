#include "notifier/commands/receipt.h"

#include "base/text.h"

#include <string.h>

static void add(struct buf *out, const char *before, const struct cJSON *object, const char *key)
{
    const char *text = json_get_text(object, key);

    if (!text || !text[0])
        return;
    buf_add_text(out, before);
    text_add_terminal(out, text, false);
}

static void add_labels(struct buf *out, const struct cJSON *labels)
{
    for (const struct cJSON *label = json_first(labels); label; label = json_next(label)) {
        if (strcmp(json_key(label), "alertname") == 0)
            continue;
        buf_add_char(out, ' ');
        text_add_terminal(out, json_key(label), false);
        add(out, "=", labels, json_key(label));
    }
}

static void write_alerts(const struct cJSON *items, struct buf *out)
{
    size_t left = 20;

    for (const struct cJSON *item = json_first(items); item && left; item = json_next(item), left--) {
        add(out, "  alert    ", item, "status");
        add(out, " ", item, "name");
        add_labels(out, json_get(item, "labels"));
        add(out, "  id ", item, "alert");
        buf_add_char(out, '\n');
    }
    if (json_count(items) > 20)
        buf_addf(out, "  alert    and %zu more\n", json_count(items) - 20);
}

static void write_attempts(const struct cJSON *attempts, struct buf *out)
{
    for (const struct cJSON *attempt = json_first(attempts); attempt; attempt = json_next(attempt)) {
        int64_t status = json_get_int(attempt, "status", 0);
        add(out, "  attempt  ", attempt, "startedAt");
        add(out, " ", attempt, "outcome");
        if (status)
            buf_addf(out, ", status %lld", (long long)status);
        if (json_get_text(attempt, "endedAt"))
            buf_addf(out, ", %lld ms", (long long)json_get_int(attempt, "latencyMs", 0));
        add(out, ": ", attempt, "words");
        buf_add_char(out, '\n');
    }
}

static void write_message(const struct cJSON *message, struct buf *out)
{
    for (const struct cJSON *part = json_first(json_get(message, "parts")); part; part = json_next(part)) {
        buf_addf(out, "  part %-4lld", (long long)json_get_int(part, "index", 0));
        add(out, "", part, "kind");
        add(out, " ", part, "state");
        add(out, ", to ", part, "address");
        add(out, ", remote id ", part, "remoteId");
        buf_add_char(out, '\n');
    }
    for (const char *line = text_or(json_get_text(message, "text"), ""); *line;) {
        size_t length = strcspn(line, "\n");
        struct buf one = BUF_EMPTY(64 * 1024);
        buf_add(&one, line, length);
        buf_add_text(out, "  | ");
        text_add_terminal(out, buf_text(&one), false);
        buf_add_char(out, '\n');
        buf_free(&one);
        line += length + (line[length] == '\n');
    }
}

void receipt_write(const struct cJSON *delivery, struct buf *out)
{
    add(out, "delivery ", delivery, "id");
    add(out, ": ", delivery, "state");
    add(out, " over ", delivery, "channel");
    add(out, ", incident ", delivery, "incident");
    buf_add_char(out, '\n');
    add(out, "  ", delivery, "explanation");
    buf_add_text(out, json_get_text(delivery, "explanation") ? "\n" : "");
    add(out, "  accepted ", delivery, "acceptedAt");
    add(out, ", settled ", delivery, "settledAt");
    add(out, ", next try not before ", delivery, "dueAt");
    buf_add_char(out, '\n');
    write_alerts(json_get(delivery, "items"), out);
    write_attempts(json_get(delivery, "attempts"), out);
    for (const struct cJSON *message = json_first(json_get(delivery, "messages")); message; message = json_next(message))
        write_message(message, out);
}
