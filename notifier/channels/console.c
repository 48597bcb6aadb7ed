/* The terminal: plain text, with whatever a stranger's label would do to it made visible. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"

#define CONSOLE_RUNES_MAX 20000

static bool console_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf text = BUF_EMPTY(CONTENT_MAX);
    struct content content;

    (void)config;
    (void)err;
    (void)part_count;
    content_read(&parts[0], arena, &content);
    text_add_terminal(&text, page_lower(&content.page, sending, CONSOLE_RUNES_MAX, arena), true);
    buf_add_text(&text, "\n\n");
    *out = (struct request){.kind = REQUEST_CONSOLE, .body = arena_bytes(arena, buf_text(&text), text.length), .body_length = text.length};
    buf_free(&text);
    return true;
}

static void console_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                         size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    (void)sending;
    (void)parts;
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    verdict_all(out, part_count, OUTCOME_TAKEN, NULL, config, arena);
    for (size_t i = 0; i < part_count; i++)
        out->parts[i].remote_id = "stdout";
}

const struct channel channel_console = {
    .type = "console",
    .in_flight_max = 256,
    .alerts_max = 50,
    .timeout_ms = 5000,
    .limits = {.alerts_max = 50, .size_max = 16000, .measure = page_plain_size},
    .compose = compose_chat,
    .write = console_write,
    .read = console_read,
};
