#include "notifier/transport/mail.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "notifier/mail-worker/mail_job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PHASE_MAX_MS 30000 /* one wait for the server inside a session */

struct job {
    struct mail *mail;
    struct job *next;
    uint64_t tag;
    struct buf text;         /* the encoded job, wiped once handed over */
    size_t recipient_count;
    int64_t timeout_ms, started_ms;
    pid_t pid;
    int out;                 /* -1: not started */
    struct buf said;
    bool killed;
};

struct mail {
    struct loop *loop;
    transport_reply reply;
    void *context;
    struct job *running, *waiting;
    size_t running_count, waiting_count;
};

struct mail *mail_new(struct loop *loop, transport_reply reply, void *context)
{
    struct mail *mail = calloc(1, sizeof *mail);
    if (!mail)
        abort();
    *mail = (struct mail){.loop = loop, .reply = reply, .context = context};
    return mail;
}

static int64_t now_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

static void job_free(struct job *job)
{
    if (job->text.data)
        explicit_bzero(job->text.data, job->text.length);
    buf_free(&job->text);
    buf_free(&job->said);
    free(job);
}

static void unlink_job(struct job **list, struct job *job)
{
    while (*list != job)
        list = &(*list)->next;
    *list = job->next;
}

/* A job that came to nothing: the same end for each recipient. */
static void reply_all(struct job *job, enum reply_end end, const char *error)
{
    struct recipient_reply recipients[MAIL_RECIPIENTS_MAX];
    struct reply reply = {.end = end, .headers = "", .body = "", .error = error, .recipients = recipients,
                          .recipient_count = job->recipient_count, .now_wall_ms = clock_now(&clock_system).wall_ms};

    for (size_t i = 0; i < job->recipient_count; i++)
        recipients[i] = (struct recipient_reply){.end = end, .text = error};
    job->mail->reply(job->mail->context, job->tag, &reply, job->started_ms ? now_ms() - job->started_ms : 0);
}

static void reply_verdict(struct job *job, const struct mail_verdict *verdict)
{
    struct recipient_reply recipients[MAIL_RECIPIENTS_MAX];
    struct reply reply = {.end = REPLY_ANSWERED, .headers = "", .body = "", .error = verdict->error, .recipients = recipients,
                          .recipient_count = job->recipient_count, .now_wall_ms = clock_now(&clock_system).wall_ms};

    for (size_t i = 0; i < job->recipient_count; i++) {
        const struct mail_recipient *got = &verdict->recipients[i];
        enum reply_end end = got->end == MAIL_ANSWERED ? REPLY_ANSWERED : got->end == MAIL_NOT_SENT ? REPLY_NOT_SENT : REPLY_UNCLEAR;
        recipients[i] = (struct recipient_reply){.code = got->code, .complete = got->complete, .end = end,
                                                 .session_failed = verdict->session_failed && got->end != MAIL_UNCLEAR,
                                                 .text = got->text && got->text[0] ? got->text : verdict->error};
        if (got->code > reply.status)
            reply.status = got->code;
    }
    job->mail->reply(job->mail->context, job->tag, &reply, now_ms() - job->started_ms);
}

/* The worker is done, or dead: what it said decides. */
static void finish(struct job *job)
{
    const char *text = buf_text(&job->said);
    bool marked = text_starts(text, MAIL_DATA_MARK);
    struct arena *arena = arena_new();
    struct mail_verdict *verdict = ARENA_NEW(arena, struct mail_verdict, 1);
    int status;

    loop_remove(job->mail->loop, job->out);
    close(job->out);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    unlink_job(&job->mail->running, job);
    job->mail->running_count--;
    size_t skip = marked ? strlen(MAIL_DATA_MARK) : 0;
    if (mail_verdict_read(text + skip, job->said.length - skip, arena, verdict, NULL) && verdict->recipient_count == job->recipient_count)
        reply_verdict(job, verdict);
    else
        reply_all(job, marked ? REPLY_UNCLEAR : REPLY_NOT_SENT,
                  job->killed ? "the mail server did not finish in time" : "the mail worker ended without a verdict");
    arena_free(arena);
    job_free(job);
}

static void read_verdict(void *context, int fd)
{
    struct job *job = context;
    char chunk[4096];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got > 0)
            buf_add(&job->said, chunk, (size_t)got);
        else if (got < 0 && errno == EINTR)
            continue;
        else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        else
            break;
    }
    finish(job);
}

