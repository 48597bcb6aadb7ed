/* Passwords take a fifth of a second each: checked on the other thread while everybody else is served. */
#include "base/password.h"
#include "tests/unit/routes/serving.h"

#define ANNA "Authorization: Basic YW5uYTpjb3JyZWN0IGhvcnNl\r\n"  /* anna:correct horse */
#define WRONG "Authorization: Basic YW5uYTp3cm9uZyBob3JzZQ==\r\n" /* anna:wrong horse */
#define NOBODY "Authorization: Basic Ym9iOmNvcnJlY3QgaG9yc2U=\r\n" /* bob:correct horse */

static const struct {
    const char *name, *request;
    int status;
} rows[] = {
    {"nothing", "GET /item/a HTTP/1.1\r\n" H END, 401},
    {"the password", "GET /item/a HTTP/1.1\r\n" H ANNA END, 200},
    {"again, remembered", "GET /item/a HTTP/1.1\r\n" H ANNA END, 200},
    {"another", "GET /item/a HTTP/1.1\r\n" H WRONG END, 401},
    {"of another", "GET /item/a HTTP/1.1\r\n" H NOBODY END, 401},
    {"with a body", "POST /echo HTTP/1.1\r\n" H WRONG "Content-Length: 5\r\n" END "hello", 401},
    {"open to all, whoever", "GET /hello HTTP/1.1\r\n" H WRONG END, 200},
    {"a page from elsewhere uses the browser's password", "POST /echo HTTP/1.1\r\n" H ANNA "Origin: https://evil.example\r\nContent-Length: 0\r\n" END, 403},
    {"our own page", "POST /echo HTTP/1.1\r\n" H ANNA "Origin: http://localhost\r\nContent-Length: 0\r\n" END, 200},
    {"our own page by another name", "POST /echo HTTP/1.1\r\nHost: alerts.lan:8686\r\n" ANNA "Origin: http://alerts.lan:8686\r\nContent-Length: 0\r\n" END, 200},
    {"another port of that name", "POST /echo HTTP/1.1\r\nHost: alerts.lan:8686\r\n" ANNA "Origin: http://alerts.lan:80\r\nContent-Length: 0\r\n" END, 403},
    {"any Host, where people show who they are", "GET /item/a HTTP/1.1\r\nHost: wherever\r\n" ANNA END, 200},
};

static void passwords_are_checked(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        exchange(rows[i].request, &answer);
        CHECK(status_of(&answer) == rows[i].status, "%s: %s", rows[i].name, buf_text(&answer));
    }
    buf_free(&answer);
}

/* From another address of this machine: what it guesses is counted apart. */
static int connect_from_afar(void)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_port = htons((uint16_t)strtol(strrchr(address, ':') + 1, NULL, 10));
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        abort();
    return fd;
}

/* More guesses at once than may be hashed: some are told to come back, nobody gets in, some leave before their answer. */
static void guesses_are_bounded(void)
{
    struct buf answer = BUF_EMPTY(1 << 20);
    const char *guess = "GET /item/a HTTP/1.1\r\n" H NOBODY END;
    int fds[40], refused = 0, busy = 0, slowed = 0;

    for (size_t i = 0; i < LENGTH(fds); i++) {
        fds[i] = connect_from_afar();
        send_all(fds[i], guess, strlen(guess));
    }
    exchange("GET /hello HTTP/1.1\r\n" H END, &answer);
    CHECK(status_of(&answer) == 200, "others are served meanwhile");
    for (size_t i = 0; i < LENGTH(fds); i++) {
        if (i % 4) {
            buf_clear(&answer);
            receive(fds[i], &answer);
            refused += status_of(&answer) == 401;
            busy += status_of(&answer) == 503;
            slowed += status_of(&answer) == 429;
        }
        close(fds[i]);
    }
    CHECK(refused + busy + slowed == 30 && refused > 0 && busy + slowed > 0, "%d refused, %d busy, %d slowed", refused, busy, slowed);
    for (int i = 0; i < 40 && !slowed; i++) { /* the bucket is empty sooner or later */
        int fd = connect_from_afar();
        buf_clear(&answer);
        send_all(fd, guess, strlen(guess));
        receive(fd, &answer);
        slowed += status_of(&answer) == 429 && strstr(buf_text(&answer), "Retry-After: ");
        close(fd);
    }
    CHECK(slowed > 0, "%s", buf_text(&answer));
    exchange("GET /item/a HTTP/1.1\r\n" H ANNA END, &answer);
    CHECK(status_of(&answer) == 200, "a remembered password goes on: %s", buf_text(&answer));
    buf_free(&answer);
}

/* The server stops while passwords are still being hashed. */
static void an_end_in_between(void)
{
    const char *guess = "GET /item/a HTTP/1.1\r\n" H WRONG END;
    int fds[5];

    for (size_t i = 0; i < LENGTH(fds); i++) {
        fds[i] = connect_to();
        send_all(fds[i], guess, strlen(guess));
    }
    stopping_answers_what_is_held(ANNA);
    for (size_t i = 0; i < LENGTH(fds); i++)
        close(fds[i]);
}

int main(void)
{
    char hash[PASSWORD_HASH_SIZE];
    struct err err;

    CHECK(password_hash("correct horse", hash, &err), "%s", err.text);
    struct auth_user anna = {"anna", hash, ACCESS_VIEWER};
    serving_users = &anna;
    start("127.0.0.1:0", -1);
    passwords_are_checked();
    guesses_are_bounded();
    an_end_in_between();
    return test_end();
}
