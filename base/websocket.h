/* WebSocket of a client, RFC 6455: the request to upgrade, the answer to it, and frames, as bytes. Pure: whoever calls carries
 * them. What messages say is passed over unread, only their ends are told, so that nothing of them is kept. No extension is
 * offered, so none may be used. */
#ifndef BASE_WEBSOCKET_H
#define BASE_WEBSOCKET_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define WEBSOCKET_CONTROL_MAX 125           /* bytes of a control frame, section 5.5 */
#define WEBSOCKET_ANSWER_MAX (16u * 1024)   /* bytes of the answer to the upgrade */
#define WEBSOCKET_KEY "dGhlIHNhbXBsZSBub25jZQ==" /* section 1.3; any 16 bytes do: they prove that a WebSocket answers, not who */
#define WEBSOCKET_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* what only a WebSocket answers to it */

enum websocket_code { WEBSOCKET_MORE = 0, WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2, WEBSOCKET_CLOSE = 8, WEBSOCKET_PING = 9, WEBSOCKET_PONG = 10 };
enum websocket_end { WEBSOCKET_NORMAL = 1000, WEBSOCKET_LEAVES = 1001, WEBSOCKET_WRONG = 1002 }; /* section 7.4.1, those we say */

/* --- the upgrade */

/* url: http:// or https://, without a user. Adds the request's bytes. */
bool websocket_ask(struct buf *out, const char *url, struct err *err);

enum websocket_answer { WEBSOCKET_WAITS, WEBSOCKET_OPEN, WEBSOCKET_REFUSED };
/* What the bytes so far are. Open: frames begin at *used. Refused: status is that of the answer, 0 where it is no HTTP. */
enum websocket_answer websocket_answer(const char *data, size_t length, size_t *used, int *status, struct err *err);

/* --- frames */

/* A frame masked with four bytes that nobody else can know beforehand, section 5.3. */
void websocket_add(struct buf *out, enum websocket_code code, const void *data, size_t length, const unsigned char mask[4]);
/* Adds the body of a close frame: its code and up to 123 bytes of reason. */
void websocket_add_end(struct buf *out, enum websocket_end code, const char *reason, const unsigned char mask[4]);

struct websocket { /* zeroed to begin with */
    unsigned char head[10];  /* of the frame that comes */
    size_t head_length;
    bool in_frame;           /* its head is whole */
    bool in_message;         /* frames of one message come still */
    uint64_t left;           /* bytes of the frame */
    unsigned char control[WEBSOCKET_CONTROL_MAX + 1];
    size_t control_length;
};

/* A control frame with its body (closed by a NUL that does not count), or the end of a message (code TEXT or BINARY, no body).
 * False ends the reading of what came. */
typedef bool (*websocket_take)(void *context, enum websocket_code code, const char *body, size_t length);
/* Bytes as they come, cut anywhere. False: what RFC 6455 forbids; nothing more can be made of this connection. */
bool websocket_hear(struct websocket *websocket, const char *data, size_t length, websocket_take take, void *context, struct err *err);

/* The code in a close frame's body, 1005 (none) where there is none; *reason is behind it. Section 7.1.5. */
int websocket_end_code(const char *body, size_t length, const char **reason);
const char *websocket_end_words(int code); /* "going away", "" for one that is not in section 7.4.1 or the registry */

#endif
