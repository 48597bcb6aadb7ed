/* A request's target taken apart: segments of the path and arguments of the query, decoded. Nothing is normalised
 * ("." and ".." are plain names, "//" has an empty one between) and nothing is ever redirected. */
#ifndef ROUTES_PATH_H
#define ROUTES_PATH_H

#include "base/arena.h"
#include "base/err.h"
#include "routes/routes.h"

#define PATH_SEGMENTS_MAX 16

struct path_pair {
    const char *name, *value;
};

struct path { /* texts live in the arena it was parsed with */
    const char *text;                    /* decoded, for people */
    const char *segments[PATH_SEGMENTS_MAX];
    size_t segment_count;                /* a slash at the end adds none */
    struct path_pair arguments[CALL_ARGUMENTS_MAX];
    size_t argument_count;
};

/* False: a target nobody sends by accident (no leading slash, a broken escape, NUL, not UTF-8, too many parts). */
bool path_parse(struct arena *arena, const char *target, struct path *out, struct err *err);

#define PATH_PREFIX_MAX 200 /* bytes */
/* The path of a URL as a prefix of our own: "https://host/notifier/" gives "/notifier". "" where it has none, or one with
 * more than letters, digits and "-._~" between its slashes: such a one is not served. */
const char *path_prefix(struct arena *arena, const char *url);
/* The target less the prefix it may begin with: "/notifier/x?y" is "/x?y", and "/notifier" is "/". Into the arena where it differs. */
const char *path_without(struct arena *arena, const char *target, const char *prefix);

/* "a=1&b=2" of a query or of a form's body; at most CALL_ARGUMENTS_MAX pairs into out. */
bool path_parse_pairs(struct arena *arena, const char *text, struct path_pair *out, size_t *count, struct err *err);

/* "/api/v1/webhook/{source}" against a path. A capture is never empty, and is any text: a slash in it came as %2F. params has CALL_PARAMS_MAX. */
bool path_match(const struct path *path, const char *pattern, struct arena *arena, struct path_pair *params, size_t *count);

#endif
