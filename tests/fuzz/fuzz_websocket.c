/* A server's answer to an upgrade and the frames behind it: never out of bounds, an error has words, and the same bytes cut
 * otherwise say the same. The first byte is the size of the pieces. */
#include "base/websocket.h"
#include "tests/fuzz/fuzz.h"

static bool note(void *context, enum websocket_code code, const char *body, size_t length)
{
    const char *reason;

    FUZZ_CHECK(length <= WEBSOCKET_CONTROL_MAX && body[length] == '\0');
    FUZZ_CHECK(code >= WEBSOCKET_CLOSE || !length);
    if (code == WEBSOCKET_CLOSE)
        FUZZ_CHECK(websocket_end_code(body, length, &reason) >= 0 && reason <= body + length + 1);
    buf_addf(context, "%d,%zu;", code, length);
    return true;
}

static bool hear(const char *data, size_t size, size_t step, struct buf *heard)
{
    struct websocket websocket = {0};
    struct err err = {0};

    for (size_t at = 0; at < size; at += step)
        if (!websocket_hear(&websocket, data + at, step < size - at ? step : size - at, note, heard, &err)) {
            FUZZ_CHECK(err.text[0]);
            return false;
        }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = BUF_EMPTY(1u << 20), pieces = BUF_EMPTY(1u << 20);
    struct err err = {0};
    size_t used;
    int status;

    if (!size)
        return 0;
    size_t step = data[0] ? data[0] : 1;
    const char *bytes = (const char *)data + 1;
    enum websocket_answer answer = websocket_answer(bytes, --size, &used, &status, &err);
    FUZZ_CHECK(used <= size && (answer != WEBSOCKET_REFUSED || err.text[0]) && status >= 0 && status <= 999);
    bytes += used;
    size -= used;
    FUZZ_CHECK(hear(bytes, size, size + 1, &whole) == hear(bytes, size, step, &pieces));
    FUZZ_CHECK(strcmp(buf_text(&whole), buf_text(&pieces)) == 0);
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
