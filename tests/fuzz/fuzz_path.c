/* path_parse and path_match: the target of a request, as any stranger may write it. */
#include "base/text.h"
#include "routes/path.h"
#include "tests/fuzz/fuzz.h"

static const char *const patterns[] = {"/", "/api/v1/webhook/{source}", "/api/v1/channels/{name}/test", "/api/v1/deliveries/{id}/retry",
                                       "/api/v2/silence/{id}", "/{a}/{b}/{c}"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct path path = {0};
    struct err err = {0};
    const char *target = arena_bytes(arena, data, size);
    if (!path_parse(arena, target, &path, &err)) {
        FUZZ_CHECK(err.text[0]);
        arena_free(arena);
        return 0;
    }
    FUZZ_CHECK(target[0] == '/' && path.segment_count <= PATH_SEGMENTS_MAX && path.argument_count <= CALL_ARGUMENTS_MAX);
    for (size_t i = 0; i < path.segment_count; i++)
        FUZZ_CHECK(text_is_utf8(path.segments[i], strlen(path.segments[i])));
    for (size_t i = 0; i < path.argument_count; i++)
        FUZZ_CHECK(path.arguments[i].name && path.arguments[i].value && text_is_utf8(path.arguments[i].value, strlen(path.arguments[i].value)));
    for (size_t i = 0; i < LENGTH(patterns); i++) {
        struct path_pair params[CALL_PARAMS_MAX];
        size_t count = 0;
        if (!path_match(&path, patterns[i], arena, params, &count))
            continue;
        FUZZ_CHECK(count <= CALL_PARAMS_MAX);
        for (size_t j = 0; j < count; j++)
            FUZZ_CHECK(params[j].value && params[j].value[0]);
    }
    arena_free(arena);
    return 0;
}
