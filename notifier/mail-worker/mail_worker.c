#include "notifier/mail-worker/mail_worker.h"

#include "base/file.h"
#include "notifier/mail-worker/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void say(const char *text, size_t length)
{
    int before = errno; /* libesmtp takes a changed errno in its callbacks for a failure */

    while (length) {
        ssize_t put = write(STDOUT_FILENO, text, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        text += put;
        length -= (size_t)put;
    }
    errno = before;
}

void mail_mark_data(void)
{
    static bool said;
    if (!said)
        say(MAIL_DATA_MARK, strlen(MAIL_DATA_MARK));
    said = true;
}

void mail_say_verdict(const struct mail_verdict *verdict)
{
    static bool said;
    struct buf out = BUF_EMPTY(MAIL_VERDICT_MAX);

    if (said)
        return;
    said = true;
    mail_verdict_write(verdict, &out);
    say(buf_text(&out), out.length);
    buf_free(&out);
    alarm(MAIL_QUIT_S); /* nobody catches it: a server that says no good-bye is left */
}

/* The daemon's death is ours; a core file would hold a password; libesmtp looks for keys and authorities below
 * a folder and must find none: nothing can be created in /proc. */
static void settle_process(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, SIG_DFL);
    setenv("XDG_CONFIG_DIR", "/proc/self/none", 1);
    setenv("XDG_CONFIG_HOME", "/proc/self/none", 1);
    setenv("HOME", "/proc/self/none", 1);
}

int mail_worker_main(void)
{
    struct buf text = BUF_EMPTY(MAIL_JOB_MAX);
    struct arena *arena = arena_new();
    struct mail_verdict verdict;
    struct mail_job job = {0};
    struct err err = {0};

    settle_process();
    bool ok = file_read("-", &text, &err) && mail_job_read(buf_text(&text), text.length, arena, &job, &err);
    if (text.data)
        explicit_bzero(text.data, text.length);
    buf_free(&text);
    if (!ok || !mail_job_is_sound(&job, &err)) {
        mail_verdict_none(&job, err.text, &verdict);
        verdict.session_failed = ok;
        mail_say_verdict(&verdict);
    } else if (job.tls == MAIL_TLS_IMPLICIT)
        smtps_run(&job, arena);
    else
        esmtp_run(&job, arena);
    arena_free(arena);
    return 0;
}
