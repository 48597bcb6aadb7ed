#include "routes/form.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static const char type[] = "application/x-www-form-urlencoded";

bool form_read(const struct call *call, struct arena *arena, struct form_fields *out, struct err *err)
{
    const char *given = call_header(call, "Content-Type");
    size_t length;
    const char *body = call_body(call, &length);

    *out = (struct form_fields){0};
    if (!length)
        return true;
    if (!given || strncasecmp(given, type, sizeof type - 1) != 0)
        return err_set(err, ERR_INPUT, "a form is sent as %s", type);
    if (length > FORM_MAX)
        return err_set(err, ERR_LIMIT, "the form is longer than %u bytes", FORM_MAX);
    if (memchr(body, '\0', length))
        return err_set(err, ERR_INPUT, "the form holds a zero byte");
    return path_parse(arena, arena_printf(arena, "/?%s", body), &out->path, err);
}

const char *form_get(const struct form_fields *form, const char *name)
{
    const char *first[1];

    return form_all(form, name, first, 1) ? first[0] : "";
}

size_t form_all(const struct form_fields *form, const char *name, const char **out, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < form->path.argument_count && count < max; i++)
        if (text_equal(form->path.arguments[i].name, name))
            out[count++] = form->path.arguments[i].value;
    return count;
}
