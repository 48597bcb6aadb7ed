/* Values as JSON text, as Go's encoding/json writes them: names sorted, < > & as \u003c and the like. */
#ifndef RENDER_TEMPLATE_JSON_H
#define RENDER_TEMPLATE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "notifier/render/template_value.h"

bool template_add_json(const struct value *value, struct buf *out, struct err *err);
/* Compact JSON on lines of its own, indented. */
void template_add_indented(const char *json, const char *indent, struct buf *out);

#endif
