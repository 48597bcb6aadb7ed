#include "base/err.h"
#include "base/text.h"
#include "tests/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void says_what_it_was_told(void)
{
    struct err err = {0};

    CHECK(!err_set(&err, ERR_LIMIT, "%s: %d bytes", "body", 7), "err_set is always false");
    CHECK_INT(err.kind, ERR_LIMIT);
    CHECK_TEXT(err.text, "body: 7 bytes");
    CHECK(!err_set(NULL, ERR_INPUT, "nobody listens"), "NULL is fine");
    CHECK(!err_within(NULL, "nobody listens"), "NULL is fine");
    err_set(&err, ERR_INPUT, "again: %s", err.text);
    CHECK_TEXT(err.text, "again: body: 7 bytes");
}

static void context_goes_before(void)
{
    struct err err = {0};

    err_set(&err, ERR_STORAGE, "disk full");
    CHECK(!err_within(&err, "%s", "turn"), "err_within is always false");
    CHECK_TEXT(err.text, "turn: disk full");
    CHECK_INT(err.kind, ERR_STORAGE);
    err_within(&err, "%s", err.text);
    CHECK_TEXT(err.text, "turn: disk full: turn: disk full");
}

static void long_text_is_cut(void)
{
    static const size_t lengths[] = {508, 509, 510, 511, 512, 513, 4000};
    char text[4001];

    for (size_t i = 0; i < LENGTH(lengths); i++) {
        struct err err = {0};
        memset(text, 'x', sizeof text);
        text[lengths[i]] = '\0';
        err_set(&err, ERR_INPUT, "%s", text);
        CHECK_INT(strlen(err.text), lengths[i] < ERR_TEXT_MAX ? lengths[i] : ERR_TEXT_MAX - 1);
        err_within(&err, "%s", "where");
        CHECK_INT(strlen(err.text), ERR_TEXT_MAX - 1);
        CHECK(text_starts(err.text, "where: xxx"), "%zu: %.20s", lengths[i], err.text);
        err_within(&err, "%s", text);
        CHECK(strlen(err.text) < ERR_TEXT_MAX, "%zu", lengths[i]);
    }
}

/* The child's standard error is a pipe; what it says, and how it ends. */
static int end_of(bool is_full, char *said, size_t size)
{
    int ends[2], status = 0;

    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        if (is_full) { /* nobody reads: the end must not wait for it */
            signal(SIGALRM, SIG_DFL);
            alarm(20);
            char page[4096] = "";
            for (int i = 0; i < 16; i++) /* a pipe holds 64 KiB */
                if (write(ends[1], page, sizeof page) != sizeof page)
                    _exit(3);
        }
        err_memory();
    }
    close(ends[1]);
    waitpid(child, &status, 0);
    ssize_t length = read(ends[0], said, size - 1);
    said[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    return status;
}

static void no_memory_is_said(void)
{
    char said[512];

    int status = end_of(false, said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%d", status);
    CHECK(strstr(said, "out of memory") && said[strlen(said) - 1] == '\n', "%s", said);
    status = end_of(true, said, sizeof said);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a standard error that nobody reads: %d", status);
}

int main(void)
{
    no_memory_is_said();
    says_what_it_was_told();
    context_goes_before();
    long_text_is_cut();
    return test_end();
}
