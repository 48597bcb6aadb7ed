/* Times as text and back, by Go's layouts: the reference time Mon Jan 2 15:04:05 MST 2006 written as one wants it. */
#ifndef RENDER_TEMPLATE_LAYOUT_H
#define RENDER_TEMPLATE_LAYOUT_H

#include "base/err.h"
#include "notifier/render/template_value.h"

#define LAYOUT_STRING "2006-01-02 15:04:05.999999999 -0700 MST" /* how Go prints a time */
#define LAYOUT_RFC3339_NANO "2006-01-02T15:04:05.999999999Z07:00"

void layout_add(const struct value_time *time, const char *layout, struct buf *out);
/* A text without an offset is in the zone (NULL: UTC); one with another offset keeps it. Fractions beyond milliseconds
 * are dropped. */
bool layout_read(const char *layout, const char *text, const struct zone *zone, struct value_time *time, struct err *err);

struct civil time_civil(const struct value_time *time);
int time_offset_s(const struct value_time *time);
int time_day_of_year(const struct value_time *time); /* from 1 */
int64_t time_days(int64_t year, int64_t month, int64_t day); /* since 1970-01-01; month and day may lie outside of their ranges */
/* The moment at which a zone's clock shows this; where it is skipped or comes twice, as Go decides. */
int64_t time_of_local(int64_t local_ms, const struct value_time *like);

extern const char *const time_months[12], *const time_weekdays[7];

#endif
