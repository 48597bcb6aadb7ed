#include "base/log.h"

#include "base/json.h"
#include "base/zone.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_RING_MAX (1u << 20) /* bytes waiting for each of stderr and stdout */
#define LOG_LINE_MAX (64u << 10)
#define LOG_STOP_MS 2000

struct stream {
    int fd;
    char *ring;
    size_t first, used;
    uint64_t dropped;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool running, stopping;
    enum log_format format;
    enum log_level least;
    struct stream streams[2]; /* stderr, stdout */
} writer = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .least = LOG_INFO,
            .streams = {{.fd = STDERR_FILENO}, {.fd = STDOUT_FILENO}}};

/* Writes what a stream holds, without the lock: a blocked terminal holds up this thread alone. */
static void empty(struct stream *stream)
{
    while (stream->used) {
        size_t run = stream->first + stream->used > LOG_RING_MAX ? LOG_RING_MAX - stream->first : stream->used;
        pthread_mutex_unlock(&writer.mutex);
        ssize_t put = write(stream->fd, stream->ring + stream->first, run);
        int failed = put < 0 ? errno : 0;
        pthread_mutex_lock(&writer.mutex);
        if (failed == EINTR)
            continue;
        if (put <= 0)
            put = (ssize_t)run; /* nobody reads any more: what is lost is lost */
        stream->first = (stream->first + (size_t)put) % LOG_RING_MAX;
        stream->used -= (size_t)put;
    }
}

static void *run(void *context)
{
    (void)context;
    pthread_mutex_lock(&writer.mutex);
    while (!writer.stopping || writer.streams[0].used || writer.streams[1].used) {
        while (!writer.stopping && !writer.streams[0].used && !writer.streams[1].used)
            pthread_cond_wait(&writer.changed, &writer.mutex);
        empty(&writer.streams[0]);
        empty(&writer.streams[1]);
    }
    pthread_mutex_unlock(&writer.mutex);
    return NULL;
}

void log_start(enum log_format format, enum log_level least)
{
    pthread_mutex_lock(&writer.mutex);
    writer.format = format;
    writer.least = least;
    writer.stopping = false;
    for (size_t i = 0; i < 2; i++)
        if (!writer.streams[i].ring && !(writer.streams[i].ring = malloc(LOG_RING_MAX)))
            abort();
    writer.running = writer.running || pthread_create(&writer.thread, NULL, run, NULL) == 0;
    pthread_mutex_unlock(&writer.mutex);
}

void log_stop(void)
{
    struct timespec until;

    pthread_mutex_lock(&writer.mutex);
    bool running = writer.running;
    writer.stopping = true;
    writer.running = false;
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.mutex);
    if (!running)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOG_STOP_MS / 1000;
    if (pthread_timedjoin_np(writer.thread, NULL, &until) != 0)
        return; /* a reader that reads no more: the thread and its rings end with the process */
    for (size_t i = 0; i < 2; i++) {
        free(writer.streams[i].ring);
        writer.streams[i] = (struct stream){.fd = writer.streams[i].fd};
    }
}

/* False when the ring has no room; the text goes whole or not at all. */
static bool hand_over(struct stream *stream, const char *text, size_t length)
{
    pthread_mutex_lock(&writer.mutex);
    if (!writer.running) {
        pthread_mutex_unlock(&writer.mutex);
        return write(stream->fd, text, length) == (ssize_t)length;
    }
    bool room = length <= LOG_RING_MAX - stream->used;
    for (size_t done = 0; room && done < length;) {
        size_t at = (stream->first + stream->used) % LOG_RING_MAX;
        size_t run_length = LOG_RING_MAX - at < length - done ? LOG_RING_MAX - at : length - done;
        memcpy(stream->ring + at, text + done, run_length);
        stream->used += run_length;
        done += run_length;
    }
    stream->dropped += !room;
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

static void add_value(struct buf *out, const char *value)
{
    bool bare = value[0] != '\0';

    for (const unsigned char *c = (const unsigned char *)value; *c && bare; c++)
        bare = *c > 0x20 && *c != '"' && *c != '=' && *c != '\\' && *c < 0x7f;
    if (bare) {
        buf_add_text(out, value);
        return;
    }
    struct json_out json = json_out(out);
    json_put_text(&json, value);
}

static void add_pair(struct log_line *line, const char *key, const char *value, bool number)
{
    bool first = line->text.length == 0;

    if (writer.format == LOG_JSON) {
        struct json_out json = json_out(&line->text);
        buf_add_text(&line->text, first ? "{" : ",");
        json_put_text(&json, key);
        buf_add_char(&line->text, ':');
        if (number)
            buf_add_text(&line->text, value);
        else
            json_put_text(&json, value);
        return;
    }
    buf_addf(&line->text, "%s%s=", first ? "" : " ", key);
    add_value(&line->text, value);
}

struct log_line log_begin(enum log_level level, const char *event)
{
    struct log_line line = {.text = BUF_EMPTY(LOG_LINE_MAX), .level = level, .event = event};
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

    pthread_mutex_lock(&writer.mutex);
    uint64_t dropped = stream->dropped;
    stream->dropped = 0;
    pthread_mutex_unlock(&writer.mutex);
    if (dropped)
        log_number(line, "lines_dropped_before", (int64_t)dropped);
    buf_cut(&line->text, line->text.length < LOG_LINE_MAX - 4 ? line->text.length : LOG_LINE_MAX - 4);
    buf_add_text(&line->text, writer.format == LOG_JSON ? "}\n" : "\n");
    if (line->level >= writer.least)
        hand_over(stream, buf_text(&line->text), line->text.length);
    buf_free(&line->text);
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
    struct buf text = BUF_EMPTY(LOG_LINE_MAX / 2);
    va_list args;

    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    struct log_line line = log_begin(level, event);
    log_text(&line, "text", buf_text(&text));
    log_end(&line);
    buf_free(&text);
}
