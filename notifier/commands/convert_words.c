/* What messages say: texts that are templates, in a language that is ours too. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"
#include "notifier/render/template.h"

#include <string.h>

/* Alertmanager finds this out when it sends, and our reader would name a line of the result: the place in its own file is
 * known only here. */
static bool is_template(struct conversion *c, const struct wording *words)
{
    struct checked_words *checked = ARENA_NEW(c->arena, struct checked_words, 1);
    const char *text = words->value->text;
    struct err err;

    *checked = (struct checked_words){arena_printf(c->arena, "%s(%zu)", words->ours, ++c->words_count), words->value, c->words};
    if (!template_set_parse(c->templates, checked->name, text, strlen(text), &err))
        return convert_refuse(c, words->value, "this template is broken at %s (line and column within the text)", strchr(err.text, ')') + 2);
    c->words = checked;
    return true;
}

/* What is called may also be defined in the files of templates:, which are read with the result. */
void convert_check_words(struct conversion *c)
{
    const struct yaml_node *files = convert_at(c->root, "templates");
    struct err err;

    if ((files && files->count) || template_set_check(c->templates, &err))
        return;
    for (const struct checked_words *words = c->words; words; words = words->next)
        if (text_starts(err.text, words->name))
            convert_refuse(c, words->value, "this template is broken at %s (line and column within the text)", strchr(err.text, ')') + 2);
}

void convert_put_words(struct conversion *c, const struct wording *words, size_t count)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        if (!words[i].value || !words[i].value->text[0] || !is_template(c, &words[i]))
            continue;
        convert_note(c, words[i].value, "this text is carried over as template.%s; see how it reads", words[i].ours);
        if (!open)
            convert_put(c, 4, "template:");
        open = true;
        convert_put_text(c, 6, words[i].ours, words[i].value->text);
    }
}
