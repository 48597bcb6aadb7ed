/* convert_alertmanager: a whole result that our own reader takes, or a reason and no result. */
#include "notifier/commands/convert.h"
#include "tests/fuzz/fuzz.h"

/* Words of ours that a value of the file can be too bad for; what passes Alertmanager need not pass a provider. */
static bool is_about_a_value(const char *text)
{
    static const char *const known[] = {"does not look like a bot token", "cannot be a header", "must begin with http", "is not a time zone",
                                        "at most 255 bytes", "cannot stand beside",
                                        "no template is called"}; /* perhaps in the files of templates: */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(text, known[i]))
            return true;
    return false;
}

static void read_back(const struct buf *out)
{
    static struct config_complaints complaints;

    memset(&complaints, 0, sizeof complaints);
    config_free(config_parse("result", buf_text(out), out->length, fuzz_environment, &complaints));
    for (size_t i = 0; i < complaints.count; i++) {
        if (complaints.items[i].warning || is_about_a_value(complaints.items[i].text))
            continue;
        fprintf(stderr, "%s\n%s\n", complaints.items[i].text, buf_text(out));
        FUZZ_CHECK(!"the result is refused");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_complaints complaints;
    struct buf out = BUF_EMPTY(CONVERT_OUT_MAX);

    memset(&complaints, 0, sizeof complaints);
    enum conversion_end end = convert_alertmanager("fuzz.yml", (const char *)data, size, &out, &complaints);
    FUZZ_CHECK(complaints.count <= CONFIG_COMPLAINTS_MAX);
    FUZZ_CHECK((end == CONVERT_INVALID) == (complaints.errors > 0));
    FUZZ_CHECK(end == CONVERT_DONE ? out.length > 0 : out.length == 0 && complaints.count > 0);
    if (end == CONVERT_DONE && !strstr(buf_text(&out), "_file")) /* files are not looked for here */
        read_back(&out);
    buf_free(&out);
    return 0;
}
