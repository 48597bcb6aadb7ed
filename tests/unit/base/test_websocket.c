/* WebSockets as bytes: what we ask, which answers are one, and frames cut anywhere. */
#include "base/websocket.h"
#include "tests/test.h"

static const unsigned char mask[4] = {1, 2, 3, 4};

static void the_request_says_what_rfc_6455_wants(void)
{
    static const struct {
        const char *url, *want, *words;
    } table[] = {
        {"https://x.example:8443/ws/v5?a=b#c", "GET /ws/v5?a=b HTTP/1.1\r\nHost: x.example:8443\r\n", NULL},
        {"http://[::1]:1", "GET / HTTP/1.1\r\nHost: [::1]:1\r\n", NULL},
        {"http://x?a", "GET /?a HTTP/1.1\r\nHost: x\r\n", NULL},
        {"http://user:secret@x/", NULL, "can have no user"},
        {"http:///x", NULL, "needs a host"},
        {"x", NULL, "must begin with http"},
        {"http://x/a b", NULL, "a space or a control character"},
        {"http://x/a\r\nB: c", NULL, "a space or a control character"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct buf out = BUF_EMPTY(4096);
        struct err err = {0};
        bool ok = websocket_ask(&out, table[i].url, &err);
        CHECK(ok == !table[i].words && (!table[i].words || strstr(err.text, table[i].words)), "%s: %s", table[i].url, err.text);
        if (ok)
            CHECK(strncmp(buf_text(&out), table[i].want, strlen(table[i].want)) == 0 && strstr(buf_text(&out), "Upgrade: websocket\r\n") &&
                  strcmp(buf_text(&out) + out.length - 4, "\r\n\r\n") == 0, "%s: %s", table[i].url, buf_text(&out));
        CHECK(!strstr(err.text, "secret"), "%s", err.text);
        buf_free(&out);
    }
}

static void answers_are_told_apart(void)
{
    static const struct {
        const char *name, *bytes;
        enum websocket_answer want;
        int status;
        const char *words;
    } table[] = {
        {"nothing yet", "", WEBSOCKET_WAITS, 0, ""},
        {"half a line", "HTTP/1.1 10", WEBSOCKET_WAITS, 0, ""},
        {"open", "HTTP/1.1 101 Switching\r\nsec-websocket-ACCEPT:  " WEBSOCKET_ACCEPT " \r\n\r\n", WEBSOCKET_OPEN, 101, ""},
        {"a proxy", "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: other\r\n\r\n", WEBSOCKET_REFUSED, 101, "without the Sec-WebSocket-Accept"},
        {"no accept", "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n", WEBSOCKET_REFUSED, 101, "without the Sec-WebSocket-Accept"},
        {"refused", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", WEBSOCKET_REFUSED, 403, "answered HTTP 403, expected 101"},
        {"no number", "HTTP/1.1 OK\r\n\r\n", WEBSOCKET_REFUSED, 0, "not HTTP"},
        {"another protocol", "SSH-2.0", WEBSOCKET_REFUSED, 0, "not HTTP"},
        {"HTTP/2", "HTTP/2 200\r\n\r\n", WEBSOCKET_REFUSED, 0, "not HTTP"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err err = {0};
        size_t used;
        int status;
        enum websocket_answer got = websocket_answer(table[i].bytes, strlen(table[i].bytes), &used, &status, &err);
        CHECK(got == table[i].want && status == table[i].status && strstr(err.text, table[i].words), "%s: %d, %d, %s", table[i].name, got, status, err.text);
        CHECK(used == (got == WEBSOCKET_OPEN ? strlen(table[i].bytes) : 0), "%s: %zu", table[i].name, used);
    }
}

static void endless_headers_end(void)
{
    static char bytes[WEBSOCKET_ANSWER_MAX];
    struct err err = {0};
    size_t used;
    int status;

    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "HTTP/1.1 101 x\r\n", 16);
    CHECK(websocket_answer(bytes, sizeof bytes - 1, &used, &status, &err) == WEBSOCKET_WAITS, "one byte less");
    CHECK(websocket_answer(bytes, sizeof bytes, &used, &status, &err) == WEBSOCKET_REFUSED && strstr(err.text, "longer than"), "%s", err.text);
}

static bool note(void *context, enum websocket_code code, const char *body, size_t length)
{
    buf_addf(context, "%d:%.*s;", code, (int)length, body);
    return code != WEBSOCKET_CLOSE;
}

#define FRAMES(...) (const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__})

static void frames_are_read_however_they_are_cut(void)
{
    const struct {
        const char *name, *bytes;
        size_t length;
        const char *want, *words;
    } table[] = {
        {"a ping", FRAMES('\x89', 4, 'p', 'i', 'n', 'g'), "9:ping;", NULL},
        {"an empty pong", FRAMES('\x8a', 0), "10:;", NULL},
        {"messages", FRAMES('\x81', 2, 'h', 'i', '\x82', 0), "1:;2:;", NULL},
        {"in pieces, a ping between", FRAMES(1, 1, 'a', '\x89', 0, 0, 1, 'b', '\x80', 0), "9:;1:;", NULL},
        {"length of two bytes", FRAMES('\x81', 126, 0, 2, 'h', 'i', '\x8a', 0), "1:;10:;", NULL},
        {"length of eight bytes", FRAMES('\x82', 127, 0, 0, 0, 0, 0, 0, 0, 1, 'x', '\x8a', 0), "2:;10:;", NULL},
        {"nothing counts behind a close", FRAMES('\x88', 4, 3, '\xf5', 'n', 'o', '\x89', 0), "8:\x03\xf5no;", NULL},
        {"masked", FRAMES('\x81', '\x82', 1, 2, 3, 4), "", "masked"},
        {"compressed", FRAMES('\xc1', 1, 'x'), "", "an extension"},
        {"unknown", FRAMES('\x83', 0), "", "unknown kind"},
        {"unknown control", FRAMES('\x8b', 0), "", "unknown kind"},
        {"a long ping", FRAMES('\x89', 126, 0, 126), "", "longer than 125"},
        {"half a ping", FRAMES(9, 0), "", "in pieces"},
        {"a piece of nothing", FRAMES('\x80', 0), "", "never began"},
        {"within another", FRAMES(1, 0, '\x81', 0), "", "within another"},
        {"too long", FRAMES('\x82', 127, '\x80', 0, 0, 0, 0, 0, 0, 0), "", "2^63"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (size_t step = 1; step <= table[i].length; step++) {
            struct buf heard = BUF_EMPTY(4096);
            struct websocket websocket = {0};
            struct err err = {0};
            bool ok = true;
            for (size_t at = 0; ok && at < table[i].length && !strstr(buf_text(&heard), "8:"); at += step)
                ok = websocket_hear(&websocket, table[i].bytes + at, step < table[i].length - at ? step : table[i].length - at, note, &heard, &err);
            CHECK(ok == !table[i].words && (!table[i].words || strstr(err.text, table[i].words)), "%s by %zu: %s", table[i].name, step, err.text);
            CHECK_TEXT(buf_text(&heard), table[i].want);
            buf_free(&heard);
        }
}

/* What we write is a client's; taken out of its mask it is what a server would have written. */
static void unmask(struct buf *out, const char *frame, size_t length)
{
    size_t head = (unsigned char)frame[1] == (0x80 | 126) ? 4 : (unsigned char)frame[1] == (0x80 | 127) ? 10 : 2;

    buf_add_char(out, frame[0]);
    buf_add_char(out, (char)(frame[1] & 0x7f));
    buf_add(out, frame + 2, head - 2);
    for (size_t i = head + 4; i < length; i++)
        buf_add_char(out, (char)(frame[i] ^ frame[head + (i - head - 4) % 4]));
}

static void frames_are_written_masked(void)
{
    static char text[70000];

    memset(text, 'a', sizeof text);
    for (size_t length = 0; length <= sizeof text; length = length ? length * 5 : 25) {
        struct buf out = BUF_EMPTY(1u << 20), plain = BUF_EMPTY(1u << 20), heard = BUF_EMPTY(4096);
        struct websocket websocket = {0};
        struct err err = {0};
        websocket_add(&out, WEBSOCKET_TEXT, text, length, mask);
        websocket_add_end(&out, WEBSOCKET_LEAVES, "bye", mask);
        size_t head = length <= 125 ? 2 : length <= 0xffff ? 4 : 10;
        CHECK(out.length == head + 4 + length + 2 + 4 + 5 && (out.data[1] & 0x80), "%zu: %zu", length, out.length);
        unmask(&plain, out.data, head + 4 + length);
        unmask(&plain, out.data + head + 4 + length, 11);
        CHECK(websocket_hear(&websocket, plain.data, plain.length, note, &heard, &err), "%s", err.text);
        CHECK_TEXT(buf_text(&heard), "1:;8:\x03\xe9" "bye;");
        buf_free(&out);
        buf_free(&plain);
        buf_free(&heard);
    }
}

static void ends_have_codes_and_words(void)
{
    const char *reason;

    CHECK_INT(websocket_end_code("\x03\xf5later", 7, &reason), 1013);
    CHECK_TEXT(reason, "later");
    CHECK_TEXT(websocket_end_words(1013), "try again later");
    CHECK_INT(websocket_end_code("", 0, &reason), 1005);
    CHECK_TEXT(reason, "");
    CHECK_TEXT(websocket_end_words(4001), "");
}

int main(void)
{
    the_request_says_what_rfc_6455_wants();
    answers_are_told_apart();
    endless_headers_end();
    frames_are_read_however_they_are_cut();
    frames_are_written_masked();
    ends_have_codes_and_words();
    return test_end();
}
