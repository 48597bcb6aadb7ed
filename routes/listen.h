/* The listening socket: TCP over IPv4 or IPv6, a Unix socket, or one handed to us. */
#ifndef ROUTES_LISTEN_H
#define ROUTES_LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTEN_BACKLOG 1024      /* alert storms come as many connections at once; the kernel keeps them over a restart */
#define LISTEN_ADDRESS_MAX 160

/* "127.0.0.1:8686", "[::1]:0", ":8686", "localhost:8686", "unix:/path". -1: err says why. Non-blocking. */
int listen_open(const char *address, struct err *err);
/* What it became: "http://127.0.0.1:8686", "https://[::1]:8686", "unix:/path". */
void listen_describe(int fd, bool tls, char out[LISTEN_ADDRESS_MAX]);
/* The address of a socket handed to us, as listen_open takes one: who may come in is judged by it. fd -1: none, "". False: it does
 * not listen. */
bool listen_handed(int fd, char out[LISTEN_ADDRESS_MAX], struct err *err);
/* Makes a socket handed to us fit: it must listen, and not block. */
bool listen_adopt(int fd, struct err *err);

#endif
