/* ingest_api_v2: a list of alerts, those that are wrong named; or an error. */
#include "tests/fuzz/ingested.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct api_v2_options options = {.resolve_timeout_ms = 300000, .from_grafana = size & 1};
    struct ingested in = {0};
    struct err err = {0};

    if (ingest_api_v2(data, size, 1795240000000, &options, arena, &in, &err)) {
        check_ingested(&in);
        for (size_t i = 0; i < in.count; i++)
            FUZZ_CHECK(in.alerts[i].status == ALERT_FIRING || in.alerts[i].ends_ms <= 1795240000000);
    } else
        FUZZ_CHECK(err.text[0]);
    arena_free(arena);
    return 0;
}
