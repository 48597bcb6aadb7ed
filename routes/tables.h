/* All the routes there are: a table for each file of them. */
#ifndef ROUTES_TABLES_H
#define ROUTES_TABLES_H

#include "routes/routes.h"

extern const struct route *const route_tables[]; /* NULL-terminated; each table closed by a row without a method */

extern const struct route routes_webhook[], routes_events[], routes_lists[], routes_actions[], routes_operations[],
    routes_now_page[], routes_history_page[], routes_incident_page[], routes_alert_page[],
    routes_deliveries_page[], routes_channels_page[], routes_silences_page[], routes_silence_draft[], routes_assets[],
    routes_api_v2[], routes_signin_page[], routes_accounts[],
    routes_stream[];

#endif
