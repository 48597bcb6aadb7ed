/* A small HTTP server for one test, a thread a connection. The path of a request says how it is treated. */
#ifndef TESTS_UNIT_BASE_HTTP_SERVER_H
#define TESTS_UNIT_BASE_HTTP_SERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct http_server {
    int fd, port;
    atomic_int connections, requests;
};

static inline void server_pause(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

static inline void server_say(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t put = send(fd, text, length, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        text += put;
        length -= (size_t)put;
    }
}

static inline void server_answer(int fd, const char *status, const char *headers, const char *body)
{
    char text[8192];
    int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body), body);
    server_say(fd, text, (size_t)length);
}

/* Reads one request into text; its whole length, or 0 at the end. */
static inline size_t server_read(int fd, char *text, size_t size)
{
    size_t length = 0, want = 0;

    while (!want || length < want) {
        ssize_t got = recv(fd, text + length, size - 1 - length, 0);
        if (got <= 0)
            return 0;
        length += (size_t)got;
        text[length] = '\0';
        char *end = strstr(text, "\r\n\r\n"), *said = strcasestr(text, "\r\nContent-Length:");
        if (end)
            want = (size_t)(end + 4 - text) + (said && said < end ? (size_t)strtol(said + 17, NULL, 10) : 0);
    }
    return length;
}

/* False: the connection ends. */
static inline bool server_treat(int fd, const char *request)
{
    char path[256] = "", body[4096];

    sscanf(request, "%*15s %255s", path);
    if (strncmp(request, "CONNECT ", 8) == 0) {
        server_answer(fd, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"secret\"\r\n", "who are you?");
        return false;
    }
    if (strcmp(path, "/big") == 0) {
        memset(body, 'x', sizeof body);
        dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", 50 * sizeof body);
        for (int i = 0; i < 50; i++)
            server_say(fd, body, sizeof body);
    } else if (strcmp(path, "/slow") == 0) {
        server_pause(1000);
        server_answer(fd, "200 OK", "", "late");
    } else if (strcmp(path, "/redirect") == 0)
        server_answer(fd, "302 Found", "Location: /ok\r\n", "");
    else if (strcmp(path, "/busy") == 0)
        server_answer(fd, "429 Too Many Requests", "RETRY-After:  1.5 \r\nX-Twice: a\r\nX-Twice: b\r\nX-Empty:\r\n", "{\"ok\":false}");
    else if (strcmp(path, "/continue") == 0) {
        server_say(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n", 40);
        server_answer(fd, "200 OK", "X-Late: 2\r\n", "");
    } else if (strcmp(path, "/upgrade") == 0) {
        dprintf(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"); /* and then waits */
    } else if (strcmp(path, "/half") == 0) {
        server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", 50);
        return false;
    } else if (strcmp(path, "/refused") == 0) {
        server_say(fd, "HTTP/1.1 403 Forbidden\r\nRetry-After: 9\r\nContent-Length: 100\r\n\r\n{\"half\":", 71);
        return false;
    } else if (strcmp(path, "/nul") == 0) {
        server_say(fd, "HTTP/1.1 200 OK\r\nX-\0Nul: a\r\nContent-Length: 0\r\n\r\n", 49);
    } else if (strcmp(path, "/silent") == 0)
        return false;
    else if (strcmp(path, "/reset") == 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        return false;
    } else if (strcmp(path, "/ok") == 0)
        server_answer(fd, "200 OK", "", "fine");
    else {
        snprintf(body, sizeof body, "%.*s", (int)sizeof body - 1, request);
        server_answer(fd, "200 OK", "", body);
    }
    return true;
}

struct server_connection {
    struct http_server *server;
    int fd;
};

static inline void *server_connection(void *context)
{
    struct server_connection connection = *(struct server_connection *)context;
    char *request = malloc(1u << 20);

    free(context);
    while (request && server_read(connection.fd, request, 1u << 20)) {
        atomic_fetch_add(&connection.server->requests, 1);
        if (!server_treat(connection.fd, request))
            break;
    }
    close(connection.fd);
    free(request);
    return NULL;
}

static inline void *server_accept(void *context)
{
    struct http_server *server = context;

    for (;;) {
        struct server_connection *connection = malloc(sizeof *connection);
        pthread_t thread;
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0 || !connection)
            abort();
        atomic_fetch_add(&server->connections, 1);
        *connection = (struct server_connection){server, fd};
        if (pthread_create(&thread, NULL, server_connection, connection) != 0)
            abort();
        pthread_detach(thread);
    }
}

static inline void server_serve(struct http_server *server)
{
    pthread_t thread;
    if (listen(server->fd, 1024) != 0 || pthread_create(&thread, NULL, server_accept, server) != 0)
        abort();
    pthread_detach(thread);
}

/* Serves until the process ends. */
static inline void server_start(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->fd, (struct sockaddr *)&address, size) != 0 || getsockname(server->fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    server_serve(server);
}

static inline void server_start_unix(struct http_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    server->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(server->fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    server_serve(server);
}

#endif
