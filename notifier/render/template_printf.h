/* Go's printf into a sink: what the author wrote in the format passes, what is filled in is escaped. */
#ifndef RENDER_TEMPLATE_PRINTF_H
#define RENDER_TEMPLATE_PRINTF_H

#include "notifier/render/template_print.h"
#include "notifier/render/template_run.h"

void printf_add(struct sink *sink, const struct value *format, const struct value *arguments, size_t count);
/* One value; in its finished form, if it has one and the verb shows it whole. */
void printf_add_value(struct sink *sink, const struct value *value, const struct print_spec *spec);

#endif
