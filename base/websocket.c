#include "base/websocket.h"

#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NO_CODE 1005 /* section 7.4.1: a close frame without a code; never sent */

/* --- the upgrade */

bool websocket_ask(struct buf *out, const char *url, struct err *err)
{
    const char *host = strstr(url, "://");

    if (!host)
        return err_set(err, ERR_INPUT, "the URL must begin with http:// or https://");
    host += 3;
    size_t length = strcspn(host, "/?#"), path = strcspn(host + length, "#");
    if (!length || memchr(host, '@', length))
        return err_set(err, ERR_INPUT, "the URL of a WebSocket needs a host, and can have no user");
    for (const char *c = host; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return err_set(err, ERR_INPUT, "the URL has a space or a control character");
    buf_addf(out, "GET %s%.*s HTTP/1.1\r\nHost: %.*s\r\n", host[length] == '/' ? "" : "/", (int)path, host + length, (int)length, host);
    buf_add_text(out, "User-Agent: notifier\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: " WEBSOCKET_KEY "\r\n\r\n");
    return !out->full || err_set(err, ERR_LIMIT, "the request is longer than %zu bytes", out->limit);
}

/* The value of a header between two places, its ends trimmed; NULL where it is absent. */
static const char *find_header(const char *data, const char *end, const char *name, size_t *length)
{
    size_t size = strlen(name);

    for (const char *line = data, *next; line < end; line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        if ((size_t)(stop - line) <= size || line[size] != ':' || strncasecmp(line, name, size) != 0)
            continue;
        const char *value = line + size + 1;
        while (value < stop && isspace((unsigned char)*value))
            value++;
        while (stop > value && isspace((unsigned char)stop[-1]))
            stop--;
        *length = (size_t)(stop - value);
        return value;
    }
    return NULL;
}

static bool refuse(int *status, struct err *err)
{
    if (*status == 101)
        return err_set(err, ERR_NETWORK, "answered HTTP 101 without the Sec-WebSocket-Accept of a WebSocket");
    if (*status)
        return err_set(err, ERR_NETWORK, "answered HTTP %d, expected 101", *status);
    return err_set(err, ERR_NETWORK, "answered with something that is not HTTP");
}

enum websocket_answer websocket_answer(const char *data, size_t length, size_t *used, int *status, struct err *err)
{
    static const char begin[] = "HTTP/1.";
    size_t known = length < sizeof begin - 1 ? length : sizeof begin - 1, size = 0;

    *used = 0;
    *status = 0;
    if (memcmp(data, begin, known) != 0) {
        refuse(status, err);
        return WEBSOCKET_REFUSED;
    }
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end && length >= WEBSOCKET_ANSWER_MAX) {
        err_set(err, ERR_LIMIT, "the answer's headers are longer than %u bytes", WEBSOCKET_ANSWER_MAX);
        return WEBSOCKET_REFUSED;
    }
    if (!end)
        return WEBSOCKET_WAITS;
    /* "HTTP/1.1 101 Switching Protocols" */
    if (end - data >= 12 && data[8] == ' ' && isdigit((unsigned char)data[9]) && isdigit((unsigned char)data[10]) && isdigit((unsigned char)data[11]))
        *status = (data[9] - '0') * 100 + (data[10] - '0') * 10 + data[11] - '0';
    const char *accept = find_header(data, end, "Sec-WebSocket-Accept", &size);
    if (*status != 101 || !accept || size != strlen(WEBSOCKET_ACCEPT) || memcmp(accept, WEBSOCKET_ACCEPT, size) != 0) {
        refuse(status, err);
        return WEBSOCKET_REFUSED;
    }
    *used = (size_t)(end - data) + 4;
    return WEBSOCKET_OPEN;
}

/* --- frames out */

void websocket_add(struct buf *out, enum websocket_code code, const void *data, size_t length, const unsigned char mask[4])
{
    const char *bytes = data;

    buf_add_char(out, (char)(0x80 | code)); /* final: we cut nothing into pieces */
    if (length <= WEBSOCKET_CONTROL_MAX)
        buf_add_char(out, (char)(0x80 | length));
    else if (length <= 0xffff) {
        buf_add_char(out, (char)(0x80 | 126));
        buf_add_char(out, (char)(length >> 8));
        buf_add_char(out, (char)length);
    } else {
        buf_add_char(out, (char)(0x80 | 127));
        for (int shift = 56; shift >= 0; shift -= 8)
            buf_add_char(out, (char)((uint64_t)length >> shift));
    }
    buf_add(out, mask, 4);
    for (size_t i = 0; i < length; i++)
        buf_add_char(out, (char)(bytes[i] ^ mask[i % 4]));
}

