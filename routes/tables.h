/* All the routes there are: a table for each file of them. */
#ifndef ROUTES_TABLES_H
#define ROUTES_TABLES_H

#include "routes/routes.h"

extern const struct route *const route_tables[]; /* NULL-terminated; each table closed by a row without a method */

extern const struct route routes_webhook[];
extern const struct route routes_events[];
extern const struct route routes_lists[];
extern const struct route routes_actions[];
extern const struct route routes_operations[];
extern const struct route routes_now_page[];
extern const struct route routes_history_page[];
extern const struct route routes_incident_page[];
extern const struct route routes_alert_page[];
extern const struct route routes_deliveries_page[];
extern const struct route routes_channels_page[];
extern const struct route routes_silences_page[];
extern const struct route routes_silence_draft[];
extern const struct route routes_assets[];
extern const struct route routes_api_v2[];
extern const struct route routes_signin_page[];
extern const struct route routes_accounts[];
extern const struct route routes_account_page[];
extern const struct route routes_audit_page[];
extern const struct route routes_stream[];
extern const struct route routes_openapi[];
extern const struct route routes_policy_page[];
extern const struct route routes_quarantine_page[];

#endif
