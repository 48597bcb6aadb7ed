/* Mail through real worker processes against a scripted server: what is certain about each recipient, whatever the
 * server does. This program is its own worker: it is started again with --mail-worker. */
#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "notifier/mail-worker/mail_job.h"
#include "notifier/mail-worker/mail_worker.h"
#include "notifier/transport/mail.h"
#include "tests/test.h"
#include "tests/unit/transport/smtp_server.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MESSAGE "From: a@example.org\r\nTo: b@example.org\r\nSubject: test\r\nDate: Sat, 21 Nov 2026 06:00:00 +0000\r\n" \
                "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\r\nfirst\r\n.\r\n..two dots\r\n\r\nlast\r\n"
#define SECRET "s3cret-\\\"'<&>-\xc3\xa9"

enum { ANS = REPLY_ANSWERED, NOT = REPLY_NOT_SENT, UNC = REPLY_UNCLEAR };

struct got {
    int calls;
    uint64_t tag;
    enum reply_end end;
    char error[ERR_TEXT_MAX];
    size_t count;
    struct recipient_reply recipients[MAIL_RECIPIENTS_MAX];
    char texts[MAIL_RECIPIENTS_MAX][256];
    int64_t latency_ms;
};

struct wanted {
    int end, code;
    bool complete, session_failed;
    const char *text;
};

struct row {
    const char *name;
    struct smtp_script script;
    struct wanted want[4];
    const char *error;     /* in the reply's words */
    int messages;
    enum starttls starttls;
    const char *host;      /* NULL: 127.0.0.1 */
    const char *ca_file;
    bool auth, insecure;
    int timeout_ms;        /* 0: 10 s */
    int at_least_ms, at_most_ms;
    const char *never;     /* must not be heard */
    const char *always;    /* must be */
};

static struct smtp_server server;
static struct loop *loop;
static SSL_CTX *good, *other, *old;
static char folder[] = "/tmp/test_mail.XXXXXX", good_file[64], other_file[64], old_file[64];

static void reply(void *context, uint64_t tag, const struct reply *from, int64_t latency_ms)
{
    struct got *all = context, *got = &all[tag];

    got->calls++;
    got->tag = tag;
    got->end = from->end;
    got->latency_ms = latency_ms;
    got->count = from->recipient_count;
    snprintf(got->error, sizeof got->error, "%s", from->error ? from->error : "");
    for (size_t i = 0; i < from->recipient_count; i++) {
        got->recipients[i] = from->recipients[i];
        snprintf(got->texts[i], sizeof got->texts[i], "%s", from->recipients[i].text ? from->recipients[i].text : "");
    }
}

static struct channel_config config_of(const struct row *row)
{
    return (struct channel_config){.name = "email", .type = "smtp", .host = row->host ? row->host : "127.0.0.1", .port = server.port,
                                   .from = "a@example.org", .starttls = row->starttls, .ca_file = row->ca_file,
                                   .insecure_skip_verify = row->insecure, .username = row->auth ? "user" : NULL,
                                   .password = row->auth ? SECRET : NULL, .timeout_ms = row->timeout_ms ? row->timeout_ms : 10000};
}

static struct request request_of(size_t recipients)
{
    static const char *const names[] = {"ok@example.org", "nobody@example.org", "grey@example.org", "ok2@example.org"};
    struct request request = {.kind = REQUEST_MAIL, .body = MESSAGE, .body_length = strlen(MESSAGE), .recipient_count = recipients};

    for (size_t i = 0; i < recipients; i++)
        request.recipients[i] = names[i];
    return request;
}

static int64_t now_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

static void run(struct mail *mail, const struct got *got, size_t count)
{
    int64_t end = now_ms() + 30000;

    for (size_t i = 0; i < count; i++)
        while (!got[i].calls && now_ms() < end) {
            mail_run(mail);
            loop_wait(loop, 1000);
        }
}

