/* ingest_webhook: whatever comes in, alerts the core may trust or a reason for the quarantine. */
#include "tests/fuzz/ingested.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct ingested in = {0};
    ingest_webhook(data, size, 1795240000000, arena, &in);
    check_ingested(&in);
    FUZZ_CHECK(in.shape != SHAPE_UNKNOWN || in.quarantine);
    arena_free(arena);
    return 0;
}
