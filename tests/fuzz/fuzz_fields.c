/* A line of a record: read into the core's shapes whatever it says, and written again as it was read. */
#include "notifier/fields.h"
#include "tests/fuzz/fuzz.h"

static void write_again(const struct event *event, const struct record *record, struct buf *out)
{
    struct json_out json = json_out(out);

    json_open(&json, '{');
    if (event)
        event_save(&json, event);
    else
        record_write(&json, record);
    json_shut(&json, '}');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct buf first = BUF_EMPTY(1u << 22), second = BUF_EMPTY(1u << 22);
    struct cJSON *json = json_parse((const char *)data, size, NULL), *again;
    struct record record;
    struct event event;

    if (event_restore(json, &event, arena)) {
        write_again(&event, NULL, &first);
        again = json_parse(buf_text(&first), first.length, NULL);
        FUZZ_CHECK(again && event_restore(again, &event, arena));
        write_again(&event, NULL, &second);
        json_close(again);
    } else if (record_read(json, &record, arena)) {
        write_again(NULL, &record, &first);
        again = json_parse(buf_text(&first), first.length, NULL);
        FUZZ_CHECK(again && record_read(again, &record, arena));
        write_again(NULL, &record, &second);
        json_close(again);
    }
    FUZZ_CHECK(strcmp(buf_text(&first), buf_text(&second)) == 0);
    json_close(json);
    buf_free(&first);
    buf_free(&second);
    arena_free(arena);
    return 0;
}
