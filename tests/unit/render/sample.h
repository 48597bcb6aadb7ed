/* Views for tests: alerts written as "name=value|name=value". */
#ifndef TESTS_RENDER_SAMPLE_H
#define TESTS_RENDER_SAMPLE_H

#include "base/text.h"
#include "notifier/render/message.h"
#include "tests/test.h"

#define SAMPLE_NOW_MS 1773480413500 /* 2026-03-14T09:26:53.5Z */
#define SAMPLE_MIN_MS 60000
#define SAMPLE_ALERTS_MAX 600

struct sample {
    struct arena *arena;
    struct view view;
    struct view_alert alerts[SAMPLE_ALERTS_MAX];
};

static inline struct labels sample_labels(struct arena *arena, const char *text)
{
    struct labels labels = {.items = ARENA_NEW(arena, struct label, 32)};

    while (text && *text) {
        size_t end = strcspn(text, "|"), equals = strcspn(text, "=");
        labels.items[labels.count++] = (struct label){arena_bytes(arena, text, equals), arena_bytes(arena, text + equals + 1, end - equals - 1)};
        text += end + (text[end] == '|');
    }
    labels_settle(&labels);
    return labels;
}

static inline unsigned sample_rank(const char *severity)
{
    return text_equal(severity, "critical") ? 0 : text_equal(severity, "info") ? 2 : 1;
}

static inline void sample_begin(struct sample *sample, enum reason reason)
{
    memset(sample, 0, sizeof *sample);
    sample->arena = arena_new();
    sample->view = (struct view){.reason = reason, .form = FORM_RICH, .channel = "telegram", .receiver = "critical", .route = "{}",
                                 .reference = "K7Q2", .severity = "info", .severity_rank = 2, .now_ms = SAMPLE_NOW_MS,
                                 .opened_ms = SAMPLE_NOW_MS - 20 * SAMPLE_MIN_MS, .alerts = sample->alerts,
                                 .public_url = "https://notifier.example.org"};
}

/* Began 20 minutes ago; resolved: ended just now, and was told firing. Returned for whatever else is wanted. */
static inline struct alert_input *sample_add(struct sample *sample, enum alert_status status, const char *labels, const char *annotations)
{
    struct view *view = &sample->view;
    struct view_alert *alert = &sample->alerts[view->alert_count];
    struct alert_input *input = ARENA_NEW(sample->arena, struct alert_input, 1);

    *input = (struct alert_input){.fingerprint = arena_printf(sample->arena, "%016zx", view->alert_count + 1), .status = status,
                                  .starts_ms = SAMPLE_NOW_MS - 20 * SAMPLE_MIN_MS,
                                  .ends_ms = status == ALERT_RESOLVED ? SAMPLE_NOW_MS : 0,
                                  .labels = sample_labels(sample->arena, labels),
                                  .annotations = sample_labels(sample->arena, annotations)};
    const char *severity = text_or(labels_get(&input->labels, "severity"), "warning");
    *alert = (struct view_alert){.id = ++view->alert_count, .input = input, .severity = severity,
                                 .severity_rank = sample_rank(severity), .changed = true, .was_told_firing = status == ALERT_RESOLVED};
    if (alert->severity_rank <= view->severity_rank) {
        view->severity_rank = alert->severity_rank;
        view->severity = severity;
    }
    view->firing += status == ALERT_FIRING;
    view->resolved += status == ALERT_RESOLVED;
    view->news_firing += status == ALERT_FIRING;
    view->news_resolved += status == ALERT_RESOLVED;
    return input;
}

static inline void sample_end(struct sample *sample)
{
    arena_free(sample->arena);
}

#endif
