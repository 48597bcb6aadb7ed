/* The status of a DaemonRunner, as JSON over HTTP or from a file: where it is, how it is fetched, and how its values are
 * read. Daemons differ in their names and forms, so a value is found under any of several names, and a number may stand
 * as text, a time as RFC 3339 or as seconds, milliseconds, microseconds or nanoseconds since 1970. */
#ifndef COLLECTOR_SOURCES_STATUS_H
#define COLLECTOR_SOURCES_STATUS_H

#include "collector/sources/common.h"

#define STATUS_TIMEOUT_MS 5000
#define STATUS_LIST_MAX 4096 /* bytes of a list joined by commas; the rest is left out */

struct cJSON;

struct status_source { /* first member of the kinds that read a status */
    struct common common;
    const char *url, *path; /* one of them, or neither */
    const char *at;         /* names of nested objects joined by dots: data.status; NULL: the whole */
    const char *bearer_token, *username, *password, *ca_file;
    const char *header; /* memory of the Authorization line */
    int64_t timeout_ms;
};

extern const struct setting status_settings[];
bool status_check(struct status_source *source, const struct yaml_node *config, bool required, struct err *err); /* after reading */
bool status_plan(struct status_source *source, struct fetch *fetch);

/* The parsed answer, closed by the caller with json_close, and the object in it. NULL where there is none: err says why. */
struct cJSON *status_parse(const struct status_source *source, const struct answer *answer, const struct cJSON **object, struct err *err);

/* names: alternatives, NULL-terminated. NULL or false where absent, null, or of another kind. */
const struct cJSON *status_find(const struct cJSON *object, const char *const *names);
bool status_bool(const struct cJSON *value, bool *out);
bool status_number(const struct cJSON *value, double *out);
bool status_integer(const struct cJSON *value, int64_t *out);
bool status_count(const struct cJSON *value, int64_t *out); /* from 0 to what an INT column holds */
bool status_time(const struct cJSON *value, int64_t *ns);
bool status_list(const struct cJSON *value, struct buf *joined, int64_t *count); /* a list, an object's names, or one text */

/* The object or list that holds an object for each exchange, and the name of one of these; NULL where there is none. */
const struct cJSON *status_exchanges(const struct cJSON *status, const char *const *names);
const char *status_exchange_name(const struct cJSON *exchanges, const struct cJSON *exchange);

/* The value into a field of the row; nothing where it is absent. */
void status_add_long(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names);
void status_add_double(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names);
void status_add_time(struct points *points, struct point *point, const char *field, const struct cJSON *object, const char *const *names);

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
