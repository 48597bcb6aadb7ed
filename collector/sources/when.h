/* Times as strangers write them, in nanoseconds since 1970. */
#ifndef COLLECTOR_SOURCES_WHEN_H
#define COLLECTOR_SOURCES_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds, milliseconds, microseconds or nanoseconds since 1970: the size tells which. False: not after 1970. */
bool when_number(double number, int64_t *ns);
/* RFC 3339; the same without a zone (UTC) or with a space for the T; 2026-03-14; 20260314. */
bool when_text(const char *text, int64_t *ns);

#endif
