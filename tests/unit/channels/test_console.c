#include "tests/unit/channels/verdicts.h"

static struct channel_config config = {.name = "console", .type = "console", .max_alerts = 50};

static const struct verdict_row replies[] = {
    {"written", PART_POST, 200, NULL, NULL, OUTCOME_TAKEN, -1, "stdout", NULL},
    {"perhaps written", PART_POST, 0, NULL, NULL, OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"not written", PART_POST, -1, NULL, NULL, OUTCOME_FAILED, -1, NULL, NULL},
};

static void check_body(const struct request *request, const char *name)
{
    static const char *const turning[] = {"\xe2\x80\xae", "\xe2\x81\xa6", "\xc2\x9b"};

    size_t clean = 0;
    while (clean < request->body_length && ((unsigned char)request->body[clean] >= 0x20 || request->body[clean] == '\n') &&
           request->body[clean] != 0x7f)
        clean++;
    CHECK(clean == request->body_length, "%s: byte 0x%02x at %zu", name, (unsigned char)request->body[clean], clean);
    for (size_t i = 0; i < LENGTH(turning); i++)
        CHECK(!strstr(request->body, turning[i]), "%s: a mark that turns the line", name);
    CHECK(request->kind == REQUEST_CONSOLE && text_ends(request->body, "\n\n"), "%s: a block of its own", name);
}

int main(void)
{
    config.codec = channel_find("console");
    config.password = SECRET; /* none of its own: the table's words hold one */
    check_verdicts(&config, replies, LENGTH(replies));
    each_hostile_request(&config, "stdout", check_body);
    return test_end();
}
