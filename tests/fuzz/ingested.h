/* What the core relies on in alerts read from a stranger's bytes. */
#ifndef TESTS_FUZZ_INGESTED_H
#define TESTS_FUZZ_INGESTED_H

#include "base/text.h"
#include "notifier/ingest/ingest.h"
#include "tests/fuzz/fuzz.h"

static inline void check_labels(const struct labels *labels)
{
    FUZZ_CHECK(labels->count <= ALERT_LABELS_MAX);
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *label = &labels->items[i];
        FUZZ_CHECK(label->name && label->name[0] && label->value && label->value[0]);
        FUZZ_CHECK(text_is_utf8(label->name, strlen(label->name)) && text_is_utf8(label->value, strlen(label->value)));
        FUZZ_CHECK(i == 0 || strcmp(labels->items[i - 1].name, label->name) < 0);
    }
}

static inline void check_ingested(const struct ingested *in)
{
    FUZZ_CHECK(in->count <= INGEST_ALERTS_MAX);
    for (size_t i = 0; i < in->count; i++) {
        const struct alert_input *alert = &in->alerts[i];
        FUZZ_CHECK(alert->fingerprint && alert->fingerprint[0] && strlen(alert->fingerprint) <= ALERT_FINGERPRINT_MAX);
        FUZZ_CHECK(alert->status == ALERT_FIRING || alert->status == ALERT_RESOLVED);
        FUZZ_CHECK(alert->starts_ms >= 0 && alert->ends_ms >= 0);
        check_labels(&alert->labels);
        check_labels(&alert->annotations);
    }
}

#endif
