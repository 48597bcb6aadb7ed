/* Constants as they are written in a template: "a\n", `raw`, 'c', 0x1F, 1_000, 2.5e3. */
#ifndef RENDER_TEMPLATE_CONSTANT_H
#define RENDER_TEMPLATE_CONSTANT_H

#include "notifier/render/template_lex.h"
#include "notifier/render/template_value.h"

/* token: TOKEN_STRING, TOKEN_RAW, TOKEN_CHARACTER or TOKEN_NUMBER. A string is its author's, and so is finished;
 * a character is the int of its code point. */
bool constant_read(const struct token *token, struct arena *arena, struct value *value, struct err *err);

#endif
