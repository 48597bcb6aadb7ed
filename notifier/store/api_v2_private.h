/* What the files of Alertmanager's lists share. Private to notifier/store/api_v2*.c. */
#ifndef STORE_API_V2_PRIVATE_H
#define STORE_API_V2_PRIVATE_H

#include "notifier/core/record.h"
#include "notifier/store/api_v2.h"

struct silence_row { /* an active silence: which alerts it hushes is asked again here, to name all that do */
    char *id;
    struct matcher *matchers[SILENCE_MATCHERS_MAX];
    size_t matcher_count;
};

struct api {
    struct page *page;
    struct json_out *out;
    struct matcher *receiver; /* NULL: any */
    struct silence_row *silences;
    size_t silence_count;
};

void api_put_time(struct api *api, const char *key, int64_t wall_ms);

/* One part of the list, or all of it where the query has no walk. */
bool api_write_alerts(struct api *api);
bool api_write_groups(struct api *api);

#endif
