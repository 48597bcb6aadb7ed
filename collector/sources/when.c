#include "collector/sources/when.h"

#include "base/buf.h"
#include "base/zone.h"

#include <string.h>

#define WHEN_NS_OF_MS INT64_C(1000000) /* nanoseconds of a millisecond */

/* A number's unit shows in its size: seconds stay below 1e11 until the year 5138. */
bool when_number(double number, int64_t *ns)
{
    double scale = number < 1e11 ? 1e9 : number < 1e14 ? 1e6 : number < 1e17 ? 1e3 : 1;

    if (!(number > 0) || number * scale >= 9.2e18)
        return false;
    *ns = (int64_t)(number * scale);
    return true;
}

/* Python's isoformat() of a time in UTC that knows no zone lacks the closing Z. */
bool when_text(const char *text, int64_t *ns)
{
    struct buf with_zone = BUF_EMPTY(80);
    const char *clock = strpbrk(text, "Tt ");
    int64_t ms = 0;
    bool ok = zone_parse_rfc3339(text, &ms);

    if (!ok && clock && strlen(text) < 64 && !strpbrk(clock, "Zz+-")) {
        buf_addf(&with_zone, "%.*sT%sZ", (int)(clock - text), text, clock + 1);
        ok = zone_parse_rfc3339(buf_text(&with_zone), &ms);
    } else if (!ok && strlen(text) == 8 && strspn(text, "0123456789") == 8) {
        buf_addf(&with_zone, "%.4s-%.2s-%.2sT00:00:00Z", text, text + 4, text + 6);
        ok = zone_parse_rfc3339(buf_text(&with_zone), &ms);
    } else if (!ok && !clock && strlen(text) == 10) {
        buf_addf(&with_zone, "%sT00:00:00Z", text);
        ok = zone_parse_rfc3339(buf_text(&with_zone), &ms);
    } else if (!ok && clock && *clock == ' ' && strlen(text) < 64) {
        buf_addf(&with_zone, "%.*sT%s", (int)(clock - text), text, clock + 1);
        ok = zone_parse_rfc3339(buf_text(&with_zone), &ms);
    }
    buf_free(&with_zone);
    if (!ok || ms <= 0 || ms > INT64_MAX / WHEN_NS_OF_MS)
        return false;
    *ns = ms * WHEN_NS_OF_MS;
    return true;
}
