/* The kinds of sources there are. */
#ifndef COLLECTOR_SOURCES_REGISTRY_H
#define COLLECTOR_SOURCES_REGISTRY_H

#include "collector/sources/source.h"

extern const struct source_kind source_daemon, source_exchange, source_pipeline, source_trading, source_process, source_market;

#endif
