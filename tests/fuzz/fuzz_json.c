/* json_parse: what it accepts is valid UTF-8 throughout and survives being written and read again. */
#include "base/json.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct cJSON *json)
{
    const char *text = json_text(json), *key = json_key(json);
    FUZZ_CHECK(!text || text_is_utf8(text, strlen(text)));
    FUZZ_CHECK(!key || text_is_utf8(key, strlen(key)));
    json_number(json, 0);
    for (const struct cJSON *one = json_first(json); one; one = json_next(one))
        look(one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct cJSON *json = json_parse((const char *)data, size, &err);
    if (!json) {
        FUZZ_CHECK(err.text[0]);
        return 0;
    }
    look(json);
    struct buf out = BUF_EMPTY(64u << 20);
    json_add_value(&out, json);
    if (!out.full) {
        struct cJSON *again = json_parse(buf_text(&out), out.length, &err);
        FUZZ_CHECK(again);
        json_close(again);
    }
    buf_free(&out);
    json_close(json);
    return 0;
}