/* The job lies in anonymous memory that is the worker's stdin: nothing to block on, nothing on disk. */
static int memory_with(const struct buf *text)
{
    int fd = memfd_create("mail-job", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < text->length) {
        ssize_t put = write(fd, text->data + done, text->length - done);
        if (put <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)put;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static bool spawn(struct job *job, int in, int out)
{
    static char program[] = "/proc/self/exe", name[] = "notifier", flag[] = "--mail-worker";
    char *arguments[] = {name, flag, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int failed = posix_spawn(&job->pid, program, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return !failed;
}

static void start(struct mail *mail, struct job *job)
{
    int pipes[2] = {-1, -1}, in = memory_with(&job->text);
    bool ok = in >= 0 && pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0 && fcntl(pipes[1], F_SETFL, 0) == 0;

    if (job->text.data)
        explicit_bzero(job->text.data, job->text.length);
    buf_free(&job->text);
    job->started_ms = now_ms();
    job->next = mail->running;
    mail->running = job;
    mail->running_count++;
    ok = ok && spawn(job, in, pipes[1]);
    if (in >= 0)
        close(in);
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (ok && loop_add(mail->loop, pipes[0], read_verdict, job, NULL)) {
        job->out = pipes[0];
        return;
    }
    if (pipes[0] >= 0)
        close(pipes[0]);
    unlink_job(&mail->running, job);
    mail->running_count--;
    reply_all(job, REPLY_NOT_SENT, "the mail worker could not be started");
    job_free(job);
}

void mail_send(struct mail *mail, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    static const enum mail_tls tls[] = {[STARTTLS_REQUIRED] = MAIL_TLS_REQUIRED, [STARTTLS_IMPLICIT] = MAIL_TLS_IMPLICIT,
                                        [STARTTLS_OFF] = MAIL_TLS_OFF};
    struct mail_job mail_job = {.host = config->host, .port = config->port, .from = config->from, .tls = tls[config->starttls],
                                .ca_file = config->ca_file, .insecure_skip_verify = config->insecure_skip_verify,
                                .username = config->username, .password = config->password, .message = request->body,
                                .recipient_count = request->recipient_count,
                                .timeout_ms = config->timeout_ms < PHASE_MAX_MS ? config->timeout_ms : PHASE_MAX_MS};
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    *job = (struct job){.mail = mail, .tag = tag, .out = -1, .recipient_count = request->recipient_count,
                        .timeout_ms = config->timeout_ms, .text = BUF_EMPTY(MAIL_JOB_MAX), .said = BUF_EMPTY(MAIL_VERDICT_MAX)};
    for (size_t i = 0; i < request->recipient_count; i++)
        mail_job.recipients[i] = request->recipients[i];
    mail_job_write(&mail_job, &job->text);
    struct job **end = &mail->waiting;
    while (*end)
        end = &(*end)->next;
    *end = job;
    mail->waiting_count++;
    loop_wake(mail->loop);
}

void mail_run(struct mail *mail)
{
    int64_t now = now_ms();

    for (struct job *job = mail->running; job; job = job->next)
        if (!job->killed && now - job->started_ms >= job->timeout_ms) {
            job->killed = true;
            kill(job->pid, SIGKILL); /* its pipe closes, which ends the job */
        }
    while (mail->waiting && (mail->running_count < MAIL_WORKERS_MAX || mail->waiting_count > MAIL_QUEUE_MAX)) {
        struct job *job = mail->waiting;
        mail->waiting = job->next;
        mail->waiting_count--;
        if (mail->running_count < MAIL_WORKERS_MAX) {
            start(mail, job);
            continue;
        }
        reply_all(job, REPLY_NOT_SENT, "too many mails wait for a worker");
        job_free(job);
    }
}

size_t mail_in_flight(const struct mail *mail)
{
    return mail->running_count + mail->waiting_count;
}

void mail_free(struct mail *mail)
{
    if (!mail)
        return;
    while (mail->running) {
        struct job *job = mail->running;
        mail->running = job->next;
        kill(job->pid, SIGKILL);
        loop_remove(mail->loop, job->out);
        close(job->out);
        while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        job_free(job);
    }
    while (mail->waiting) {
        struct job *job = mail->waiting;
        mail->waiting = job->next;
        job_free(job);
    }
    free(mail);
}
