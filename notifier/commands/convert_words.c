/* What messages say: texts that are templates. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <ctype.h>
#include <string.h>

/* "slack.default.title" and the like come with Alertmanager. The name, or NULL: what calls none of them. */
static const char *default_name(struct conversion *c, const char *text)
{
    static const char call[] = "template";

    for (const char *at = text; (at = strstr(at, call));) {
        at += strlen(call);
        at += strspn(at, " \t");
        char quote = *at;
        size_t length = quote == '"' || quote == '`' ? strcspn(at + 1, "\"`") : 0;
        const char *name = arena_bytes(c->arena, at + (length > 0), length);
        if (strstr(name, ".default."))
            return name;
    }
    return NULL;
}

/* Nothing but such a call: what Alertmanager does without the setting, too. */
static bool is_default(const char *text)
{
    const char *at = text + strspn(text, " \t\n"), *end = at + strlen(at);

    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    return text_starts(at, "{{") && end - at > 4 && strncmp(end - 2, "}}", 2) == 0 && !strstr(at + 2, "{{");
}

static bool is_carried(struct conversion *c, const struct wording *words)
{
    const char *name = words->value ? default_name(c, words->value->text) : NULL;

    if (!words->value || !words->value->text[0] || (name && is_default(words->value->text)))
        return false;
    if (name)
        convert_note(c, words->value, "this text is not carried over: it calls \"%.60s\", which comes with Alertmanager", name);
    else
        convert_note(c, words->value, "this text is carried over as template.%s; see how it reads", words->ours);
    return !name;
}

void convert_put_words(struct conversion *c, const struct wording *words, size_t count)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        if (!is_carried(c, &words[i]))
            continue;
        if (!open)
            convert_put(c, 4, "template:");
        open = true;
        convert_put_text(c, 6, words[i].ours, words[i].value->text);
    }
}
