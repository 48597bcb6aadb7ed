#include "base/log.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_RING_MAX (1u << 20)   /* bytes waiting for each of stderr and stdout */
#define LOG_LINE_MAX (64u << 10)  /* bytes of a line; what passes it is left out */
#define LOG_VALUE_MAX (8u << 10)  /* bytes of one value; the rest is cut. Escaped at its worst it still fits a line */
#define LOG_TAIL 64               /* bytes of a line kept for its last words */
#define LOG_CHUNK PIPE_BUF        /* bytes a pipe takes without blocking once poll says so */
#define LOG_POLL_MS 50            /* how soon a thread held up by one stream looks after the other */
#define LOG_STOP_MS 2000

struct stream {
    int fd;
    char *ring;
    size_t first, used;
    uint64_t dropped; /* lines, since the last that told */
};

enum state {
    LOG_DIRECT,   /* no thread: straight to the descriptor */
    LOG_RUNNING,
    LOG_ABANDONED /* the thread hangs in a write nobody reads: every line is dropped */
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    enum state state;
    bool stopping, ended;
    atomic_int format, least;
    struct stream streams[2]; /* stderr, stdout */
} writer = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .least = LOG_INFO,
            .streams = {{.fd = STDERR_FILENO}, {.fd = STDOUT_FILENO}}};

static void forget(struct stream *stream, size_t length)
{
    stream->first = (stream->first + length) % LOG_RING_MAX;
    stream->used -= length;
}

/* One write of what poll said the descriptor takes; the lock is let go meanwhile. */
static void write_some(struct stream *stream)
{
    size_t size = stream->used < LOG_CHUNK ? stream->used : LOG_CHUNK;

    if (size > LOG_RING_MAX - stream->first)
        size = LOG_RING_MAX - stream->first;
    pthread_mutex_unlock(&writer.mutex);
    ssize_t put = write(stream->fd, stream->ring + stream->first, size);
    int failed = put < 0 ? errno : 0;
    pthread_mutex_lock(&writer.mutex);
    if (failed == EINTR || failed == EAGAIN)
        return;
    forget(stream, put > 0 ? (size_t)put : stream->used); /* nobody reads any more: what is lost is lost */
}

/* Serves whichever stream can take something, so that a blocked one does not hold up the other. */
static void write_ready(void)
{
    struct pollfd ready[2];

    for (size_t i = 0; i < 2; i++)
        ready[i] = (struct pollfd){.fd = writer.streams[i].used ? writer.streams[i].fd : -1, .events = POLLOUT};
    pthread_mutex_unlock(&writer.mutex);
    int count = poll(ready, 2, LOG_POLL_MS);
    pthread_mutex_lock(&writer.mutex);
    for (size_t i = 0; count > 0 && i < 2; i++)
        if (ready[i].revents)
            write_some(&writer.streams[i]);
}

static bool anything_waits(void)
{
    return writer.streams[0].used || writer.streams[1].used;
}

static void *run(void *context)
{
    (void)context;
    pthread_mutex_lock(&writer.mutex);
    while (!writer.stopping || anything_waits())
        if (anything_waits())
            write_ready();
        else
            pthread_cond_wait(&writer.changed, &writer.mutex);
    writer.ended = true;
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.mutex);
    return NULL;
}

void log_start(enum log_format format, enum log_level least)
{
    sigset_t all, before;

    atomic_store(&writer.format, format);
    atomic_store(&writer.least, least);
    pthread_mutex_lock(&writer.mutex);
    if (writer.state == LOG_DIRECT) {
        writer.stopping = writer.ended = false;
        for (size_t i = 0; i < 2; i++)
            if (!writer.streams[i].ring)
                writer.streams[i].ring = memory_get(LOG_RING_MAX);
        /* Signals are for the loop; a SIGPIPE of this thread's own is an EPIPE instead. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (pthread_create(&writer.thread, NULL, run, NULL) == 0)
            writer.state = LOG_RUNNING;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_mutex_unlock(&writer.mutex);
}

void log_stop(void)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOG_STOP_MS / 1000;
    pthread_mutex_lock(&writer.mutex);
    if (writer.state == LOG_RUNNING && !writer.stopping) {
        writer.stopping = true;
        pthread_cond_signal(&writer.changed);
        while (!writer.ended && !failed)
            failed = pthread_cond_clockwait(&writer.changed, &writer.mutex, CLOCK_MONOTONIC, &until);
        writer.state = writer.ended ? LOG_DIRECT : LOG_ABANDONED; /* abandoned, thread and rings end with the process */
        if (writer.ended)
            pthread_join(writer.thread, NULL);
        for (size_t i = 0; writer.ended && i < 2; i++) {
            free(writer.streams[i].ring);
            writer.streams[i] = (struct stream){.fd = writer.streams[i].fd};
        }
    }
    pthread_mutex_unlock(&writer.mutex);
}

static bool write_directly(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t put = write(fd, text, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        text += put;
        length -= (size_t)put;
    }
    return true;
}

