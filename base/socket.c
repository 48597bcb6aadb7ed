#include "base/socket.h"

#include "base/http_sockets.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16384 /* bytes of one read: a record of TLS */

struct socket {
    struct sockets *sockets; /* NULL: they ended before */
    CURL *easy;
    curl_socket_t fd;
    socket_ready ready;
    void *context;
    bool is_ready, wants_write;
    bool has_turn; /* in the sockets_run under way */
    struct socket *next;
};

struct socket *sockets_add(struct sockets *sockets, CURL *easy)
{
    struct socket *socket = memory_zeroed(1, sizeof *socket);

    socket->sockets = sockets;
    socket->easy = easy;
    socket->fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket->fd);
    socket->next = sockets->first;
    sockets->first = socket;
    sockets->count++;
    assert(sockets->count <= SOCKETS_MAX);
    return socket;
}

static void let_go(struct socket *socket)
{
    curl_multi_remove_handle(socket->sockets->multi, socket->easy); /* closes the connection: nobody else may use it */
    curl_easy_cleanup(socket->easy);
    socket->easy = NULL;
    socket->sockets = NULL;
}

void socket_close(struct socket *socket)
{
    if (!socket)
        return;
    if (socket->sockets) {
        struct socket **at = &socket->sockets->first;
        while (*at != socket)
            at = &(*at)->next;
        *at = socket->next;
        socket->sockets->count--;
        let_go(socket);
    }
    free(socket);
}

void sockets_end(struct sockets *sockets)
{
    for (struct socket *socket = sockets->first, *next; socket; socket = next) {
        next = socket->next;
        let_go(socket);
    }
    sockets->first = NULL;
    sockets->count = 0;
}

void socket_watch(struct socket *socket, socket_ready ready, void *context)
{
    socket->ready = ready;
    socket->context = context;
    socket->is_ready = true; /* what came with the handshake is in no descriptor any more */
    if (socket->sockets)
        socket->sockets->more = true;
}

static bool over(CURLcode code, struct err *err)
{
    return err_set(err, ERR_NETWORK, "%s", code == CURLE_OK ? "the connection was closed without a word" : curl_easy_strerror(code));
}

bool socket_read(struct socket *socket, struct buf *in, struct err *err)
{
    char piece[PIECE];

    if (!socket->sockets)
        return over(CURLE_OK, err);
    for (size_t taken = 0, length; taken < SOCKET_READ_MAX && in->length < in->limit; taken += length) {
        size_t room = in->limit - in->length;
        CURLcode code = curl_easy_recv(socket->easy, piece, room < sizeof piece ? room : sizeof piece, &length);
        if (code == CURLE_AGAIN)
            return true;
        if (code != CURLE_OK || !length)
            return over(code, err);
        buf_add(in, piece, length);
    }
    socket->is_ready = socket->sockets->more = true;
    return true;
}

bool socket_write(struct socket *socket, struct buf *out, struct err *err)
{
    size_t sent = 0, length;
    CURLcode code = CURLE_OK;

    if (!socket->sockets)
        return over(CURLE_OK, err);
    while (sent < out->length && (code = curl_easy_send(socket->easy, out->data + sent, out->length - sent, &length)) == CURLE_OK)
        sent += length;
    if (sent) {
        memmove(out->data, out->data + sent, out->length - sent);
        buf_cut(out, out->length - sent);
    }
    socket->wants_write = out->length > 0;
    return code == CURLE_OK || code == CURLE_AGAIN || over(code, err);
}

size_t sockets_wait_for(struct sockets *sockets, struct curl_waitfd *fds)
{
    size_t count = 0;

    for (struct socket *socket = sockets->first; socket; socket = socket->next) {
        short events = (short)(CURL_WAIT_POLLIN | (socket->wants_write ? CURL_WAIT_POLLOUT : 0));
        fds[count++] = (struct curl_waitfd){.fd = socket->fd, .events = events};
    }
    return count;
}

void sockets_note(struct sockets *sockets, const struct curl_waitfd *fds, size_t count)
{
    size_t i = 0;

    for (struct socket *socket = sockets->first; socket && i < count; socket = socket->next, i++)
        if (fds[i].revents)
            socket->is_ready = true;
}

/* One may close itself or another, or open new ones: the list is begun anew after each. What becomes ready meanwhile waits for
 * the next turn, so that one who never stops talking holds up nobody. */
void sockets_run(struct sockets *sockets)
{
    bool found = true;

    sockets->more = false;
    for (struct socket *socket = sockets->first; socket; socket = socket->next) {
        socket->has_turn = socket->is_ready && socket->ready;
        socket->is_ready = socket->is_ready && !socket->ready;
    }
    while (found) {
        found = false;
        for (struct socket *socket = sockets->first; socket && !found; socket = socket->next)
            if (socket->has_turn) {
                socket->has_turn = false;
                found = true;
                socket->ready(socket->context);
            }
    }
}