void websocket_add_end(struct buf *out, enum websocket_end code, const char *reason, const unsigned char mask[4])
{
    char body[WEBSOCKET_CONTROL_MAX];
    size_t length = strlen(reason);

    assert(length <= sizeof body - 2);
    body[0] = (char)(code >> 8);
    body[1] = (char)code;
    memcpy(body + 2, reason, length);
    websocket_add(out, WEBSOCKET_CLOSE, body, length + 2, mask);
}

/* --- frames in */

static size_t head_size(const struct websocket *websocket)
{
    if (websocket->head_length < 2)
        return 2;
    unsigned length = websocket->head[1] & 0x7f;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static bool wrong(struct err *err, const char *what)
{
    return err_set(err, ERR_NETWORK, "broke the rules of WebSockets (RFC 6455): %s", what);
}

static bool begin_frame(struct websocket *websocket, struct err *err)
{
    unsigned first = websocket->head[0], second = websocket->head[1], code = first & 0x0f;
    size_t size = head_size(websocket);
    bool is_control = code & 8, is_final = first & 0x80;

    if (first & 0x70)
        return wrong(err, "an extension that was not offered");
    if (second & 0x80)
        return wrong(err, "a server's frame is masked");
    if (code != WEBSOCKET_MORE && code != WEBSOCKET_TEXT && code != WEBSOCKET_BINARY && (code < WEBSOCKET_CLOSE || code > WEBSOCKET_PONG))
        return wrong(err, "a frame of an unknown kind");
    websocket->left = size == 2 ? second & 0x7f : 0;
    for (size_t i = 2; i < size; i++)
        websocket->left = websocket->left << 8 | websocket->head[i];
    if (websocket->left >> 63)
        return wrong(err, "a frame of more than 2^63 bytes");
    if (is_control && (!is_final || websocket->left > WEBSOCKET_CONTROL_MAX))
        return wrong(err, "a control frame in pieces, or longer than 125 bytes");
    if (!is_control && (code == WEBSOCKET_MORE) != websocket->in_message)
        return wrong(err, code == WEBSOCKET_MORE ? "a piece of a message that never began" : "a message within another");
    if (!is_control)
        websocket->in_message = !is_final;
    websocket->in_frame = true;
    websocket->control_length = 0;
    return true;
}

/* False: the one who takes wants no more. */
static bool end_frame(struct websocket *websocket, websocket_take take, void *context)
{
    enum websocket_code code = websocket->head[0] & 0x0f;

    websocket->in_frame = false;
    websocket->head_length = 0;
    if (code >= WEBSOCKET_CLOSE) {
        websocket->control[websocket->control_length] = '\0';
        return take(context, code, (const char *)websocket->control, websocket->control_length);
    }
    return websocket->in_message || take(context, code == WEBSOCKET_BINARY ? WEBSOCKET_BINARY : WEBSOCKET_TEXT, "", 0);
}

bool websocket_hear(struct websocket *websocket, const char *data, size_t length, websocket_take take, void *context, struct err *err)
{
    for (size_t at = 0; at < length;) {
        if (!websocket->in_frame) {
            websocket->head[websocket->head_length++] = (unsigned char)data[at++];
            if (websocket->head_length < head_size(websocket))
                continue;
            if (!begin_frame(websocket, err))
                return false;
        } else {
            size_t piece = websocket->left < length - at ? (size_t)websocket->left : length - at;
            if (websocket->head[0] & 8) { /* at most WEBSOCKET_CONTROL_MAX: begin_frame looked */
                memcpy(websocket->control + websocket->control_length, data + at, piece);
                websocket->control_length += piece;
            }
            websocket->left -= piece;
            at += piece;
        }
        if (!websocket->left && !end_frame(websocket, take, context))
            return true;
    }
    return true;
}

int websocket_end_code(const char *body, size_t length, const char **reason)
{
    *reason = length > 2 ? body + 2 : "";
    return length < 2 ? NO_CODE : (unsigned char)body[0] << 8 | (unsigned char)body[1];
}

const char *websocket_end_words(int code)
{
    static const struct {
        int code;
        const char *words;
    } known[] = {
        {1000, "normal end"},        {1001, "going away"},      {1002, "protocol error"},     {1003, "unwanted kind of data"},
        {NO_CODE, "no code"},        {1007, "invalid text"},    {1008, "against its policy"}, {1009, "message too big"},
        {1010, "missing extension"}, {1011, "internal error"},  {1012, "restarts"},           {1013, "try again later"},
        {1014, "bad gateway"},
    };

    for (size_t i = 0; i < LENGTH(known); i++)
        if (known[i].code == code)
            return known[i].words;
    return "";
}
