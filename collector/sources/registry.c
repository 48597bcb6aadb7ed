#include "collector/sources/registry.h"

#include <string.h>

const struct source_kind *const source_kinds[] = {
    &source_daemon, &source_exchange, &source_pipeline, &source_trading, &source_process, &source_market, NULL,
};

const struct source_kind *source_kind_find(const char *type)
{
    for (const struct source_kind *const *kind = source_kinds; *kind; kind++)
        if (strcmp((*kind)->type, type) == 0)
            return *kind;
    return NULL;
}
