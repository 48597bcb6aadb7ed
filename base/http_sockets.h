/* The sockets of one http: for base/http.c and base/socket.c. */
#ifndef BASE_HTTP_SOCKETS_H
#define BASE_HTTP_SOCKETS_H

#include "base/socket.h"

#include <curl/curl.h>

struct sockets {
    CURLM *multi; /* borrowed */
    struct socket *first;
    size_t count;
    bool more; /* one has something to read that no descriptor would tell of */
};

/* Takes an easy handle that stands connected, and leaves it in the multi. */
struct socket *sockets_add(struct sockets *sockets, CURL *easy);
size_t sockets_wait_for(struct sockets *sockets, struct curl_waitfd *fds); /* at most SOCKETS_MAX */
void sockets_note(struct sockets *sockets, const struct curl_waitfd *fds, size_t count); /* what the wait found */
void sockets_run(struct sockets *sockets);
void sockets_end(struct sockets *sockets); /* closes all; their owners still have to say socket_close */

#endif
