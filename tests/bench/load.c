/* A load generator: keep-alive connections on one epoll, closed loop or open loop, one JSON line at the end.
 *
 *   load --to PORT --shape grafana|v2 [--path P] [--conns N] [--alerts M] [--requests N | --seconds S] [--rate R]
 *        [--groups one|each] [--first SEQ] [--sent FILE] [--size N]
 *
 * Alert number SEQ carries the label seq="SEQ"; FILE (int64 a number, CLOCK_MONOTONIC ns) gets the moment it was due, so
 * that the sink's arrivals can be matched. In the open loop latency counts from when a request was due, not from when a
 * connection was free. */
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

#define CONNS_MAX 4096
#define REQUESTS_MAX 4000000
#define REPLY_MAX 65536

struct conn {
    int fd;
    bool busy, wants_write;
    int64_t due_ns;
    char *out;
    size_t out_length, out_done, in_length;
    char in[REPLY_MAX];
};

static struct {
    int port, conns, alerts, size;
    const char *shape, *path, *groups, *sent;
    long requests;
    double seconds, rate;
    int64_t first;
} options = {.conns = 1, .alerts = 1, .shape = "grafana", .groups = "one", .size = 1000000};

static struct conn *conns;
static int epoll_fd;
static int64_t *sent_at;
static int64_t next_seq;
static uint32_t *latencies_us;
static long answered, started, errors, refused;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* About 490 bytes: ten labels, two annotations. */
static int write_alert(char *out, size_t size, int64_t seq)
{
    bool each = strcmp(options.groups, "each") == 0, grafana = strcmp(options.shape, "grafana") == 0;
    char name[64];
    snprintf(name, sizeof name, each ? "Bench%lld" : "Bench", (long long)seq);
    int length = snprintf(out, size,
                          "{\"labels\":{\"alertname\":\"%s\",\"seq\":\"%lld\",\"instance\":\"host-%lld.example.org:9100\",\"job\":\"node\","
                          "\"severity\":\"warning\",\"team\":\"platform\",\"env\":\"prod\",\"region\":\"fra1\",\"cluster\":\"c1\","
                          "\"service\":\"checkout\"},\"annotations\":{\"summary\":\"Disk of host-%lld is nearly full\",\"description\":"
                          "\"The file system has less than five percent left.\"},\"generatorURL\":\"https://g.example.org/x\","
                          "\"startsAt\":\"2026-03-14T09:20:53.5Z\",",
                          name, (long long)seq, (long long)seq, (long long)seq);
    if (grafana)
        length += snprintf(out + length, size - (size_t)length,
                           "\"endsAt\":\"0001-01-01T00:00:00Z\",\"status\":\"firing\",\"fingerprint\":\"%016llx\"}",
                           0x1000000000000000ULL + (unsigned long long)seq);
    else
        length += snprintf(out + length, size - (size_t)length, "\"endsAt\":\"2036-01-01T00:00:00Z\"}");
    return length;
}

static void write_request(struct conn *conn, int64_t due_ns)
{
    static char *body;
    static size_t body_size;
    if (!body) {
        body_size = 4096 + (size_t)options.alerts * 900;
        body = malloc(body_size);
    }
    bool grafana = strcmp(options.shape, "grafana") == 0;
    size_t length = (size_t)snprintf(body, body_size, grafana ? "{\"receiver\":\"bench\",\"status\":\"firing\",\"alerts\":[" : "[");
    for (int i = 0; i < options.alerts; i++) {
        if (i)
            body[length++] = ',';
        if (sent_at && next_seq < options.size)
            sent_at[next_seq] = due_ns;
        length += (size_t)write_alert(body + length, body_size - length, next_seq++);
    }
    length += (size_t)snprintf(body + length, body_size - length,
                               grafana ? "],\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},\"externalURL\":\"https://g.example.org/\","
                                         "\"version\":\"1\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0,\"orgId\":1,\"title\":\"t\",\"state\":\"alerting\","
                                         "\"message\":\"\"}"
                                       : "]");
    conn->out_length = (size_t)snprintf(conn->out, 512,
                                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                                        options.path, options.port, length);
    memcpy(conn->out + conn->out_length, body, length);
    conn->out_length += length;
    conn->out_done = conn->in_length = 0;
    conn->busy = true;
    conn->due_ns = due_ns;
    started++;
}

static void watch(struct conn *conn, bool write, int op)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0u), .data.ptr = conn};
    if (epoll_ctl(epoll_fd, op, conn->fd, &event))
        die("epoll_ctl");
    conn->wants_write = write;
}

static void open_conn(struct conn *conn)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&to, sizeof to))
        die("connect");
    int yes = 1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
    watch(conn, false, EPOLL_CTL_ADD);
}

static void push(struct conn *conn)
{
    while (conn->out_done < conn->out_length) {
        ssize_t n = send(conn->fd, conn->out + conn->out_done, conn->out_length - conn->out_done, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (!conn->wants_write)
                watch(conn, true, EPOLL_CTL_MOD);
            return;
        }
        if (n < 0)
            die("send");
        conn->out_done += (size_t)n;
    }
    if (conn->wants_write)
        watch(conn, false, EPOLL_CTL_MOD);
}

