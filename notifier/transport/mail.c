#include "notifier/transport/mail.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/mail-worker/mail_job.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PHASE_MAX_MS 30000 /* one wait for the server inside a session */
#define TIMEOUT_MS 60000   /* of a job whose channel names none */

struct job {
    struct mail *mail;
    struct job *next;
    uint64_t tag;
    char server[MAIL_HOST_MAX + 8]; /* host:port */
    struct buf text;                /* the encoded job, wiped once handed over */
    size_t recipient_count;
    int64_t timeout_ms, queued_ms, started_ms;
    pid_t pid;
    int out;                        /* -1: not started */
    struct buf said;
    bool killed;
};

struct mail {
    struct loop *loop;
    transport_reply reply;
    void *context;
    int timer;
    char helo[MAIL_HOST_MAX + 1];
    struct job *running, *waiting;  /* waiting: oldest first */
    size_t running_count, waiting_count;
};

static void ring(void *context, int fd)
{
    uint64_t times;
    if (read(fd, &times, sizeof times) == (ssize_t)sizeof times)
        mail_run(context);
}

struct mail *mail_new(struct loop *loop, transport_reply reply, void *context, struct err *err)
{
    struct mail *mail = memory_zeroed(1, sizeof *mail);
    *mail = (struct mail){.loop = loop, .reply = reply, .context = context};
    if (gethostname(mail->helo, sizeof mail->helo) != 0 || !mail->helo[0] || strpbrk(mail->helo, "/<>@ \t\r\n"))
        snprintf(mail->helo, sizeof mail->helo, "localhost");
    mail->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (mail->timer < 0 || !loop_add(loop, mail->timer, ring, mail, err)) {
        err_set(err, ERR_SYSTEM, "mail: no timer: %s", strerror(errno));
        if (mail->timer >= 0)
            close(mail->timer);
        free(mail);
        return NULL;
    }
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
    job->mail->reply(job->mail->context, job->tag, &reply, now_ms() - job->queued_ms);
}

static void reply_verdict(struct job *job, const struct mail_verdict *verdict)
{
    struct recipient_reply recipients[MAIL_RECIPIENTS_MAX];
    struct reply reply = {.end = REPLY_NOT_SENT, .headers = "", .body = "", .error = verdict->error, .recipients = recipients,
                          .recipient_count = job->recipient_count, .now_wall_ms = clock_now(&clock_system).wall_ms};

    for (size_t i = 0; i < job->recipient_count; i++) {
        const struct mail_recipient *got = &verdict->recipients[i];
        enum reply_end end = got->end == MAIL_ANSWERED ? REPLY_ANSWERED : got->end == MAIL_NOT_SENT ? REPLY_NOT_SENT : REPLY_UNCLEAR;
        recipients[i] = (struct recipient_reply){.code = got->code, .complete = got->complete, .end = end,
                                                 .session_failed = verdict->session_failed && got->end != MAIL_UNCLEAR,
                                                 .text = got->text && got->text[0] ? got->text : verdict->error};
        if (got->code > reply.status)
            reply.status = got->code;
        if (end == REPLY_ANSWERED || (end == REPLY_UNCLEAR && reply.end == REPLY_NOT_SENT))
            reply.end = end;
    }
    job->mail->reply(job->mail->context, job->tag, &reply, now_ms() - job->queued_ms);
}

/* The worker is done, or dead: what it said decides. */
static void finish(struct job *job)
{
    struct mail *mail = job->mail;
    const char *text = buf_text(&job->said);
    bool marked = text_starts(text, MAIL_DATA_MARK);
    struct arena *arena = arena_new();
    struct mail_verdict *verdict = ARENA_NEW(arena, struct mail_verdict, 1);
    int status;

    loop_remove(mail->loop, job->out);
    close(job->out);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    unlink_job(&mail->running, job);
    mail->running_count--;
    size_t skip = marked ? strlen(MAIL_DATA_MARK) : 0;
    if (mail_verdict_read(text + skip, job->said.length - skip, arena, verdict, NULL) && verdict->recipient_count == job->recipient_count)
        reply_verdict(job, verdict);
    else
        reply_all(job, marked ? REPLY_UNCLEAR : REPLY_NOT_SENT,
                  job->killed ? "the mail server did not finish in time" : "the mail worker ended without a verdict");
    arena_free(arena);
    job_free(job);
    loop_wake(mail->loop); /* somebody may have a place now */
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
    /* Not every library of the daemon closes its sockets by itself; none of them is the worker's business. */
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int failed = posix_spawn(&job->pid, program, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return !failed;
}

/* Takes the job off no list; replies where it cannot be started. */
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
    /* Watched first: a worker whose verdict nobody can hear must not begin. */
    bool watched = ok && loop_add(mail->loop, pipes[0], read_verdict, job, NULL), spawned = watched && spawn(job, in, pipes[1]);
    if (in >= 0)
        close(in);
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (spawned) {
        job->out = pipes[0];
        return;
    }
    if (watched)
        loop_remove(mail->loop, pipes[0]);
    if (pipes[0] >= 0)
        close(pipes[0]);
    unlink_job(&mail->running, job);
    mail->running_count--;
    reply_all(job, REPLY_NOT_SENT, "the mail worker could not be started");
    job_free(job);
}

