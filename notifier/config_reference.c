/* docs/reference/configuration.md, out of the tables that read the file. */
#include "base/text.h"
#include "notifier/config_private.h"

#include <string.h>

static const char *kind_name(const struct setting *setting)
{
    switch (setting->kind) {
    case SET_TEXT: return "text";
    case SET_SECRET: return "secret";
    case SET_DURATION: return "duration";
    case SET_SIZE: return "size";
    case SET_BOOL: return "true or false";
    case SET_INT:
    case SET_COUNT: return "number";
    case SET_TEXTS:
    case SET_MATCHERS: return "list";
    case SET_PAIRS: return "names to texts";
    case SET_MAP: return "settings";
    case SET_MAPS: return "list of settings";
    case SET_OWN: break;
    }
    return setting->below ? "see below" : "";
}

/* A | would end the cell. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_addf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void write_rows(struct buf *out, const struct setting *settings)
{
    buf_add_text(out, "\n| setting | kind | default | what |\n|---|---|---|---|\n");
    for (; settings->key; settings++) {
        buf_addf(out, "| `%s`%s | %s | ", settings->key, settings->kind == SET_SECRET ? " (or `_file`)" : "", kind_name(settings));
        if (settings->fallback)
            buf_addf(out, "%s | ", settings->fallback);
        else
            buf_add_text(out, "– | ");
        if (settings->types)
            buf_addf(out, "*%s:* ", settings->types);
        add_cell(out, settings->help);
        buf_add_text(out, settings->later ? " **Not acted on yet**; `check-config` says so where it is used. |\n" : " |\n");
    }
}

static void write_section(struct buf *out, const char *path, const struct setting *settings)
{
    buf_addf(out, "\n## `%s`\n", path);
    write_rows(out, settings);
    for (; settings->key; settings++) {
        if (!settings->below)
            continue;
        struct buf deeper = BUF_EMPTY(256);
        buf_addf(&deeper, "%s.%s", path, settings->key);
        write_section(out, buf_text(&deeper), settings->below);
        buf_free(&deeper);
    }
}

void config_write_reference(struct buf *out)
{
    buf_add_text(out,
        "# Configuration reference\n\n"
        "Written by `make docs` from the tables that read the file; what stands here is what `notifier` takes. A commented example is\n"
        "[config/notifier.yaml](../../config/notifier.yaml); [configuration](../configuration.md) explains how the parts fit.\n\n"
        "- An unknown setting is an error, with its place and a suggestion. Keys at the top that begin with `x-` are left alone: a place for anchors.\n"
        "- `\"${NAME}\"` and `\"${NAME:-default}\"` expand from the environment, in values, after the file was read; a variable that is not set and has\n"
        "  no default is an error. `$${` is a plain `${`. Inside `{}` and `[]` the quotes are needed.\n"
        "- A *secret* may be given as `NAME_file` instead: the first line of that file. Secrets are never logged, shown or exported.\n"
        "- A *duration* is written `500ms`, `30s`, `5m`, `4h`, `90d`, or as a sum: `1h30m`. A *size* is written `64KiB`, `32MiB`, `1GiB`.\n"
        "- A *list* of one entry may be written without brackets.\n");
    buf_add_text(out, "\n## Top level\n");
    write_rows(out, top_settings);
    for (const struct setting *setting = top_settings; setting->key; setting++)
        if (setting->below)
            write_section(out, setting->key, setting->below);
}