static void check_row(const struct row *row, const struct got *got, int64_t took_ms)
{
    CHECK(got->calls == 1, "%s: %d replies", row->name, got->calls);
    CHECK(strstr(got->error, row->error ? row->error : "") && (row->error || !got->error[0]), "%s: %s", row->name, got->error);
    CHECK(!strstr(got->error, "s3cret"), "%s: %s", row->name, got->error);
    for (size_t i = 0; i < got->count; i++) {
        const struct wanted *want = &row->want[i];
        const struct recipient_reply *is = &got->recipients[i];
        CHECK((int)is->end == want->end && is->code == want->code && is->complete == want->complete &&
                  is->session_failed == want->session_failed,
              "%s, recipient %zu: end %d code %d complete %d session_failed %d: %s (%s)", row->name, i, is->end, is->code, is->complete,
              is->session_failed, got->texts[i], got->error);
        CHECK(!want->text || strcmp(got->texts[i], want->text) == 0, "%s, recipient %zu: %s", row->name, i, got->texts[i]);
    }
    CHECK(took_ms >= row->at_least_ms && took_ms <= (row->at_most_ms ? row->at_most_ms : 5000), "%s: %lld ms", row->name,
          (long long)took_ms);
    pthread_mutex_lock(&server.lock);
    CHECK(atomic_load(&server.messages) == row->messages, "%s: %d messages", row->name, atomic_load(&server.messages));
    CHECK(!row->never || !strcasestr(server.heard, row->never), "%s: %s", row->name, server.heard);
    CHECK(!row->always || strcasestr(server.heard, row->always), "%s: %s", row->name, server.heard);
    CHECK(!row->messages || strcmp(server.message, MESSAGE) == 0, "%s: %s", row->name, server.message);
    pthread_mutex_unlock(&server.lock);
}

static void test_row(const struct row *row)
{
    struct channel_config config = config_of(row);
    size_t recipients = 1;
    struct got got = {0};
    struct err err = {0};

    while (recipients < 4 && (row->want[recipients].end || row->want[recipients].code))
        recipients++;
    struct request request = request_of(recipients);
    struct mail *mail = mail_new(loop, reply, &got, &err);
    REQUIRE(mail, "%s", err.text);
    smtp_set(&server, &row->script);
    int64_t before = now_ms();
    mail_send(mail, &config, &request, 0);
    CHECK(got.calls == 0 && mail_in_flight(mail) == 1, "%s: never at once", row->name);
    run(mail, &got, 1);
    check_row(row, &got, now_ms() - before);
    CHECK(mail_in_flight(mail) == 0, "%s: nothing is left", row->name);
    mail_free(mail);
}

#define OK {ANS, 250, true, false, "2.0.0 Ok: queued as ABC"}

