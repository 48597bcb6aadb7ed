/* What a group of alerts is called, and what tells its alerts apart. */
#ifndef RENDER_SUMMARY_H
#define RENDER_SUMMARY_H

#include "base/arena.h"
#include "notifier/render/view.h"

/* One line: with one alert its summary, or its name and what is its own; with several the summary all share, or the
 * name and how many. Plain text. */
const char *summary_title(const struct view *view, struct arena *arena);
/* The alert's own summary, or its name: the same whoever stands beside it. A data source's trouble is named by its rule. */
const char *summary_own(const struct alert_input *input, struct arena *arena);
/* "fra1 · prod · connected = 0": labels common to all and not in the title, one alert's values and error. NULL: nothing to add. */
const char *summary_context(const struct view *view, const char *title, struct arena *arena);
/* What differs, and the values: "OKX · connected = 0". Never empty. */
const char *summary_line(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena);
/* The same without values: "OKX". Never empty. */
const char *summary_name(const struct view *view, const struct view_alert *alert, const char *title, struct arena *arena);
/* Text that is one line, printable, without marks that reverse it, at most `runes` long with an ellipsis. */
const char *summary_clean(const char *text, size_t runes, struct arena *arena);
const char *summary_lines(const char *text, size_t runes, struct arena *arena); /* the same of several lines, which stay */
bool summary_is_stopped(const struct view_alert *alert); /* resolved because its series went away */
bool summary_is_common(const struct view *view, const struct label *label); /* each alert shown has it, with this value */
/* alertname, folder, severity and the like: told by title and icon, or by nobody. severity NULL: not known by its value. */
bool summary_is_frame(const struct label *label, const char *severity);
/* "A = 93.4, C = 1" or NULL. */
const char *summary_values(const struct alert_input *input, struct arena *arena);

#endif
