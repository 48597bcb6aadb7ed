#include "notifier/render/template_run.h"

#include "notifier/render/template_print.h"

#include <string.h>

/* A NUL would cut the message short where it is read as a C string. */
static void add_raw(struct buf *out, const char *bytes, size_t length)
{
    while (length) {
        const char *nul = memchr(bytes, '\0', length);
        size_t piece = nul ? (size_t)(nul - bytes) : length;
        buf_add(out, bytes, piece);
        bytes += piece + (nul != NULL);
        length -= piece + (nul != NULL);
    }
}

void sink_add_author(struct sink *sink, const char *bytes, size_t length)
{
    add_raw(sink->finished, bytes, length);
    if (sink->plain)
        buf_add(sink->plain, bytes, length);
}

static void add_escaped(struct sink *sink, const char *bytes, size_t length)
{
    if (!sink->escape->add) {
        add_raw(sink->finished, bytes, length);
        return;
    }
    struct buf whole = BUF_EMPTY(length + 1);
    if (memchr(bytes, '\0', length)) {
        add_raw(&whole, bytes, length);
        bytes = buf_text(&whole);
        length = whole.length;
    }
    sink->escape->add(sink->finished, bytes, length);
    buf_free(&whole);
}

void sink_add_bytes(struct sink *sink, const char *bytes, size_t length)
{
    add_escaped(sink, bytes, length);
    if (sink->plain)
        buf_add(sink->plain, bytes, length);
}

void sink_add_value(struct sink *sink, const struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        if (value->finished && sink->escape->add)
            add_raw(sink->finished, value->finished->bytes, value->finished->length);
        else
            add_escaped(sink, value->text.bytes, value->text.length);
        if (sink->plain)
            buf_add(sink->plain, value->text.bytes, value->text.length);
        return;
    }
    struct buf text = BUF_EMPTY(sink->finished->limit);
    value_print(value, &text);
    sink_add_bytes(sink, buf_text(&text), text.length);
    if (text.full)
        sink->finished->full = true;
    buf_free(&text);
}

bool run_spend(struct template_run *run, uint32_t steps, struct err *err)
{
    if (arena_used(run->arena) > run->options.limits.memory)
        return err_set(err, ERR_LIMIT, "the template builds more than %zu MiB of values", run->options.limits.memory / 1024 / 1024);
    if (steps > run->options.limits.steps - run->steps) {
        run->steps = run->options.limits.steps;
        return err_set(err, ERR_LIMIT, "the template takes more than %u steps", run->options.limits.steps);
    }
    run->steps += steps;
    return true;
}

bool run_enter(struct template_run *run, struct err *err)
{
    if (run->level >= TEMPLATE_LEVELS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d actions and parentheses inside each other", TEMPLATE_LEVELS_MAX);
    run->level++;
    return true;
}

void run_leave(struct template_run *run)
{
    run->level--;
}

static bool too_long(const struct template_run *run, struct err *err)
{
    return err_set(err, ERR_LIMIT, "a text of more than %zu bytes", run->options.limits.output);
}

bool run_take(struct template_run *run, struct buf *buf, struct value *value, struct err *err)
{
    bool ok = !buf->full || too_long(run, err);

    if (ok)
        *value = value_bytes(arena_bytes(run->arena, buf_text(buf), buf->length), buf->length);
    buf_free(buf);
    return ok;
}

struct sink run_sink(struct template_run *run, struct buf *finished, struct buf *plain)
{
    buf_init(finished, run->options.limits.output);
    buf_init(plain, run->options.limits.output);
    return (struct sink){.finished = finished, .plain = run->options.escape->add ? plain : NULL, .escape = run->options.escape};
}

bool run_take_sink(struct template_run *run, struct sink *sink, struct value *value, struct err *err)
{
    struct value finished = value_nil();
    bool ok = run_take(run, sink->finished, &finished, err);

    if (!sink->plain) {
        *value = finished;
        return ok;
    }
    ok = run_take(run, sink->plain, value, ok ? err : NULL) && ok;
    if (ok) {
        struct value_bytes *bytes = ARENA_NEW(run->arena, struct value_bytes, 1);
        *bytes = finished.text;
        value->finished = bytes;
    }
    return ok;
}

const struct zone *run_zone(struct template_run *run, const char *name, struct err *err)
{
    for (size_t i = 0; i < run->zone_count; i++)
        if (strcmp(run->zones[i].name, name) == 0)
            return run->zones[i].zone;
    if (run->zone_count == TEMPLATE_ZONES_MAX) {
        err_set(err, ERR_LIMIT, "more than %d time zones in one message", TEMPLATE_ZONES_MAX);
        return NULL;
    }
    struct zone *zone = zone_open(name, err);
    if (zone)
        run->zones[run->zone_count++] = (struct run_zone){arena_text(run->arena, name), zone};
    return zone;
}
