/* label = value, != =~ !~: Alertmanager's matchers. Regular expressions are PCRE2, anchored, compiled at
 * load with match limits; one that runs into its limit does not match and says so once. */
#ifndef CORE_MATCHER_H
#define CORE_MATCHER_H

#include "base/buf.h"
#include "base/err.h"
#include "notifier/core/alert.h"

enum matcher_kind { MATCH_EQUAL, MATCH_NOT_EQUAL, MATCH_REGEX, MATCH_NOT_REGEX };

struct matcher;

/* `severity="critical"`, `team=~infra|data`. Caller closes with matcher_close. NULL and err on a mistake. */
struct matcher *matcher_parse(const char *text, struct err *err);
/* One or several, as Alertmanager's lists take them: `{severity="critical", team=~"infra|data"}`, braces and a last comma
 * optional. False and err on a mistake: then none is left open. */
#define MATCHERS_MAX 64
bool matchers_parse(const char *text, struct matcher *out[MATCHERS_MAX], size_t *count, struct err *err);
struct matcher *matcher_new(const char *name, enum matcher_kind kind, const char *value, struct err *err);
void matcher_close(struct matcher *matcher);
bool matcher_matches(const struct matcher *matcher, const struct labels *labels); /* a missing label is "" */
bool matcher_matches_empty(const struct matcher *matcher);
const char *matcher_name(const struct matcher *matcher);
enum matcher_kind matcher_kind(const struct matcher *matcher);
const char *matcher_value(const struct matcher *matcher);
void matcher_write(const struct matcher *matcher, struct buf *out); /* canonical: name="value" */

#endif
