/* What a group of alerts is called, and what tells its alerts apart. */
#ifndef RENDER_SUMMARY_H
#define RENDER_SUMMARY_H

#include "base/arena.h"
#include "notifier/render/view.h"

/* One line: the summary all share, or the alert's name and how many. Plain text, one line. */
const char *summary_title(const struct view *view, struct arena *arena);
/* "fra1 · prod · connected = 0": labels common to all and not in the title, and one alert's values. NULL: nothing to add. */
const char *summary_context(const struct view *view, const char *title, struct arena *arena);
/* What differs: "OKX · connected = 0". Never empty. */
const char *summary_line(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena);
/* Text that is one line, printable, at most `runes` long with an ellipsis. */
const char *summary_clean(const char *text, size_t runes, struct arena *arena);
bool summary_is_stopped(const struct view_alert *alert); /* resolved because its series went away */
/* "A = 93.4, C = 1" or NULL. */
const char *summary_values(const struct alert_input *input, struct arena *arena);

#endif