/* False when the ring has no room; the text goes whole or not at all. */
static bool hand_over(struct stream *stream, const char *text, size_t length)
{
    pthread_mutex_lock(&writer.mutex);
    enum state state = writer.state;
    if (state == LOG_DIRECT) {
        pthread_mutex_unlock(&writer.mutex);
        return write_directly(stream->fd, text, length);
    }
    bool room = state == LOG_RUNNING && length <= LOG_RING_MAX - stream->used;
    for (size_t done = 0; room && done < length;) {
        size_t at = (stream->first + stream->used) % LOG_RING_MAX;
        size_t run_length = LOG_RING_MAX - at < length - done ? LOG_RING_MAX - at : length - done;
        memcpy(stream->ring + at, text + done, run_length);
        stream->used += run_length;
        done += run_length;
    }
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.mutex);
    return room;
}

bool log_stdout(const char *text, size_t length)
{
    return hand_over(&writer.streams[1], text, length);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    return "?";
}

/* logfmt: bare where that is plain, else in quotes; nothing a terminal would obey. */
static void add_value(struct buf *out, const char *value)
{
    struct buf escaped = BUF_EMPTY(2 * strlen(value));
    bool bare = value[0] != '\0';

    for (const unsigned char *c = (const unsigned char *)value; *c && bare; c++)
        bare = *c > 0x20 && *c != '"' && *c != '=' && *c != '\\' && *c < 0x7f;
    if (bare) {
        buf_add_text(out, value);
        return;
    }
    for (const char *c = value; *c; c++)
        if (*c == '"' || *c == '\\' || *c == '\n' || *c == '\t') {
            buf_add_char(&escaped, '\\');
            buf_add_char(&escaped, *c == '\n' ? 'n' : *c == '\t' ? 't' : *c);
        } else
            buf_add_char(&escaped, *c);
    buf_add_char(out, '"');
    text_add_terminal(out, buf_text(&escaped), false);
    buf_add_char(out, '"');
    buf_free(&escaped);
}

/* A pair goes whole or not at all: half of one would spoil the line for whoever parses it. */
static void add_pair(struct log_line *line, const char *key, const char *value, bool number)
{
    struct buf *text = &line->text;
    bool json = atomic_load(&writer.format) == LOG_JSON;
    size_t before = text->length, end = strnlen(value, LOG_VALUE_MAX + 1);
    char *cut = NULL;

    if (end > LOG_VALUE_MAX) {
        for (end = LOG_VALUE_MAX; end > LOG_VALUE_MAX - 4 && ((unsigned char)value[end] & 0xc0) == 0x80;)
            end--; /* not within a character */
        struct buf kept = BUF_EMPTY(LOG_VALUE_MAX + 8);
        buf_add(&kept, value, end);
        buf_add_text(&kept, "...");
        value = cut = buf_take(&kept, NULL);
    }
    if (json) {
        struct json_out out = json_out(text);
        buf_add_text(text, before ? "," : "{");
        json_put_text(&out, key);
        buf_add_char(text, ':');
        if (number)
            buf_add_text(text, value);
        else
            json_put_text(&out, value);
    } else {
        buf_addf(text, "%s%s=", before ? " " : "", key);
        add_value(text, value);
    }
    if (text->full) {
        buf_cut(text, before);
        text->full = false;
    }
    free(cut);
}

struct log_line log_begin(enum log_level level, const char *event)
{
    struct log_line line = {.text = BUF_EMPTY(LOG_LINE_MAX - LOG_TAIL), .level = level, .event = event};
    struct buf time_text = BUF_EMPTY(64);
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    zone_add_rfc3339(&time_text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    add_pair(&line, "time", buf_text(&time_text), false);
    add_pair(&line, "level", level_name(level), false);
    add_pair(&line, "event", event, false);
    buf_free(&time_text);
    return line;
}

void log_text(struct log_line *line, const char *key, const char *value)
{
    add_pair(line, key, value ? value : "", false);
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_pair(line, key, text, true);
}

void log_end(struct log_line *line)
{
    struct stream *stream = &writer.streams[0];
    uint64_t dropped = 0;

    if (line->level >= (enum log_level)atomic_load(&writer.least)) {
        pthread_mutex_lock(&writer.mutex);
        dropped = stream->dropped;
        stream->dropped = 0;
        pthread_mutex_unlock(&writer.mutex);
        line->text.limit = LOG_LINE_MAX;
        if (dropped)
            log_number(line, "lines_dropped_before", (int64_t)dropped);
        buf_add_text(&line->text, atomic_load(&writer.format) == LOG_JSON ? "}\n" : "\n");
        if (!hand_over(stream, buf_text(&line->text), line->text.length)) {
            pthread_mutex_lock(&writer.mutex);
            stream->dropped += dropped + 1;
            pthread_mutex_unlock(&writer.mutex);
        }
    }
    buf_free(&line->text);
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
    char text[4096]; /* longer text is cut */
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct log_line line = log_begin(level, event);
    log_text(&line, "text", text);
    log_end(&line);
}
