/* A receiver: answers 200 to everything and notes when each alert (label seq="N") arrived first.
 *
 *   sink --times FILE [--size N]      prints "PORT" and serves until it is ended
 *
 * FILE is an array of N int64: CLOCK_MONOTONIC ns of the first arrival; behind it two more: messages, alerts. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct conn {
    int fd;
    char *in;
    size_t length, capacity;
};

static int64_t *arrived;
static long size = 1000000;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void note(const char *body, size_t length, int64_t at)
{
    const char *end = body + length;
    for (const char *p = body; (p = memmem(p, (size_t)(end - p), "\"seq\"", 5));) {
        p += 5;
        while (p < end && (*p == ':' || *p == ' ' || *p == '"'))
            p++;
        long seq = 0;
        bool any = false;
        while (p < end && *p >= '0' && *p <= '9') {
            seq = seq * 10 + (*p++ - '0');
            any = true;
        }
        if (any && seq < size && !arrived[seq]) {
            arrived[seq] = at;
            arrived[size + 1]++;
        }
    }
    arrived[size]++;
}

static void answer(struct conn *conn)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    if (send(conn->fd, ok, sizeof ok - 1, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        fprintf(stderr, "sink: send: %s\n", strerror(errno));
}

/* Length of the first whole request in the buffer, 0 if it is not all here. Content-Length only: what both senders use. */
static size_t whole(struct conn *conn, size_t *head)
{
    conn->in[conn->length] = 0;
    char *end = strstr(conn->in, "\r\n\r\n");
    if (!end)
        return 0;
    *head = (size_t)(end + 4 - conn->in);
    char kept = end[2];
    end[2] = 0;
    char *field = strcasestr(conn->in, "\ncontent-length:");
    size_t body = field ? strtoul(field + 16, NULL, 10) : 0;
    end[2] = kept;
    return conn->length >= *head + body ? *head + body : 0;
}

/* False: the peer is gone. */
static bool serve(struct conn *conn)
{
    for (;;) {
        if (conn->capacity - conn->length < 65537) {
            conn->capacity = conn->capacity * 2 + 131072;
            conn->in = realloc(conn->in, conn->capacity);
        }
        ssize_t n = recv(conn->fd, conn->in + conn->length, 65536, 0);
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return false;
        conn->length += (size_t)n;
        size_t head, request;
        while ((request = whole(conn, &head))) {
            note(conn->in + head, request - head, now_ns());
            answer(conn);
            memmove(conn->in, conn->in + request, conn->length - request);
            conn->length -= request;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"times", 1, 0, 't'}, {"size", 1, 0, 'z'}, {0}};
    const char *times = NULL;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
        if (c == 't')
            times = optarg;
        else if (c == 'z')
            size = strtol(optarg, NULL, 10);
        else
            return 2;
    int file = times ? open(times, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, (off_t)(size + 2) * 8))
        die("--times");
    arrived = mmap(NULL, (size_t)(size + 2) * 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (arrived == MAP_FAILED)
        die("mmap");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_size = sizeof at;
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096) || getsockname(listener, (struct sockaddr *)&at, &at_size))
        die("listen");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[512];
        int count = epoll_wait(epoll_fd, events, 512, -1);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (!conn) {
                for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                    conn = calloc(1, sizeof *conn);
                    conn->fd = fd;
                    event = (struct epoll_event){.events = EPOLLIN, .data.ptr = conn};
                    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
                }
            } else if (!serve(conn)) {
                close(conn->fd);
                free(conn->in);
                free(conn);
            }
        }
    }
}
