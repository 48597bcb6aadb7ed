/* Numbers as text, by the rules of Go's package fmt. */
#ifndef RENDER_TEMPLATE_NUMBERS_H
#define RENDER_TEMPLATE_NUMBERS_H

#include "notifier/render/template_print.h"

/* False, and nothing added, where the verb is not one for such numbers. */
bool number_add_int(int64_t whole, const struct print_spec *spec, struct buf *out);
bool number_add_float(double real, const struct print_spec *spec, struct buf *out);

#endif