static struct job *job_new(struct mail *mail, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    static const enum mail_tls tls[] = {[STARTTLS_REQUIRED] = MAIL_TLS_REQUIRED, [STARTTLS_IMPLICIT] = MAIL_TLS_IMPLICIT,
                                        [STARTTLS_OFF] = MAIL_TLS_OFF};
    int64_t timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : TIMEOUT_MS;
    struct mail_job mail_job = {.host = config->host, .port = config->port, .from = config->from, .tls = tls[config->starttls],
                                .ca_file = config->ca_file, .insecure_skip_verify = config->insecure_skip_verify,
                                .username = config->username, .password = config->password, .message = request->body,
                                .helo = mail->helo, .recipient_count = request->recipient_count,
                                .timeout_ms = timeout_ms < PHASE_MAX_MS ? timeout_ms : PHASE_MAX_MS};
    struct job *job = memory_zeroed(1, sizeof *job);
    assert(request->recipient_count <= MAIL_RECIPIENTS_MAX);
    *job = (struct job){.mail = mail, .tag = tag, .out = -1, .recipient_count = request->recipient_count, .queued_ms = now_ms(),
                        .timeout_ms = timeout_ms, .text = BUF_EMPTY(MAIL_JOB_MAX), .said = BUF_EMPTY(MAIL_VERDICT_MAX)};
    snprintf(job->server, sizeof job->server, "%.253s:%d", config->host, config->port);
    for (size_t i = 0; i < request->recipient_count; i++)
        mail_job.recipients[i] = request->recipients[i];
    mail_job_write(&mail_job, &job->text);
    return job;
}

void mail_send(struct mail *mail, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct job **end = &mail->waiting;

    while (*end)
        end = &(*end)->next;
    *end = job_new(mail, config, request, tag);
    mail->waiting_count++;
    loop_wake(mail->loop);
}

static size_t running_for(const struct mail *mail, const char *server)
{
    size_t count = 0;
    for (const struct job *job = mail->running; job; job = job->next)
        count += strcmp(job->server, server) == 0;
    return count;
}

/* A waiting job's fate in this round: true, it left the queue. */
static bool settle(struct mail *mail, struct job *job, size_t ahead)
{
    const char *why = NULL;

    if (job->text.full)
        why = "the mail is too large for a worker";
    else if (ahead >= MAIL_QUEUE_MAX)
        why = "too many mails wait for a worker";
    else if (now_ms() - job->queued_ms >= job->timeout_ms)
        why = "waited too long behind other mails to this server";
    else if (mail->running_count >= MAIL_WORKERS_ALL_MAX || running_for(mail, job->server) >= MAIL_WORKERS_MAX)
        return false;
    unlink_job(&mail->waiting, job);
    mail->waiting_count--;
    if (!why) {
        start(mail, job);
        return true;
    }
    reply_all(job, REPLY_NOT_SENT, why);
    job_free(job);
    return true;
}

/* Rings when the next job has had its time. */
static void set_timer(struct mail *mail)
{
    int64_t next_ms = 0, now = now_ms();

    for (const struct job *job = mail->running; job; job = job->next)
        if (!job->killed && (!next_ms || job->started_ms + job->timeout_ms < next_ms))
            next_ms = job->started_ms + job->timeout_ms;
    for (const struct job *job = mail->waiting; job; job = job->next)
        if (!next_ms || job->queued_ms + job->timeout_ms < next_ms)
            next_ms = job->queued_ms + job->timeout_ms;
    int64_t wait_ms = next_ms > now ? next_ms - now : 1;
    struct itimerspec when = {.it_value = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000}};
    if (!next_ms)
        when.it_value = (struct timespec){0};
    timerfd_settime(mail->timer, 0, &when, NULL);
}

void mail_run(struct mail *mail)
{
    size_t ahead = 0;

    if (!mail->running && !mail->waiting)
        return;
    for (struct job *job = mail->running; job; job = job->next)
        if (!job->killed && now_ms() - job->started_ms >= job->timeout_ms) {
            job->killed = true;
            kill(job->pid, SIGKILL); /* its pipe closes, which ends the job */
        }
    for (struct job *job = mail->waiting, *next; job; job = next) {
        next = job->next;
        if (!settle(mail, job, ahead))
            ahead++;
    }
    set_timer(mail);
}

size_t mail_in_flight(const struct mail *mail)
{
    return mail->running_count + mail->waiting_count;
}

void mail_free(struct mail *mail)
{
    if (!mail)
        return;
    loop_remove(mail->loop, mail->timer);
    close(mail->timer);
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
