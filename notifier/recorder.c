#include "notifier/recorder.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/fields.h"
#include "notifier/version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_BYTES 200            /* of a decision */
#define LINE_BYTES_MAX (64u << 20)
#define DUMP_BYTES_MAX (1u << 30)

struct recorder {
    FILE *file;      /* NULL: stopped */
    char *path;
    uint64_t bytes, bytes_max;
    struct instant now;
    struct buf line;
};

struct recorder *recorder_open(const char *path, uint64_t bytes_max, struct err *err)
{
    struct recorder *recorder = memory_zeroed(1, sizeof *recorder);
    struct buf before = BUF_EMPTY(4096);

    recorder->path = memory_text(path);
    buf_addf(&before, "%s.1", path);
    bool moved = !before.full && (rename(path, buf_text(&before)) == 0 || errno == ENOENT);
    int fd = moved ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    recorder->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    recorder->bytes_max = bytes_max ? bytes_max : RECORDER_BYTES_MAX;
    buf_init(&recorder->line, LINE_BYTES_MAX);
    buf_free(&before);
    if (recorder->file)
        return recorder;
    err_set(err, ERR_INPUT, "--record: %s: %s", path, strerror(errno));
    recorder_close(recorder);
    return NULL;
}

static void stop(struct recorder *recorder, const char *why)
{
    log_say(LOG_WARN, "record_stopped", "%s after %" PRIu64 " bytes: %s; what is there can be replayed", recorder->path, recorder->bytes, why);
    fclose(recorder->file);
    recorder->file = NULL;
}

static bool is_on(const struct recorder *recorder)
{
    return recorder && recorder->file;
}

static struct json_out line_begin(struct recorder *recorder)
{
    buf_clear(&recorder->line);
    struct json_out out = json_out(&recorder->line);
    json_open(&out, '{');
    return out;
}

static void line_end(struct recorder *recorder, struct json_out *out)
{
    json_shut(out, '}');
    buf_add_char(&recorder->line, '\n');
    if (!recorder->file)
        return;
    if (recorder->line.full)
        stop(recorder, "a line of it would be longer than 64 MiB");
    else if (fwrite(buf_text(&recorder->line), 1, recorder->line.length, recorder->file) != recorder->line.length)
        stop(recorder, strerror(errno));
    else
        recorder->bytes += recorder->line.length;
}

static void write_config(struct recorder *recorder, const struct config *config)
{
    struct json_out out = line_begin(recorder);

    json_set_text(&out, "config", config->outline ? config->outline : "");
    line_end(recorder, &out);
    if (!config->outline && recorder->file)
        stop(recorder, "the configuration is longer than 1 MiB");
}

static void write_now(struct recorder *recorder, struct instant now)
{
    if (now.steady_ms == recorder->now.steady_ms && now.wall_ms == recorder->now.wall_ms)
        return;
    struct json_out out = line_begin(recorder);
    recorder->now = now;
    json_member(&out, "now");
    json_open(&out, '[');
    json_put_int(&out, now.steady_ms);
    json_put_int(&out, now.wall_ms);
    json_shut(&out, ']');
    line_end(recorder, &out);
}

void recorder_begin(struct recorder *recorder, const struct config *config, uint64_t seed, struct instant now)
{
    char text[24];

    if (!is_on(recorder))
        return;
    if (recorder->bytes && (fflush(recorder->file) != 0 || ftruncate(fileno(recorder->file), 0) != 0 || fseek(recorder->file, 0, SEEK_SET) != 0)) {
        stop(recorder, strerror(errno));
        return;
    }
    recorder->bytes = 0; /* a start that was begun anew */
    recorder->now = (struct instant){0};
    snprintf(text, sizeof text, "%" PRIu64, seed);
    struct json_out out = line_begin(recorder);
    json_set_text(&out, "notifier", NOTIFIER_VERSION);
    json_set_int(&out, "format", RECORDER_FORMAT);
    json_set_text(&out, "seed", text);
    line_end(recorder, &out);
    if (is_on(recorder))
        write_config(recorder, config);
    if (is_on(recorder))
        write_now(recorder, now);
}

