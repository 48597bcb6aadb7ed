#include "routes/listen.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

/* A socket file nobody answers at is what a killed daemon left behind. */
static bool remove_stale(const struct sockaddr_un *address, const char *path, struct err *err)
{
    struct stat stat_;

    if (lstat(path, &stat_) != 0)
        return true;
    if (!S_ISSOCK(stat_.st_mode))
        return err_set(err, ERR_CONFLICT, "listen unix:%s: something else than a socket is there", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    if (alive)
        return err_set(err, ERR_CONFLICT, "listen unix:%s: somebody is listening there already", path);
    if (unlink(path) != 0)
        return err_set(err, ERR_SYSTEM, "listen unix:%s: %s", path, strerror(errno));
    return true;
}

static int open_local(const char *path, struct err *err)
{
    union address address = {.local = {.sun_family = AF_UNIX}};
    size_t length = strlen(path);

    if (!length || length >= sizeof address.local.sun_path) {
        err_set(err, ERR_INPUT, "listen unix:%s: the path must have 1 to %zu bytes", path, sizeof address.local.sun_path - 1);
        return -1;
    }
    memcpy(address.local.sun_path, path, length);
    if (!remove_stale(&address.local, path, err))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, &address.any, sizeof address.local) == 0 && chmod(path, 0660) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    err_set(err, ERR_SYSTEM, "listen unix:%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_found(const struct addrinfo *info, const char *text, struct err *err)
{
    int on = 1, off = 0;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (info->ai_family == AF_INET6) /* "[::]:8686" hears IPv4 as well */
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
            return fd;
    }
    err_set(err, errno == EADDRINUSE ? ERR_CONFLICT : ERR_SYSTEM, "listen %s: %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_network(const char *text, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    const char *colon = strrchr(text, ':');
    char host[256];
    int64_t port = -1;
    struct err ignored;

    size_t length = colon ? (size_t)(colon - text) : 0;
    if (!colon || length >= sizeof host || !text_to_int(colon + 1, &port, &ignored) || port < 0 || port > 65535) {
        err_set(err, ERR_INPUT, "listen %s: expected ADDRESS:PORT, [IPV6]:PORT or unix:/path", text);
        return -1;
    }
    const char *from = text;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        from++;
        length -= 2;
    }
    memcpy(host, from, length);
    host[length] = '\0';
    int code = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
    if (code != 0) {
        err_set(err, ERR_INPUT, "listen %s: %s", text, gai_strerror(code));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
        fd = open_found(info, text, err);
    freeaddrinfo(found);
    return fd;
}

int listen_open(const char *address, struct err *err)
{
    return text_starts(address, "unix:") ? open_local(address + 5, err) : open_network(address, err);
}

bool listen_adopt(int fd, struct err *err)
{
    int listens = 0;
    socklen_t size = sizeof listens;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
        return err_set(err, ERR_SYSTEM, "the socket handed over (descriptor %d) does not listen", fd);
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_set(err, ERR_SYSTEM, "the socket handed over (descriptor %d): %s", fd, strerror(errno));
    return true;
}

void listen_describe(int fd, bool tls, char out[LISTEN_ADDRESS_MAX])
{
    union address address;
    socklen_t size = sizeof address;
    const char *scheme = tls ? "https" : "http";
    char host[INET6_ADDRSTRLEN] = "";

    memset(&address, 0, sizeof address);
    getsockname(fd, &address.any, &size);
    if (address.any.sa_family == AF_UNIX)
        snprintf(out, LISTEN_ADDRESS_MAX, "unix:%.*s", (int)sizeof address.local.sun_path, address.local.sun_path);
    else if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDRESS_MAX, "%s://[%s]:%d", scheme, host, ntohs(address.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        snprintf(out, LISTEN_ADDRESS_MAX, "%s://%s:%d", scheme, host, ntohs(address.v4.sin_port));
    }
}

bool listen_handed(int fd, char out[LISTEN_ADDRESS_MAX], struct err *err)
{
    char url[LISTEN_ADDRESS_MAX];

    out[0] = '\0';
    if (fd < 0)
        return true;
    if (!listen_adopt(fd, err))
        return false;
    listen_describe(fd, false, url);
    if (text_starts(url, "unix:")) /* one in the abstract namespace has no name that could be shown */
        snprintf(out, LISTEN_ADDRESS_MAX, "%s%s", url, url[strlen("unix:")] ? "" : "@");
    else
        snprintf(out, LISTEN_ADDRESS_MAX, "%s", url + strlen("http://"));
    return true;
}
