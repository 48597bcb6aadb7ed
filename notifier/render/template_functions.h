/* The functions a template may call, by name, and the tables they come from. */
#ifndef RENDER_TEMPLATE_FUNCTIONS_H
#define RENDER_TEMPLATE_FUNCTIONS_H

#include "notifier/render/template_type.h"

const struct function *function_named(const char *name); /* NULL if there is none */

/* These two take what decides and leave the rest alone, so they are no calls: the evaluator knows them. */
extern const struct function function_and, function_or;

extern const struct function_table functions_logic;      /* eq ne lt le gt ge not */
extern const struct function_table functions_basic;      /* len index slice print printf println */
extern const struct function_table functions_strings;    /* toUpper, join, … */
extern const struct function_table functions_markup;     /* html js urlquery safeHtml … */
extern const struct function_table functions_time;       /* date tz now since … */
extern const struct function_table functions_humanize;   /* humanizeDuration … */
extern const struct function_table functions_collection; /* list dict append toJson … */
extern const struct function_table functions_grafana;    /* coll data tmpl time */

/* Checks arguments against what a function takes, and calls it. Mistakes name the function, not the place. */
bool function_call(struct template_run *run, const struct function *function, const struct value *self, const struct value *arguments,
                   size_t count, struct value *result, struct err *err);

#endif
