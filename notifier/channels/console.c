/* The terminal: plain text, with whatever a stranger's label would do to it made visible. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"

#include <string.h>

static bool console_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf text = BUF_EMPTY(CONTENT_MAX);
    struct page page;

    (void)config;
    (void)err;
    (void)part_count;
    content_page(&parts[0], arena, &page);
    const char *words = sending->form == FORM_MINIMAL ? page_minimal(&page, sending, arena) : page_plain(&page, sending, arena);
    text_add_terminal(&text, words, true);
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
