/* A connection that stays: libcurl made it (name, TCP, TLS, believed like any other; http_start with connect_only), then bytes go
 * both ways. Never blocks. */
#ifndef BASE_SOCKET_H
#define BASE_SOCKET_H

#include "base/buf.h"
#include "base/err.h"

#define SOCKETS_MAX 256                /* of one http */
#define SOCKET_READ_MAX (256u * 1024)  /* bytes read between two turns; the rest in the next */

struct socket;

typedef void (*socket_ready)(void *context);
/* From now on: called from http_run where there is something to read, or room for what waited in socket_write. */
void socket_watch(struct socket *socket, socket_ready ready, void *context);
/* Adds what has come, at most SOCKET_READ_MAX bytes or what `in` has room for. False: the connection is over, err says how. */
bool socket_read(struct socket *socket, struct buf *in, struct err *err);
/* Sends what goes, and takes it off the front of `out`. False: the connection is over. */
bool socket_write(struct socket *socket, struct buf *out, struct err *err);
void socket_close(struct socket *socket); /* fine from within ready, and after http_free */

#endif
