/* Recorded bodies, and one call that reads them. */
#ifndef TESTS_INGEST_PAYLOAD_H
#define TESTS_INGEST_PAYLOAD_H

#include "base/text.h"
#include "notifier/ingest/ingest.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW_MS 1773480413500 /* 2026-03-14T09:26:53.5Z, the recordings' pretend time */

static inline char *payload_read(const char *name, size_t *length)
{
    char path[256];
    snprintf(path, sizeof path, "tests/payloads/%s.json", name);
    FILE *file = fopen(path, "rb");
    char *data = malloc(4 << 20);

    *length = file ? fread(data, 1, 4 << 20, file) : 0;
    CHECK(file != NULL, "%s", path);
    if (file)
        fclose(file);
    return data;
}

static inline struct ingested payload_ingest(const char *name, struct arena *arena)
{
    struct ingested out;
    size_t length;
    char *data = payload_read(name, &length);

    ingest_webhook(data, length, NOW_MS, arena, &out);
    free(data); /* nothing may point into it */
    return out;
}

static inline struct ingested text_ingest(const char *text, struct arena *arena)
{
    struct ingested out;

    ingest_webhook(text, strlen(text), NOW_MS, arena, &out);
    return out;
}

#endif
