/* Values as text, by the rules of Go's package fmt. */
#ifndef RENDER_TEMPLATE_PRINT_H
#define RENDER_TEMPLATE_PRINT_H

#include "base/buf.h"
#include "notifier/render/template_value.h"

struct print_spec { /* %-8.2f */
    uint32_t verb;      /* v s d q x X o b c U e f g t */
    bool minus, plus, sharp, space, zero;
    int width, precision; /* characters, digits; -1: not given */
};

/* As {{ . }} and %v show it; nil is "<nil>". */
void value_print(const struct value *value, struct buf *out);
/* What does not fit its verb is shown as Go does: %!d(string=hi). */
void value_print_as(const struct value *value, const struct print_spec *spec, struct buf *out);
/* "a\tb" in quotes, with Go's escapes. */
void print_quoted(const char *text, size_t length, bool ascii, struct buf *out);
const char *print_go_type(const struct value *value); /* "int", "string", "float64" */
/* Text in its width. */
void print_padded(const char *text, size_t length, const struct print_spec *spec, struct buf *out);

#endif