static void test_plain(void)
{
    static const struct row rows[] = {
        {.name = "taken", .want = {OK}, .messages = 1},
        {.name = "one transaction, four verdicts",
         .want = {OK, {ANS, 550, true, false, "5.1.1 no such user"}, {ANS, 450, false, false, "4.7.1 come back"}, OK}, .messages = 1},
        {.name = "codes in the text where they are not announced", .script = {.ehlo = "250-HELP\r\n"},
         .want = {OK, {ANS, 550, true, false, "5.1.1 no such user"}}, .messages = 1},
        {.name = "mail refused for all", .script = {.body = "554 5.7.1 spam"}, .want = {{ANS, 554, true, false, "5.7.1 spam"}}, .messages = 1},
        {.name = "mail refused for now", .script = {.body = "451 4.3.0 later"}, .want = {{ANS, 451, false, false, "4.3.0 later"}}, .messages = 1},
        {.name = "DATA refused", .script = {.data = "452 4.3.1 disk full"}, .want = {{ANS, 452, false, false, "4.3.1 disk full"}}},
        {.name = "sender refused", .script = {.mail = "550 5.1.8 bad sender"}, .want = {{ANS, 550, false, false, "5.1.8 bad sender"}}},
        {.name = "relay wants a password", .script = {.mail = "530 5.7.0 authenticate first"}, .want = {{ANS, 530, false, true, NULL}}},
        {.name = "not now", .script = {.greeting = "421 4.3.2 closing"}, .want = {{NOT, 0, false, false, NULL}}},
        {.name = "never", .script = {.greeting = "554 5.3.2 go away"}, .want = {{NOT, 0, false, false, NULL}}},
        {.name = "closed at once", .script = {.greeting = ""}, .want = {{NOT, 0, false, false, NULL}}, .error = ""},
        {.name = "closed at DATA", .script = {.data = ""}, .want = {{NOT, 0, false, false, NULL}}, .error = ""},
        {.name = "closed behind the final dot", .script = {.body = ""}, .want = {{UNC, 0, false, false, NULL}, {ANS, 550, true, false, NULL}},
         .error = "", .messages = 1},
        {.name = "silent behind the final dot", .script = {.body = "..."}, .want = {{UNC, 0, false, false, NULL}}, .timeout_ms = 400,
         .error = "", .messages = 1, .at_least_ms = 350, .at_most_ms = 2500},
        {.name = "silent from the start", .script = {.greeting = "..."}, .want = {{NOT, 0, false, false, NULL}}, .timeout_ms = 400,
         .error = "", .at_least_ms = 350, .at_most_ms = 2500},
        {.name = "drips for ever", .script = {.drip = true}, .want = {{NOT, 0, false, false, NULL}}, .timeout_ms = 1000,
         .error = "the mail server did not finish in time", .at_least_ms = 950, .at_most_ms = 2500},
        {.name = "silent at the good-bye", .script = {.quit = "..."}, .want = {OK}, .messages = 1, .at_most_ms = 3500},
        {.name = "silent at the good-bye, and no time left", .script = {.quit = "..."}, .want = {OK}, .messages = 1, .timeout_ms = 1000,
         .at_most_ms = 2500},
        {.name = "signed in on loopback", .auth = true, .want = {OK}, .messages = 1,
         .always = "AUTH PLAIN AHVzZXIAczNjcmV0LVwiJzwmPi3DqQ==\r\n"},
        {.name = "wrong password", .auth = true, .script = {.auth = "535 5.7.8 no"}, .want = {{NOT, 0, false, true, NULL}},
         .error = "the server refused username and password: 535 5.7.8 no"},
        {.name = "wrong password over two lines", .auth = true, .script = {.auth = "535-5.7.8 no\r\n535 5.7.8 see there"},
         .want = {{NOT, 0, false, true, NULL}}, .error = "username and password: 535-5.7.8 no"},
        {.name = "passwords cannot be checked now", .auth = true, .script = {.auth = "454 4.7.0 later"},
         .want = {{NOT, 0, false, false, NULL}}, .error = "refused username and password: 454 4.7.0 later"},
        {.name = "no way to sign in", .auth = true, .script = {.ehlo = "250-HELP\r\n"}, .want = {{NOT, 0, false, true, NULL}},
         .error = "no way to give username and password"},
        {.name = "in clear off loopback", .auth = true, .host = "192.0.2.1", .want = {{NOT, 0, false, true, NULL}},
         .error = "sent over TLS only"},
        {.name = "a host that is none", .host = "a b", .want = {{NOT, 0, false, true, NULL}}, .error = "must be a name"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct row row = rows[i];
        row.starttls = STARTTLS_OFF;
        test_row(&row);
    }
}

static void test_starttls(void)
{
    const struct row rows[] = {
        {.name = "STARTTLS by name", .host = "localhost", .ca_file = good_file, .want = {OK}, .messages = 1, .always = "tls MAIL"},
        {.name = "STARTTLS by address, signed in", .ca_file = good_file, .auth = true, .want = {OK}, .messages = 1,
         .always = "tls AUTH"},
        {.name = "STARTTLS with 1.2", .script = {.tls = old}, .ca_file = old_file, .want = {OK}, .messages = 1, .always = "tls MAIL"},
        {.name = "nobody vouches", .auth = true, .want = {{NOT, 0, false, true, NULL}}, .error = "is not trusted", .never = "AUTH"},
        {.name = "somebody else", .script = {.tls = other}, .ca_file = other_file, .auth = true, .want = {{NOT, 0, false, true, NULL}},
         .error = "is not for 127.0.0.1", .never = "AUTH"},
        {.name = "somebody else, by name", .script = {.tls = other}, .host = "localhost", .ca_file = other_file,
         .want = {{NOT, 0, false, true, NULL}}, .error = "is not for localhost", .never = "MAIL"},
        {.name = "whoever it is", .script = {.tls = other}, .insecure = true, .auth = true, .want = {OK}, .messages = 1, .always = "tls AUTH"},
        {.name = "not offered", .script = {.tls = good, .ehlo = "250-AUTH PLAIN\r\n"}, .ca_file = good_file, .auth = true,
         .want = {{NOT, 0, false, true, NULL}}, .error = "offers no STARTTLS", .never = "AUTH"},
        {.name = "refused", .script = {.tls = good, .starttls = "454 4.7.0 not now"}, .ca_file = good_file, .auth = true,
         .want = {{NOT, 0, false, false, NULL}}, .error = "", .never = "MAIL"},
        {.name = "slipped in behind STARTTLS", .auth = true, .ca_file = good_file, .want = {{NOT, 0, false, true, NULL}},
         .script = {.tls = good, .behind_starttls = "250-x\r\n250 AUTH PLAIN\r\n"}, .error = "somebody may be in between", .never = "AUTH"},
        {.name = "the same, whoever it is", .insecure = true, .auth = true, .want = {{NOT, 0, false, true, NULL}},
         .script = {.tls = good, .behind_starttls = "250 AUTH PLAIN\r\n"}, .error = "somebody may be in between", .never = "AUTH"},
        {.name = "no such file of authorities", .ca_file = "/nonexistent/ca.pem", .want = {{NOT, 0, false, true, NULL}},
         .error = "/nonexistent/ca.pem: no usable certificates"},
        {.name = "wrong password over TLS", .ca_file = good_file, .auth = true, .script = {.tls = good, .auth = "535 5.7.8 no"},
         .want = {{NOT, 0, false, true, NULL}}, .error = "refused username and password: 535"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct row row = rows[i];
        row.starttls = STARTTLS_REQUIRED;
        if (!row.script.tls)
            row.script.tls = good;
        test_row(&row);
    }
    /* TLS 1.3's tickets must never make a session wait for its time-out. */
    for (int i = 0; i < 12; i++) {
        struct row row = rows[0];
        row.script.tls = good;
        row.timeout_ms = 5000;
        row.at_most_ms = 2500;
        test_row(&row);
    }
}

static void test_implicit(void)
{
    const struct row rows[] = {
        {.name = "implicit", .host = "localhost", .want = {{ANS, 250, true, false, "2.0.0 Ok: queued as ABC"}}, .messages = 1, .always = "tls MAIL"},
        {.name = "implicit, four verdicts", .auth = true,
         .want = {OK, {ANS, 550, true, false, "5.1.1 no such user"}, {ANS, 450, false, false, "4.7.1 come back"}, OK}, .messages = 1},
        {.name = "implicit, wrong password", .auth = true, .script = {.auth = "535 5.7.8 no"}, .want = {{NOT, 0, false, true, NULL}},
         .error = "refused username and password: 535 5.7.8 no", .never = "MAIL"},
        {.name = "implicit, no way to sign in", .auth = true, .script = {.ehlo = "250-HELP\r\n"}, .want = {{NOT, 0, false, true, NULL}},
         .error = "no way to give username and password"},
        {.name = "implicit, somebody else", .script = {.tls = other}, .ca_file = other_file, .want = {{NOT, 0, false, true, NULL}}, .error = ""},
        {.name = "implicit, sender refused", .script = {.mail = "550 5.1.8 bad"}, .want = {{ANS, 550, true, false, "5.1.8 bad"}}, .error = ""},
        {.name = "implicit, DATA refused", .script = {.data = "451 4.3.0 later"}, .want = {{ANS, 451, false, false, NULL}}, .error = ""},
        {.name = "implicit, mail refused", .script = {.body = "554 5.7.1 spam"}, .want = {{ANS, 554, true, false, "5.7.1 spam"}}, .error = "",
         .messages = 1},
        {.name = "implicit, closed at DATA", .script = {.data = ""}, .want = {{NOT, 0, false, false, NULL}, {ANS, 550, true, false, NULL}},
         .error = ""},
        {.name = "implicit, closed behind the final dot", .script = {.body = ""}, .want = {{UNC, 0, false, false, NULL}}, .error = "",
         .messages = 1},
        {.name = "implicit, silent behind the final dot", .script = {.body = "..."}, .want = {{UNC, 0, false, false, NULL}}, .error = "",
         .messages = 1, .timeout_ms = 800, .at_most_ms = 2500},
        {.name = "implicit, silent at the good-bye", .script = {.quit = "..."}, .want = {OK}, .messages = 1, .at_most_ms = 3500},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct row row = rows[i];
        row.starttls = STARTTLS_IMPLICIT;
        row.script.implicit = true;
        row.ca_file = row.ca_file ? row.ca_file : good_file;
        if (!row.script.tls)
            row.script.tls = good;
        test_row(&row);
    }
}

/* Nothing listens: a refused connection is as sure as anything can be. */
static void test_refused(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0), real = server.port;

    REQUIRE(bind(fd, (struct sockaddr *)&address, size) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0, "bind");
    close(fd);
    server.port = ntohs(address.sin_port);
    struct row row = {.name = "refused", .starttls = STARTTLS_OFF, .want = {{NOT, 0, false, false, NULL}}, .error = "refused"};
    test_row(&row);
    server.port = real;
}

/* An address that cannot be one is answered by ourselves; the others go out. */
static void test_bad_recipient(void)
{
    struct row row = {.name = "bad recipient", .starttls = STARTTLS_OFF};
    struct channel_config config = config_of(&row);
    struct request request = request_of(1);
    struct got got = {0};
    struct mail *mail = mail_new(loop, reply, &got, NULL);

    request.recipients[0] = "x@example.org>\r\nRCPT TO:<evil@example.org";
    request.recipients[1] = "ok@example.org";
    request.recipient_count = 2;
    smtp_set(&server, &row.script);
    mail_send(mail, &config, &request, 0);
    run(mail, &got, 1);
    CHECK(got.recipients[0].code == 553 && got.recipients[0].complete && got.recipients[0].end == REPLY_ANSWERED, "%d", got.recipients[0].code);
    CHECK(got.recipients[1].code == 250 && atomic_load(&server.messages) == 1, "%d %s", got.recipients[1].code, got.error);
    pthread_mutex_lock(&server.lock);
    CHECK(!strstr(server.heard, "evil"), "%s", server.heard);
    pthread_mutex_unlock(&server.lock);
    mail_free(mail);
}

static atomic_bool no_more_watches;

/* The kernel may have no room to watch one more descriptor (fs.epoll.max_user_watches). */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD && atomic_load(&no_more_watches)) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

