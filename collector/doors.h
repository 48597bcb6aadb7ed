/* The collector's HTTP doors: rows in, its own state out. */
#ifndef COLLECTOR_DOORS_H
#define COLLECTOR_DOORS_H

#include "routes/routes.h"

extern const struct route *const collector_doors[]; /* for server_options; the context is a struct collector */

#endif
