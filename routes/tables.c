#include "routes/tables.h"

#include <stddef.h>

const struct route *const route_tables[] = {
    routes_webhook,
    routes_events,
    routes_lists,
    routes_actions,
    routes_operations,
    routes_now_page,
    routes_history_page,
    routes_incident_page,
    routes_alert_page,
    routes_deliveries_page,
    routes_channels_page,
    routes_silences_page,
    routes_silence_draft,
    routes_assets,
    routes_api_v2,
    routes_signin_page,
    routes_accounts,
    routes_account_page,
    routes_audit_page,
    routes_stream,
    routes_openapi,
    routes_policy_page,
    routes_quarantine_page,
    NULL,
};