/* A mail that is said not to be sent is not sent, and no worker is left behind. */
static void test_unwatched(void)
{
    struct row row = {.name = "unwatched", .starttls = STARTTLS_OFF};
    struct channel_config config = config_of(&row);
    struct request request = request_of(1);
    struct got got = {0};
    struct mail *mail = mail_new(loop, reply, &got, NULL);

    smtp_set(&server, &row.script);
    mail_send(mail, &config, &request, 0);
    atomic_store(&no_more_watches, true);
    mail_run(mail);
    atomic_store(&no_more_watches, false);
    CHECK(got.calls == 1 && got.end == REPLY_NOT_SENT && mail_in_flight(mail) == 0, "%d replies, end %d", got.calls, got.end);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a worker is left");
    mail_send(mail, &config, &request, 0);
    got.calls = 0;
    run(mail, &got, 1);
    CHECK(got.recipients[0].code == 250 && atomic_load(&server.messages) == 1, "%d messages: %s", atomic_load(&server.messages), got.error);
    mail_free(mail);
}

/* More jobs than places: all end, never more than four sessions at once with one server; one that hangs holds up
 * nobody elsewhere, and those waiting behind it are told in time. */
static void test_queue(void)
{
    enum { COUNT = 12 };
    static struct got got[COUNT + 1];
    struct row row = {.name = "queue", .starttls = STARTTLS_OFF, .timeout_ms = 20000};
    struct channel_config config = config_of(&row);
    struct request request = request_of(1);
    struct mail *mail = mail_new(loop, reply, got, NULL);

    memset(got, 0, sizeof got);
    smtp_set(&server, &row.script);
    for (uint64_t i = 0; i < COUNT; i++)
        mail_send(mail, &config, &request, i);
    run(mail, got, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK(got[i].calls == 1 && got[i].recipients[0].code == 250, "%d: %d", i, got[i].recipients[0].code);
    CHECK(atomic_load(&server.messages) == COUNT && atomic_load(&server.sessions_most) <= MAIL_WORKERS_MAX, "%d at once",
          atomic_load(&server.sessions_most));

    memset(got, 0, sizeof got);
    row.script.greeting = "...";
    smtp_set(&server, &row.script);
    config.timeout_ms = 800;
    for (uint64_t i = 0; i < 6; i++)
        mail_send(mail, &config, &request, i);
    mail_run(mail);
    loop_wait(loop, 300);
    static struct smtp_server elsewhere;
    smtp_start(&elsewhere);
    struct channel_config second = config;
    second.port = elsewhere.port;
    int64_t before = now_ms();
    mail_send(mail, &second, &request, 6);
    run(mail, &got[6], 1);
    CHECK(got[6].recipients[0].code == 250 && now_ms() - before < 700, "another server waits for none: %lld ms %s",
          (long long)(now_ms() - before), got[6].error);
    run(mail, got, 6);
    for (int i = 0; i < 6; i++)
        CHECK(got[i].calls == 1 && got[i].end == REPLY_NOT_SENT && got[i].latency_ms < 2500, "%d: %lld ms %s", i,
              (long long)got[i].latency_ms, got[i].error);
    CHECK_INT(mail_in_flight(mail), 0);

    memset(got, 0, sizeof got);
    before = now_ms();
    config.timeout_ms = 20000;
    for (uint64_t i = 0; i < 6; i++)
        mail_send(mail, &config, &request, i);
    mail_run(mail);
    mail_free(mail);
    CHECK(now_ms() - before < 1000 && !got[0].calls, "freed at once: workers end, nobody is called");
}

static void test_too_many(void)
{
    static struct got got[MAIL_QUEUE_MAX + MAIL_WORKERS_MAX + 1];
    struct row row = {.name = "too many", .starttls = STARTTLS_OFF, .timeout_ms = 20000, .script = {.greeting = "..."}};
    struct channel_config config = config_of(&row);
    struct request request = request_of(1);
    struct mail *mail = mail_new(loop, reply, got, NULL);
    size_t count = LENGTH(got), answered = 0;

    memset(got, 0, sizeof got);
    smtp_set(&server, &row.script);
    for (uint64_t i = 0; i < count; i++)
        mail_send(mail, &config, &request, i);
    mail_run(mail);
    for (size_t i = 0; i < count; i++)
        answered += got[i].calls == 1;
    CHECK(answered == 1 && got[count - 1].calls == 1 && got[count - 1].end == REPLY_NOT_SENT, "%zu answered", answered);
    CHECK_TEXT(got[count - 1].error, "too many mails wait for a worker");
    mail_free(mail);
}

static void test_codec(void)
{
    struct arena *arena = arena_new();
    struct buf text = BUF_EMPTY(MAIL_JOB_MAX);
    struct mail_job job = {.host = "h", .helo = "me", .from = "a@b", .port = 25, .tls = MAIL_TLS_OFF, .username = "u", .password = SECRET,
                           .recipients = {"c@d", "e@f"}, .recipient_count = 2, .message = "a\r\n\xff\x01z", .timeout_ms = 5}, read;
    struct mail_verdict verdict = {.session_failed = true, .encrypted = true, .error = "why", .recipient_count = 1,
                                   .recipients = {{550, true, MAIL_ANSWERED, "5.1.1 no"}}}, heard;
    struct err err = {0};

    mail_job_write(&job, &text);
    REQUIRE(mail_job_read(buf_text(&text), text.length, arena, &read, &err), "%s", err.text);
    CHECK_TEXT(read.password, SECRET);
    CHECK_TEXT(read.message, job.message);
    CHECK(read.port == 25 && read.tls == MAIL_TLS_OFF && read.recipient_count == 2 && !read.ca_file && read.timeout_ms == 5, "fields");
    CHECK_TEXT(read.recipients[1], "e@f");
    buf_clear(&text);
    mail_verdict_write(&verdict, &text);
    REQUIRE(mail_verdict_read(buf_text(&text), text.length, arena, &heard, &err), "%s", err.text);
    CHECK(heard.session_failed && heard.encrypted && !heard.authenticated && heard.recipient_count == 1, "facts");
    CHECK(heard.recipients[0].code == 550 && heard.recipients[0].complete && heard.recipients[0].end == MAIL_ANSWERED, "recipient");
    CHECK_TEXT(heard.recipients[0].text, "5.1.1 no");
    CHECK(!mail_job_read("{}", 2, arena, &read, &err), "an empty job");
    static const char nonsense[] = "{\"recipients\":[{\"end\":99}]}";
    CHECK(mail_verdict_read(nonsense, strlen(nonsense), arena, &heard, &err) && heard.recipients[0].end == MAIL_UNCLEAR,
          "nonsense is unclear");
    buf_free(&text);
    arena_free(arena);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--mail-worker") == 0)
        return mail_worker_main();
    signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(folder))
        return 1;
    snprintf(good_file, sizeof good_file, "%s/good.pem", folder);
    snprintf(other_file, sizeof other_file, "%s/other.pem", folder);
    snprintf(old_file, sizeof old_file, "%s/old.pem", folder);
    good = smtp_certificate("DNS:localhost,IP:127.0.0.1", good_file);
    other = smtp_certificate("DNS:mail.example.org", other_file);
    old = smtp_certificate("DNS:localhost,IP:127.0.0.1", old_file);
    SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
    loop = loop_new(NULL, NULL);
    smtp_start(&server);
    test_codec();
    test_plain();
    test_starttls();
    test_implicit();
    test_refused();
    test_bad_recipient();
    test_unwatched();
    test_queue();
    test_too_many();
    loop_free(loop);
    unlink(good_file), unlink(other_file), unlink(old_file), rmdir(folder);
    SSL_CTX_free(good), SSL_CTX_free(other), SSL_CTX_free(old);
    return test_end();
}