void recorder_row(struct recorder *recorder, const struct record *row)
{
    if (!is_on(recorder))
        return;
    struct json_out out = line_begin(recorder);
    json_member(&out, "row");
    json_open(&out, '{');
    record_write(&out, row);
    json_shut(&out, '}');
    line_end(recorder, &out);
}

static void write_flag(struct recorder *recorder, const char *name)
{
    struct json_out out = line_begin(recorder);

    json_set_bool(&out, name, true);
    line_end(recorder, &out);
}

void recorder_loaded(struct recorder *recorder)
{
    if (is_on(recorder))
        write_flag(recorder, "loaded");
}

void recorder_event(struct recorder *recorder, const struct event *event, const struct config *config, struct instant now)
{
    if (!is_on(recorder))
        return;
    if (recorder->bytes >= recorder->bytes_max) {
        stop(recorder, "that is as long as a record may get");
        return;
    }
    write_now(recorder, now);
    if (event->kind == EVENT_RELOAD && is_on(recorder))
        write_config(recorder, config);
    for (size_t i = 0; event->kind == EVENT_ALERTS && i < event->alerts.count && is_on(recorder); i++) {
        struct json_out out = line_begin(recorder);
        alert_input_write(&out, &event->alerts.alerts[i]);
        line_end(recorder, &out);
    }
    if (!is_on(recorder))
        return;
    struct json_out out = line_begin(recorder);
    json_member(&out, "event");
    json_open(&out, '{');
    event_save(&out, event);
    json_shut(&out, '}');
    line_end(recorder, &out);
}

void recorder_tick(struct recorder *recorder, struct instant now)
{
    if (!is_on(recorder))
        return;
    if (recorder->bytes >= recorder->bytes_max)
        stop(recorder, "that is as long as a record may get");
    else
        write_now(recorder, now);
    if (is_on(recorder))
        write_flag(recorder, "tick");
}

void recorder_words(const struct effect *effect, struct buf *out)
{
    struct buf whole = BUF_EMPTY(RECORDER_LINE_MAX);
    struct json_out json = json_out(&whole);

    json_open(&json, '{');
    effect_write(&json, effect);
    json_shut(&json, '}');
    const char *text = buf_text(&whole);
    size_t length = whole.length < WORDS_BYTES ? whole.length : WORDS_BYTES;
    while (length && length < whole.length && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--; /* not inside a character */
    buf_add(out, text, length);
    buf_addf(out, "%s #%016" PRIx64, length < whole.length ? "…" : "", text_hash(text, whole.length, 0));
    buf_free(&whole);
}

void recorder_decided(struct recorder *recorder, const struct effects *effects, size_t from)
{
    struct buf words = BUF_EMPTY(4096);

    for (size_t i = from; i < effects->count && is_on(recorder); i++) {
        struct json_out out = line_begin(recorder);
        buf_clear(&words);
        recorder_words(&effects->items[i], &words);
        json_set_text(&out, "did", buf_text(&words));
        line_end(recorder, &out);
    }
    buf_free(&words);
}

void recorder_flush(struct recorder *recorder)
{
    if (!is_on(recorder))
        return;
    if (fflush(recorder->file) != 0)
        stop(recorder, strerror(errno));
}

void recorder_state(const struct core *core, char out[17])
{
    struct buf dump = BUF_EMPTY(DUMP_BYTES_MAX);

    core_dump(core, &dump);
    snprintf(out, 17, "%016" PRIx64, text_hash(buf_text(&dump), dump.length, 0));
    buf_free(&dump);
}

void recorder_end(struct recorder *recorder, const struct core *core)
{
    char state[17];

    if (!is_on(recorder))
        return;
    struct json_out out = line_begin(recorder);
    recorder_state(core, state);
    json_set_text(&out, "state", state);
    line_end(recorder, &out);
    recorder_flush(recorder);
}

void recorder_close(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->file)
        fclose(recorder->file);
    free(recorder->path);
    buf_free(&recorder->line);
    free(recorder);
}
