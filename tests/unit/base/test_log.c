#include "base/log.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* While a test listens, 1 and 2 lead elsewhere; no CHECK stands between listen() and heard(). */
static int kept[3], file_fd[3];

static void lead(int fd, int to)
{
    kept[fd] = dup(fd);
    dup2(to, fd);
}

static void lead_back(int fd)
{
    dup2(kept[fd], fd);
    close(kept[fd]);
}

static void listen_to(int fd)
{
    file_fd[fd] = memfd_create("log", MFD_CLOEXEC);
    lead(fd, file_fd[fd]);
}

static const char *heard(int fd)
{
    static char text[3][4 << 20];
    lead_back(fd);
    ssize_t got = pread(file_fd[fd], text[fd], sizeof text[fd] - 1, 0);
    text[fd][got > 0 ? got : 0] = '\0';
    close(file_fd[fd]);
    return text[fd];
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t lines_in(const char *text)
{
    size_t lines = 0;
    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

static const struct {
    const char *name, *value, *logfmt;
} values[] = {
    {"plain", "slack-ops", "k=slack-ops"},
    {"empty", "", "k=\"\""},
    {"NULL", NULL, "k=\"\""},
    {"space", "two words", "k=\"two words\""},
    {"equals", "a=b", "k=\"a=b\""},
    {"quotes", "say \"hi\"", "k=\"say \\\"hi\\\"\""},
    {"backslash", "a\\b", "k=\"a\\\\b\""},
    {"forged line", "x\nlevel=error event=fake", "k=\"x\\nlevel=error event=fake\""},
    {"tab", "a\tb", "k=\"a\\tb\""},
    {"terminal escape", "\x1b[2Jx\r", "k=\"\\x1b[2Jx\\x0d\""},
    {"C1 escape", "\xc2\x9b" "2J", "k=\"\\xc2\\x9b2J\""},
    {"turned text", "\xe2\x80\xaegpj", "k=\"\\xe2\\x80\\xaegpj\""},
    {"invalid bytes", "a\xff", "k=\"a\\xff\""},
    {"umlaut", "gr\xc3\xbcn", "k=\"gr\xc3\xbcn\""},
    {"markup stays legible", "<a b>", "k=\"<a b>\""},
    {"format", "%s%n", "k=%s%n"},
};

static void values_are_quoted_where_needed(void)
{
    for (size_t i = 0; i < LENGTH(values); i++) {
        listen_to(STDERR_FILENO); /* before log_start: straight to stderr */
        struct log_line line = log_begin(LOG_WARN, "tested");
        log_text(&line, "k", values[i].value);
        log_number(&line, "n", INT64_MIN);
        log_end(&line);
        const char *text = heard(STDERR_FILENO);
        CHECK(text_starts(text, "time=2") && strstr(text, "Z level=warn event=tested k="), "%s: %s", values[i].name, text);
        CHECK(strstr(text, values[i].logfmt) && text_ends(text, " n=-9223372036854775808\n"), "%s: %s", values[i].name, text);
        CHECK(lines_in(text) == 1, "%s is one line", values[i].name);
    }
}

static void json_lines_are_json(void)
{
    for (size_t i = 0; i < LENGTH(values); i++) {
        listen_to(STDERR_FILENO);
        log_start(LOG_JSON, LOG_DEBUG);
        struct log_line line = log_begin(LOG_DEBUG, "tested");
        log_text(&line, "k", values[i].value);
        log_number(&line, "n", 42);
        log_end(&line);
        log_stop();
        const char *text = heard(STDERR_FILENO);
        struct cJSON *json = json_parse(text, strlen(text), NULL);
        CHECK(json && text_ends(text, "}\n") && lines_in(text) == 1, "%s: %s", values[i].name, text);
        CHECK(json_get_int(json, "n", 0) == 42 && text_equal(json_get_text(json, "level"), "debug"), "%s: %s", values[i].name, text);
        struct buf want = BUF_EMPTY(100);
        text_add_clean(&want, text_or(values[i].value, ""), strlen(text_or(values[i].value, "")));
        CHECK(text_equal(json_get_text(json, "k"), buf_text(&want)), "%s: %s", values[i].name, text);
        buf_free(&want);
        json_close(json);
    }
}

static void long_values_leave_whole_lines(void)
{
    static const char *const parts[] = {"x", "\x1b", "\"", "\xe2\x82\xac", "\xff"};
    static char big[200000];

    for (size_t i = 0; i < 2 * LENGTH(parts); i++) {
        size_t size = strlen(parts[i / 2]);
        bool as_json = i % 2;
        for (size_t at = 0; at < sizeof big - 4; at += size)
            memcpy(big + at, parts[i / 2], size + 1);
        listen_to(STDERR_FILENO);
        log_start(as_json ? LOG_JSON : LOG_LOGFMT, LOG_INFO);
        struct log_line line = log_begin(LOG_INFO, "big");
        for (int k = 0; k < 20; k++)
            log_text(&line, "k", big);
        log_end(&line);
        log_say(LOG_INFO, "said", "%s", big);
        log_stop();
        const char *text = heard(STDERR_FILENO), *second = strchr(text, '\n');
        REQUIRE(second && lines_in(text) == 2, "two lines, not %zu", lines_in(text));
        size_t length = (size_t)(++second - text);
        CHECK(length > 8000 && length <= 65536, "%zu bytes", length);
        CHECK(strstr(second, "said") && strlen(second) > 4000, "%.100s", second);
        struct cJSON *json = json_parse(text, length, NULL);
        CHECK((json != NULL) == as_json, "the line is whole: %.60s", text);
        CHECK(as_json || text_ends(second, "\n"), "closed");
        CHECK(text_is_utf8(text, strlen(text)), "no character is cut");
        json_close(json);
    }
}

static void levels(void)
{
    static const struct {
        enum log_level least;
        size_t lines;
    } rows[] = {{LOG_DEBUG, 4}, {LOG_INFO, 3}, {LOG_WARN, 2}, {LOG_ERROR, 1}};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        listen_to(STDERR_FILENO);
        log_start(LOG_LOGFMT, LOG_ERROR);
        log_start(LOG_LOGFMT, rows[i].least); /* a second time changes the level */
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
            log_say((enum log_level)level, "e", "%d", level);
        log_stop();
        log_stop();
        const char *text = heard(STDERR_FILENO);
        CHECK_INT(lines_in(text), rows[i].lines);
        CHECK(strstr(text, "level=error event=e text=3\n"), "%s", text);
    }
    log_start(LOG_LOGFMT, LOG_INFO);
    log_stop();
}

static void *drain(void *ends)
{
    static char text[8 << 20];
    size_t length = 0;
    for (ssize_t got; (got = read(((int *)ends)[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    text[length] = '\0';
    return text;
}

/* A terminal that reads nothing costs lines, never time; stdout goes on meanwhile. */
static void a_blocked_stderr_holds_nobody_up(void)
{
    enum { LINES = 5000 };
    int ends[2];
    char filler[1000];
    pthread_t reader;
    void *text;
    bool queued = true;

    memset(filler, 'f', sizeof filler);
    filler[sizeof filler - 1] = '\0';
    REQUIRE(pipe(ends) == 0, "pipe");
    lead(STDERR_FILENO, ends[1]);
    listen_to(STDOUT_FILENO);
    log_start(LOG_LOGFMT, LOG_INFO);
    int64_t begin = now_ms();
    for (int i = 0; i < LINES; i++)
        log_say(LOG_INFO, "flood", "%s", filler);
    int64_t took = now_ms() - begin;
    for (int i = 0; i < 100; i++)
        queued = log_stdout("console\n", 8) && queued;
    usleep(300000);
    off_t console = lseek(STDOUT_FILENO, 0, SEEK_END);
    pthread_create(&reader, NULL, drain, ends);
    usleep(300000);
    log_say(LOG_INFO, "after", "the flood");
    log_stop();
    lead_back(STDERR_FILENO);
    close(ends[1]);
    pthread_join(reader, &text);
    close(ends[0]);
    const char *out = heard(STDOUT_FILENO), *told = strstr(text, "lines_dropped_before=");
    CHECK(took < 2000, "%lld ms for %d lines nobody reads", (long long)took, LINES);
    CHECK(queued && console == 800 && lines_in(out) == 100, "stdout went on: %lld bytes", (long long)console);
    REQUIRE(told && strstr(text, "event=after"), "the next line tells what was dropped");
    size_t dropped = 0; /* each line that found room told of those before it that had not */
    for (; told; told = strstr(told + 1, "lines_dropped_before="))
        dropped += strtoul(told + strlen("lines_dropped_before="), NULL, 10);
    CHECK(dropped > 1000 && lines_in(text) + dropped == LINES + 1, "%zu lines and %zu dropped", lines_in(text), dropped);
}

static void a_full_stdout_says_so(void)
{
    int ends[2];
    static char chunk[10000];
    size_t taken = 0;
    pthread_t reader;
    void *text;

    memset(chunk, 'c', sizeof chunk);
    REQUIRE(pipe(ends) == 0, "pipe");
    lead(STDOUT_FILENO, ends[1]);
    log_start(LOG_LOGFMT, LOG_INFO);
    while (taken < 1000 && log_stdout(chunk, sizeof chunk))
        taken++;
    pthread_create(&reader, NULL, drain, ends);
    bool again = false;
    for (int i = 0; i < 200 && !again; i++, usleep(10000))
        again = log_stdout("end", 3);
    log_stop();
    lead_back(STDOUT_FILENO);
    close(ends[1]);
    pthread_join(reader, &text);
    close(ends[0]);
    CHECK(taken > 100 && taken < 130, "%zu of 10 kB in 1 MiB and a pipe", taken);
    CHECK(again && strlen(text) == taken * sizeof chunk + 3 && text_ends(text, "cend"), "%zu bytes came", strlen(text));
}

static void a_reader_gone_kills_nobody(void)
{
    int ends[2];

    REQUIRE(pipe(ends) == 0, "pipe");
    close(ends[0]);
    lead(STDERR_FILENO, ends[1]);
    lead(STDOUT_FILENO, ends[1]);
    log_start(LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 100; i++) {
        log_say(LOG_INFO, "nobody", "reads");
        log_stdout("nobody\n", 7);
    }
    log_stop();
    lead_back(STDERR_FILENO);
    lead_back(STDOUT_FILENO);
    close(ends[1]);
    CHECK(true, "still here");
}

static void *chatter(void *number)
{
    for (int i = 0; i < 500; i++) {
        log_say(LOG_INFO, "chatter", "%d-%d", *(int *)number, i);
        log_stdout("out\n", 4);
    }
    return NULL;
}

static void many_threads_many_lines(void)
{
    pthread_t threads[4];
    int numbers[4] = {0, 1, 2, 3};

    listen_to(STDERR_FILENO);
    listen_to(STDOUT_FILENO);
    log_start(LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, chatter, &numbers[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    const char *text = heard(STDERR_FILENO), *out = heard(STDOUT_FILENO);
    CHECK_INT(lines_in(text), 2000);
    CHECK_INT(lines_in(out), 2000);
    size_t whole = 0;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1)
        whole += text_starts(at, "time=");
    CHECK_INT(whole, 2000);
}

/* In a process of its own, whose log is lost for good. */
static void the_end_is_not_held_up(void)
{
    int ends[2], status = -1;
    char filler[1000];

    memset(filler, 'f', sizeof filler);
    filler[sizeof filler - 1] = '\0';
    REQUIRE(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        log_start(LOG_LOGFMT, LOG_INFO);
        for (int i = 0; i < 500; i++)
            log_say(LOG_INFO, "flood", "%s", filler);
        int64_t begin = now_ms();
        log_stop();
        for (int i = 0; i < 500; i++)
            log_say(LOG_INFO, "late", "%s", filler);
        log_start(LOG_LOGFMT, LOG_INFO);
        int64_t took = now_ms() - begin;
        _exit(took >= 1900 && took < 4000 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0, "status %d", status);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    values_are_quoted_where_needed();
    json_lines_are_json();
    long_values_leave_whole_lines();
    levels();
    a_blocked_stderr_holds_nobody_up();
    a_full_stdout_says_so();
    a_reader_gone_kills_nobody();
    many_threads_many_lines();
    the_end_is_not_held_up();
    return test_end();
}
