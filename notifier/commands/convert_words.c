/* What messages say: texts that are templates, in a language that is ours too. */
#include "notifier/commands/convert_private.h"

void convert_put_words(struct conversion *c, const struct wording *words, size_t count)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        if (!words[i].value || !words[i].value->text[0])
            continue;
        convert_note(c, words[i].value, "this text is carried over as template.%s; see how it reads", words[i].ours);
        if (!open)
            convert_put(c, 4, "template:");
        open = true;
        convert_put_text(c, 6, words[i].ours, words[i].value->text);
    }
}
