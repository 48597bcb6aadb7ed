/* Time as values: instants, deadlines, RFC 3339 and wall time in a zone. Reads no clock. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* Read once per turn. steady_ms only ever grows and drives waits; wall_ms (Unix milliseconds, UTC)
 * may jump and is for people, silences and what is written down. */
struct instant {
    int64_t steady_ms;
    int64_t wall_ms;
};

struct zone; /* a time zone by IANA name; immutable */

struct zone *zone_open(const char *name, struct err *err); /* "UTC", "Europe/Berlin"; NULL and err if unknown */
void zone_close(struct zone *zone);
int zone_offset_s(const struct zone *zone, int64_t wall_ms); /* seconds east of UTC at that moment */
void zone_add_letters(struct buf *buf, const struct zone *zone, int64_t wall_ms); /* "UTC", "CEST", or "+03" where there are none */

struct civil {
    int year, month, day, hour, minute, second, weekday; /* month 1-12, weekday 0 = Sunday */
};
struct civil zone_civil(const struct zone *zone, int64_t wall_ms);

bool zone_parse_rfc3339(const char *text, int64_t *wall_ms); /* any offset, 0-9 fraction digits; year 1 gives a negative number */
void zone_add_rfc3339(struct buf *buf, int64_t wall_ms);     /* UTC, milliseconds: 2026-03-14T09:26:53.500Z */
/* "%H:%M", "%H:%M %z" (+02:00) and the rest of what strftime knows. zone NULL is UTC. */
void zone_add_format(struct buf *buf, const struct zone *zone, int64_t wall_ms, const char *format);
/* For people: "47 min", "3 h 05", "2 d 4 h", "8 s". */
void zone_add_span(struct buf *buf, int64_t ms);

#endif
