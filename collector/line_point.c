/* Canonical rows back into points. What is not canonical is somebody's bug, and read as far as it goes. */
#include "collector/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    const char *at, *end;
};

/* Up to one of stops that no backslash escapes; the backslashes are taken out. Lives in the arena. */
static char *take(struct piece *rest, const char *stops, struct arena *arena)
{
    const char *from = rest->at;

    while (rest->at < rest->end && !strchr(stops, *rest->at))
        rest->at += *rest->at == '\\' && rest->at + 1 < rest->end ? 2 : 1;
    char *text = arena_bytes(arena, from, (size_t)(rest->at - from)), *to = text;
    for (const char *c = text; *c; c++) {
        if (*c == '\\' && c[1])
            c++;
        *to++ = *c;
    }
    *to = '\0';
    return text;
}

static void add_plain(struct points *points, struct point *point, const char *name, const char *text)
{
    size_t length = strlen(text);
    char last = length ? text[length - 1] : '\0';

    if (last == 'i')
        point_long(points, point, name, strtoll(text, NULL, 10));
    else if (text[0] == 't' || text[0] == 'T' || text[0] == 'f' || text[0] == 'F')
        point_bool(points, point, name, text[0] == 't' || text[0] == 'T');
    else if (last == 't') {
        int64_t us = strtoll(text, NULL, 10);
        if (us <= INT64_MAX / 1000)
            point_time(points, point, name, us * 1000);
    } else
        point_double(points, point, name, strtod(text, NULL));
}

static void take_field(struct piece *rest, struct points *points, struct point *point)
{
    const char *name = take(rest, "=", points->arena);

    rest->at += rest->at < rest->end;
    if (rest->at < rest->end && *rest->at == '"') {
        rest->at++;
        point_text(points, point, name, take(rest, "\"", points->arena));
        rest->at += rest->at < rest->end;
    } else
        add_plain(points, point, name, take(rest, ", ", points->arena));
}

struct point *line_to_point(struct points *points, const char *row, size_t length)
{
    struct piece rest = {row, row + length};
    struct point *point = points_add(points, take(&rest, ", ", points->arena), 0);

    if (!point)
        return NULL;
    while (rest.at < rest.end && *rest.at == ',') {
        rest.at++;
        const char *name = take(&rest, "=", points->arena);
        rest.at += rest.at < rest.end;
        point_tag(points, point, name, take(&rest, ", ", points->arena));
    }
    while (rest.at < rest.end) {
        rest.at++; /* the space before the fields, or the comma between two */
        take_field(&rest, points, point);
        if (rest.at >= rest.end || *rest.at != ',')
            break;
    }
    rest.at += rest.at < rest.end;
    point->time_ns = strtoll(take(&rest, "\n", points->arena), NULL, 10);
    return point;
}