/* True once the whole answer is here. */
static bool pull(struct conn *conn)
{
    for (;;) {
        ssize_t n = recv(conn->fd, conn->in + conn->in_length, REPLY_MAX - 1 - conn->in_length, 0);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            errors++;
            close(conn->fd);
            conn->busy = false;
            open_conn(conn);
            return false;
        }
        conn->in_length += (size_t)n;
        conn->in[conn->in_length] = 0;
        char *end = strstr(conn->in, "\r\n\r\n");
        if (!end)
            continue;
        char *field = strcasestr(conn->in, "\r\ncontent-length:");
        size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
        if (conn->in_length >= (size_t)(end + 4 - conn->in) + body)
            return true;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double percentile(double share)
{
    if (!answered)
        return 0;
    long index = (long)(share * (double)answered);
    return latencies_us[index < answered ? index : answered - 1] / 1000.0;
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"to", 1, 0, 't'}, {"shape", 1, 0, 's'}, {"path", 1, 0, 'p'}, {"conns", 1, 0, 'c'}, {"alerts", 1, 0, 'a'}, {"requests", 1, 0, 'n'},
        {"seconds", 1, 0, 'S'}, {"rate", 1, 0, 'r'}, {"groups", 1, 0, 'g'}, {"first", 1, 0, 'f'}, {"sent", 1, 0, 'o'}, {"size", 1, 0, 'z'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
        switch (c) {
        case 't': options.port = (int)strtol(optarg, NULL, 10); break;
        case 's': options.shape = optarg; break;
        case 'p': options.path = optarg; break;
        case 'c': options.conns = (int)strtol(optarg, NULL, 10); break;
        case 'a': options.alerts = (int)strtol(optarg, NULL, 10); break;
        case 'n': options.requests = strtol(optarg, NULL, 10); break;
        case 'S': options.seconds = strtod(optarg, NULL); break;
        case 'r': options.rate = strtod(optarg, NULL); break;
        case 'g': options.groups = optarg; break;
        case 'f': options.first = strtoll(optarg, NULL, 10); break;
        case 'o': options.sent = optarg; break;
        case 'z': options.size = (int)strtol(optarg, NULL, 10); break;
        default: exit(2);
        }
    if (!options.path)
        options.path = strcmp(options.shape, "v2") == 0 ? "/api/v2/alerts" : "/api/v1/webhook/grafana";
    if (options.port <= 0 || options.conns < 1 || options.conns > CONNS_MAX || (options.requests <= 0 && options.seconds <= 0)) {
        fprintf(stderr, "load: wants --to PORT and --requests or --seconds\n");
        exit(2);
    }
}

static void prepare(void)
{
    next_seq = options.first;
    latencies_us = calloc(REQUESTS_MAX, sizeof *latencies_us);
    conns = calloc((size_t)options.conns, sizeof *conns);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (options.sent) {
        int fd = open(options.sent, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || ftruncate(fd, (off_t)options.size * 8))
            die(options.sent);
        sent_at = mmap(NULL, (size_t)options.size * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (sent_at == MAP_FAILED)
            die("mmap");
    }
    for (int i = 0; i < options.conns; i++) {
        conns[i].out = malloc(8192 + (size_t)options.alerts * 900);
        open_conn(&conns[i]);
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    prepare();
    int64_t begin = now_ns(), end = options.seconds > 0 ? begin + (int64_t)(options.seconds * 1e9) : INT64_MAX;
    long most = options.requests > 0 ? options.requests : REQUESTS_MAX;
    int64_t last = begin;
    for (;;) {
        int64_t now = now_ns();
        int64_t due = now;
        bool open_loop = options.rate > 0, over = started >= most || now >= end;
        for (int i = 0; i < options.conns && !over; i++) {
            if (conns[i].busy)
                continue;
            if (open_loop) {
                due = begin + (int64_t)((double)started * 1e9 / options.rate);
                if (due > now)
                    break;
            }
            write_request(&conns[i], open_loop ? due : now_ns());
            push(&conns[i]);
            over = started >= most;
        }
        if (over && answered + errors >= started)
            break;
        if (now > last + 60000000000LL)
            break; /* it does not answer any more */
        struct epoll_event events[256];
        int wait_ms = 100;
        if (open_loop && !over) {
            int64_t next = begin + (int64_t)((double)started * 1e9 / options.rate);
            wait_ms = next <= now ? 0 : (int)((next - now) / 1000000);
        }
        int count = epoll_wait(epoll_fd, events, 256, wait_ms);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                push(conn);
            if ((events[i].events & ~(uint32_t)EPOLLOUT) && pull(conn) && conn->busy) {
                last = now_ns();
                conn->busy = false;
                if (memcmp(conn->in, "HTTP/1.1 2", 10) != 0) {
                    refused++;
                    if (refused == 1)
                        fprintf(stderr, "load: refused: %.200s\n", conn->in);
                }
                if (answered < REQUESTS_MAX)
                    latencies_us[answered++] = (uint32_t)((last - conn->due_ns) / 1000);
            }
        }
    }
    double seconds = (double)(last - begin) / 1e9;
    qsort(latencies_us, (size_t)answered, sizeof *latencies_us, compare);
    printf("{\"requests\":%ld,\"alerts\":%ld,\"errors\":%ld,\"refused\":%ld,\"seconds\":%.3f,\"alerts_per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"p999_ms\":%.3f,\"max_ms\":%.3f,\"next_seq\":%lld}\n",
           answered, (answered - refused) * options.alerts, errors, refused, seconds,
           seconds > 0 ? (double)(answered - refused) * options.alerts / seconds : 0, percentile(0.5), percentile(0.99), percentile(0.999),
           percentile(1.0), (long long)next_seq);
    return 0;
}
