/* What a form of a page brings: application/x-www-form-urlencoded, by the same rules as the arguments of a query. */
#ifndef ROUTES_FORM_H
#define ROUTES_FORM_H

#include "base/arena.h"
#include "routes/path.h"
#include "routes/routes.h"

#define FORM_MAX (64u * 1024) /* bytes of one form */

struct form_fields {
    struct path path; /* its arguments are the fields */
};

/* An empty body is an empty form. False: another content type, too long, or not decodable; err says which. */
bool form_read(const struct call *call, struct arena *arena, struct form_fields *out, struct err *err);
const char *form_get(const struct form_fields *form, const char *name); /* the first; "" where there is none */
size_t form_all(const struct form_fields *form, const char *name, const char **out, size_t max);

#endif
