/* A channel's own templates, executed on what a message is about. */
#ifndef NOTIFIER_OWN_WORDS_H
#define NOTIFIER_OWN_WORDS_H

#include "notifier/config.h"
#include "notifier/render/template.h"

/* Which markup its texts are written in. */
const struct template_escaper *own_words_escaper(const struct channel_config *channel);
/* Fills view->own. False where a template fails: view->own is empty, the built-in words serve, err says why. */
bool own_words_find(const struct config *config, const struct channel_config *channel, struct arena *arena, struct view *view, struct err *err);
bool own_words_is_template(const char *text); /* a header's value that is one */

#endif
