/* What a page's template may call beside the language's own functions; markup.h has the list. */
#ifndef ROUTES_MARKUP_FUNCTIONS_H
#define ROUTES_MARKUP_FUNCTIONS_H

#include "notifier/render/template.h"

extern const struct template_function markup_functions[];
extern const size_t markup_function_count;

#endif
