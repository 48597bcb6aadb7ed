#include "notifier/mail-worker/mail_worker.h"

#include "base/file.h"
#include "base/text.h"
#include "notifier/mail-worker/session.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void say(const char *text, size_t length)
{
    while (length) {
        ssize_t put = write(STDOUT_FILENO, text, length);
        if (put <= 0)
            return;
        text += put;
        length -= (size_t)put;
    }
}

void mail_mark_data(void)
{
    static bool said;
    if (!said)
        say(MAIL_DATA_MARK, strlen(MAIL_DATA_MARK));
    said = true;
}

/* The daemon's death is ours; a core file would hold a password; libesmtp looks for files below this folder, and
 * must find none. */
static void settle_process(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    signal(SIGPIPE, SIG_IGN);
    setenv("XDG_CONFIG_DIR", "/dev/null", 1);
    setenv("XDG_CONFIG_HOME", "/dev/null", 1);
    unsetenv("HOME");
}

static bool check(const struct mail_job *job, struct err *err)
{
    if (!mail_address_is_sound(job->from))
        return err_set(err, ERR_INPUT, "the sender's address is not usable");
    for (size_t i = 0; i < job->recipient_count; i++)
        if (!mail_address_is_sound(job->recipients[i]))
            return err_set(err, ERR_INPUT, "recipient %zu is not a usable address", i + 1);
    if ((job->username && strlen(job->username) > MAIL_CREDENTIAL_MAX) || (job->password && strlen(job->password) > MAIL_CREDENTIAL_MAX))
        return err_set(err, ERR_INPUT, "username and password may have %d bytes", MAIL_CREDENTIAL_MAX);
    if (strpbrk(job->host, ":/ \r\n") || job->port <= 0 || job->port > 65535)
        return err_set(err, ERR_INPUT, "the server must be a name or an IPv4 address, with its port apart");
    return true;
}

int mail_worker_main(void)
{
    struct buf text = BUF_EMPTY(MAIL_JOB_MAX), out = BUF_EMPTY(MAIL_VERDICT_MAX);
    struct arena *arena = arena_new();
    struct mail_verdict verdict = {0};
    struct mail_job job = {0};
    struct err err = {0};

    settle_process();
    if (!file_read("-", &text, &err) || !mail_job_read(buf_text(&text), text.length, arena, &job, &err) || !check(&job, &err)) {
        verdict.error = err.text;
        verdict.recipient_count = job.recipient_count;
        for (size_t i = 0; i < job.recipient_count; i++)
            verdict.recipients[i].end = MAIL_NOT_SENT;
    } else if (job.tls == MAIL_TLS_IMPLICIT)
        smtps_run(&job, arena, &verdict);
    else
        esmtp_run(&job, arena, &verdict);
    mail_verdict_write(&verdict, &out);
    say(buf_text(&out), out.length);
    explicit_bzero(text.data ? text.data : (char[1]){0}, text.length);
    buf_free(&text);
    buf_free(&out);
    arena_free(arena);
    return 0;
}
