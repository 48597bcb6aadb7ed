/* Every setting of the file, one row each: read from here, documented from here. A new one is a row, a field and a
 * commented line in config/notifier.yaml. */
#include "notifier/config_private.h"

#include <stddef.h>

#define AT(type, field) offsetof(struct type, field)
/* What follows the help stands by name: .below, .least, .most, .types, .later. */
#define ROW(key_, kind_, offset_, fallback_, ...) {.key = key_, .kind = kind_, .offset = offset_, .fallback = fallback_, .help = __VA_ARGS__}
#define SECOND_MS 1000
#define HOUR_MS (3600 * 1000)

static const struct setting tls_settings[] = {
    ROW("cert_file", SET_TEXT, AT(config, tls_cert_file), NULL, "PEM certificate chain of the listener."),
    ROW("key_file", SET_TEXT, AT(config, tls_key_file), NULL, "PEM key of the listener."),
    ROW("client_ca_file", SET_TEXT, AT(config, tls_client_ca_file), NULL, "Callers must show a certificate of this authority."),
    {0},
};

const struct setting server_settings[] = {
    ROW("listen", SET_TEXT, AT(config, listen), "127.0.0.1:8686", "ADDRESS:PORT, [IPV6]:PORT or unix:/path. Port 0 picks one. Changing it needs a restart."),
    ROW("public_url", SET_TEXT, AT(config, public_url), "http:// and listen", "How people reach the pages: links in messages begin with it. Links that would lead to loopback are left out."),
    ROW("max_body", SET_SIZE, AT(config, max_body), "32MiB", "Largest request body; beyond: 413. All bodies in flight together: 64 MiB, beyond: 503.", .least = 1024, .most = 64 << 20),
    ROW("tls", SET_MAP, NOWHERE, NULL, "Serves HTTPS. Changing it needs a restart.", .below = tls_settings),
    ROW("trusted_proxies", SET_OWN, NOWHERE, "[]", "Addresses of proxies that may say for whom they ask: `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`, or `unix` for whoever reaches our socket file. Their X-Forwarded-For, X-Forwarded-Proto and identity header are believed, nobody else's."),
    {0},
};

static const struct setting retention_settings[] = {
    ROW("history", SET_DURATION, AT(config, retention.history_ms), "400d", "What happened to alerts; 0: for ever."),
    ROW("messages", SET_DURATION, AT(config, retention.messages_ms), "90d", "Texts of messages, receipts and attempts; 0: for ever."),
    ROW("quarantine", SET_DURATION, AT(config, retention.quarantine_ms), "30d", "Bodies that could not be understood; 0: for ever."),
    {0},
};

const struct setting storage_settings[] = {
    ROW("path", SET_TEXT, AT(config, storage_path), "data/notifier.db", "The SQLite file. Changing it needs a restart."),
    ROW("retention", SET_MAP, NOWHERE, NULL, "How long what is over is kept.", .below = retention_settings),
    {0},
};

const struct setting token_settings[] = {
    ROW("name", SET_TEXT, AT(config_token, name), NULL, "Who it is, in logs and receipts."),
    ROW("token", SET_SECRET, AT(config_token, token), NULL, "Sent as `Authorization: Bearer …`, or as the password of Basic with the name as user."),
    ROW("role", SET_OWN, NOWHERE, NULL, "`viewer` reads; `operator` also tests, retries, drops and reloads; `admin` may everything."),
    {0},
};

const struct setting user_settings[] = {
    ROW("name", SET_TEXT, AT(config_user, name), NULL, "The user's name."),
    ROW("password_hash", SET_SECRET, AT(config_user, password_hash), NULL, "What `notifier hash-password` prints."),
    ROW("role", SET_OWN, NOWHERE, NULL, "As for tokens."),
    {0},
};

const struct setting auth_settings[] = {
    ROW("tokens", SET_OWN, NOWHERE, NULL, "For tools and scripts.", .below = token_settings),
    ROW("users", SET_OWN, NOWHERE, NULL, "For people.", .below = user_settings),
    ROW("identity_header", SET_TEXT, AT(config, identity_header), NULL, "Header in which a trusted proxy names who has signed in there, as `X-Forwarded-User`. The proxy must remove it from what it is sent."),
    ROW("identity_role", SET_OWN, NOWHERE, NULL, "The role of people so named who are not among users; without it they are nobody."),
    {0},
};

const struct setting source_auth_settings[] = {
    ROW("hmac_secret", SET_SECRET, AT(config_source, hmac_secret), NULL, "HMAC-SHA256 of the body, as Grafana signs it."),
    ROW("hmac_header", SET_TEXT, AT(config_source, hmac_header), "X-Grafana-Alerting-Signature", "Header with the signature."),
    ROW("hmac_timestamp_header", SET_TEXT, AT(config_source, hmac_timestamp_header), NULL, "Header with the time that is signed too, against replays."),
    ROW("max_skew", SET_DURATION, AT(config_source, max_skew_ms), "5m", "How far that time may be from ours."),
    ROW("bearer_token", SET_SECRET, AT(config_source, bearer_token), NULL, "`Authorization: Bearer …`"),
    ROW("username", SET_TEXT, AT(config_source, username), NULL, "Basic authentication, with password."),
    ROW("password", SET_SECRET, AT(config_source, password), NULL, "Basic authentication."),
    ROW("none", SET_BOOL, AT(config_source, auth_none), "false", "true: anybody may post here, off loopback too."),
    {0},
};

static const struct setting reconcile_settings[] = {
    ROW("url", SET_TEXT, AT(config_source, reconcile_url), NULL, "The address of the Grafana or the Alertmanager that sends."),
    ROW("bearer_token", SET_SECRET, AT(config_source, reconcile_token), NULL, "A token that may read its alerts."),
    ROW("org", SET_INT, AT(config_source, reconcile_org), "1", "Grafana's organisation.", .least = 1),
    ROW("receiver", SET_TEXT, AT(config_source, reconcile_receiver), "any", "The contact point or receiver whose alerts are ours."),
    ROW("every", SET_DURATION, AT(config_source, reconcile_every_ms), "30s", "How often.", .least = SECOND_MS, .most = HOUR_MS),
    ROW("grace", SET_DURATION, AT(config_source, reconcile_grace_ms), "90s", "How long after its start an alert may take to reach us by itself.", .most = 24LL * HOUR_MS),
    {0},
};

static const struct setting source_heartbeat_settings[] = {
    ROW("expect_every", SET_DURATION, AT(config_source, heartbeat_every_ms), NULL, "How often one must come.", .least = SECOND_MS, .most = 366LL * 24 * HOUR_MS),
    ROW("matchers", SET_OWN, NOWHERE, NULL, "Which alerts are heartbeats: consumed, not notified. Without: anything it sends is a sign of life."),
    {0},
};

const struct setting source_settings[] = {
    ROW("name", SET_TEXT, AT(config_source, name), NULL, "It posts to /api/v1/webhook/NAME."),
    ROW("domain", SET_TEXT, AT(config_source, domain), "the name", "Sources of one domain see the same alerts."),
    ROW("auth", SET_MAP, NOWHERE, NULL, "How it proves who it is; one way of those below. On loopback none is needed.", .below = source_auth_settings),
    ROW("forget_after", SET_DURATION, AT(config_source, forget_after_ms), "0", "An alert not refreshed for so long ends as \"no news since\"; 0: it lives until it is resolved."),
    ROW("reconcile", SET_MAP, NOWHERE, NULL, "Reads the sender's active alerts and compares.", .below = reconcile_settings),
    ROW("heartbeat", SET_MAP, NOWHERE, NULL, "Tells when the source falls silent.", .below = source_heartbeat_settings),
    {0},
};

const struct setting severity_settings[] = {
    ROW("label", SET_TEXT, AT(policy, severity_label), "severity", "The label that says how bad it is."),
    ROW("order", SET_OWN, NOWHERE, "[critical, warning, info]", "Its values, worst first. Missing or unknown counts as the second."),
    {0},
};

const struct setting channel_tls_settings[] = {
    ROW("ca_file", SET_TEXT, AT(channel_config, ca_file), "the system's", "PEM certificates of the authorities trusted by this channel."),
    ROW("insecure_skip_verify", SET_BOOL, AT(channel_config, insecure_skip_verify), "false", "true: the peer's certificate is not looked at."),
    {0},
};

const struct setting rate_settings[] = {
    ROW("count", SET_OWN, NOWHERE, NULL, "Messages, at most,"),
    ROW("per", SET_OWN, NOWHERE, NULL, "in any window of this length."),
    {0},
};

static const struct setting template_settings[] = {
    ROW("title", SET_TEXT, AT(channel_config, template_title), NULL, "The first line."),
    ROW("text", SET_TEXT, AT(channel_config, template_text), NULL, "The text."),
    ROW("html", SET_TEXT, AT(channel_config, template_html), NULL, "The HTML part of a mail."),
    ROW("footer", SET_TEXT, AT(channel_config, template_footer), NULL, "The last line."),
    {0},
};

const struct setting channel_settings[] = {
    ROW("name", SET_TEXT, AT(channel_config, name), NULL, "What routes and commands call it."),
    ROW("type", SET_TEXT, AT(channel_config, type), NULL, "telegram, discord, slack, smtp, webhook or console."),
    ROW("send_resolved", SET_BOOL, AT(channel_config, send_resolved), "true", "Whether ends are told."),
    ROW("on_update", SET_OWN, NOWHERE, "reply", "reply: the first message is edited to stay true, what should ring comes beneath it; edit: only edited; new: always a message of its own."),
    ROW("rate_limit", SET_OWN, NOWHERE, "the provider's", "Limits of your own instead.", .below = rate_settings),
    ROW("timeout", SET_DURATION, AT(channel_config, timeout_ms), "10s; smtp 60s", "One attempt, everything included.", .least = 100, .most = HOUR_MS),
    ROW("max_alerts", SET_OWN, NOWHERE, "10; smtp 50", "Alerts listed in one message, then \"+N more\". A webhook lists all it was given."),
    ROW("mention", SET_OWN, NOWHERE, NULL, "Severity to text: `{critical: \"@here\"}`. Only what stands here may ping."),
    ROW("silent", SET_OWN, NOWHERE, "[]", "Severities sent without a sound, where the provider can."),
    ROW("template", SET_MAP, NOWHERE, NULL, "Words of your own.", .below = template_settings),
    ROW("proxy_url", SET_SECRET, AT(channel_config, proxy_url), NULL, "HTTP proxy of this channel; the environment's is never used."),
    ROW("tls", SET_MAP, NOWHERE, NULL, "Whom it trusts.", .below = channel_tls_settings),
    ROW("bot_token", SET_SECRET, AT(channel_config, bot_token), NULL, "The bot's token.", .types = "telegram slack"),
    ROW("chat_id", SET_TEXT, AT(channel_config, chat_id), NULL, "A number (negative for groups) or @name.", .types = "telegram"),
    ROW("topic_id", SET_TEXT, AT(channel_config, topic_id), NULL, "A topic of a forum.", .types = "telegram"),
    ROW("api_url", SET_TEXT, AT(channel_config, api_url), "the provider's", "Another server that speaks the same.", .types = "telegram slack"),
    ROW("webhook_url", SET_SECRET, AT(channel_config, webhook_url), NULL, "The incoming webhook.", .types = "discord slack"),
    ROW("thread_id", SET_TEXT, AT(channel_config, thread_id), NULL, "A thread of the webhook's channel.", .types = "discord"),
    ROW("channel", SET_TEXT, AT(channel_config, slack_channel), NULL, "With bot_token: the channel's id, or #name.", .types = "slack"),
    ROW("host", SET_TEXT, AT(channel_config, host), NULL, "The mail server's name.", .types = "smtp"),
    ROW("port", SET_INT, AT(channel_config, port), "587; implicit 465", "Its port.", .least = 1, .most = 65535, .types = "smtp"),
    ROW("starttls", SET_OWN, NOWHERE, "required", "required, implicit (TLS from the first byte) or off. A password is never sent without TLS, except on loopback.", .types = "smtp"),
    ROW("from", SET_TEXT, AT(channel_config, from), NULL, "The sender's address.", .types = "smtp"),
    ROW("to", SET_OWN, NOWHERE, NULL, "Addresses, at most 50, each with a receipt of its own.", .types = "smtp"),
    ROW("url", SET_SECRET, AT(channel_config, url), NULL, "Where to post. `{key}` in it becomes the Idempotency-Key: the same for a repeat of the same words.", .types = "webhook"),
    ROW("method", SET_TEXT, AT(channel_config, method), "POST", "POST or PUT.", .types = "webhook"),
    ROW("hmac_secret", SET_SECRET, AT(channel_config, hmac_secret), NULL, "Signs time and body in X-Notifier-Signature.", .types = "webhook"),
    ROW("bearer_token", SET_SECRET, AT(channel_config, bearer_token), NULL, "`Authorization: Bearer …`", .types = "webhook"),
    ROW("username", SET_TEXT, AT(channel_config, username), NULL, "With password.", .types = "smtp webhook"),
    ROW("password", SET_SECRET, AT(channel_config, password), NULL, "With username.", .types = "smtp webhook"),
    ROW("headers", SET_OWN, NOWHERE, "{}", "Further headers, at most 8. With `body` their values may be templates.", .types = "webhook"),
    ROW("expect", SET_TEXT, AT(channel_config, expect), NULL, "A regular expression: an answer of 2xx counts only where its body has a match. For providers that say no with 200.", .types = "webhook"),
    ROW("body", SET_TEXT, AT(channel_config, body), NULL, "A template instead of our JSON.", .types = "webhook"),
    {0},
};

static const struct setting escalate_settings[] = {
    ROW("after", SET_DURATION, NOWHERE, NULL, "How long nobody has acknowledged."),
    ROW("channels", SET_TEXTS, NOWHERE, NULL, "Who is told then."),
    {0},
};

const struct setting route_settings[] = {
    ROW("matchers", SET_OWN, NOWHERE, NULL, "`severity=\"critical\"`, `team=~\"infra|data\"`: all must hold. Not in the first route, which takes everything."),
    ROW("channels", SET_OWN, NOWHERE, "all", "Who is told."),
    ROW("receiver", SET_TEXT, AT(policy_node, receiver), "its channels joined by +", "The name tools show."),
    ROW("fallback", SET_OWN, NOWHERE, "[]", "Channels that take over, in this order, where one of `channels` does not deliver."),
    ROW("deliver_within", SET_DURATION, AT(policy_node, deliver_within_ms), "15s", "After a failed attempt older than this a fallback takes over.", .least = 100, .most = HOUR_MS),
    ROW("stale_after", SET_DURATION, AT(policy_node, stale_after_ms), "15m", "What goes out later than this is marked late."),
    ROW("give_up_after", SET_DURATION, AT(policy_node, give_up_after_ms), "24h", "Then it is a dead letter, and someone is told.", .least = SECOND_MS, .most = 366LL * 24 * HOUR_MS),
    ROW("group_by", SET_OWN, NOWHERE, "[alertname, grafana_folder]", "Labels whose values make a group; `[...]`: every alert alone."),
    ROW("group_wait", SET_DURATION, AT(policy_node, group_wait_ms), "0s", "How long a new group gathers before its first message.", .most = 24LL * HOUR_MS),
    ROW("group_interval", SET_DURATION, AT(policy_node, group_interval_ms), "30s", "Least time between two messages of a group.", .most = 24LL * HOUR_MS),
    ROW("repeat_interval", SET_DURATION, AT(policy_node, repeat_interval_ms), "4h", "How often what still fires is told again; 0: never."),
    ROW("repeat_info", SET_BOOL, AT(policy_node, repeat_info), "false", "Whether the last of `severity.order` repeats too."),
    ROW("continue", SET_BOOL, AT(policy_node, continues), "false", "Go on to the next route after this one matched."),
    ROW("resolve_when_silenced", SET_BOOL, AT(policy_node, resolve_when_silenced), "true", "Tells the end to whoever was told the beginning, silence or not."),
    ROW("mute_time_intervals", SET_OWN, NOWHERE, "[]", "Names of times in which nothing is told."),
    ROW("active_time_intervals", SET_OWN, NOWHERE, "[]", "Names of times outside of which nothing is told."),
    ROW("quiet_time_intervals", SET_OWN, NOWHERE, "[]", "Names of times in which messages make no sound."),
    ROW("escalate", SET_MAPS, NOWHERE, "[]", "Further channels while nobody has acknowledged.", .below = escalate_settings, .later = true),
    ROW("ack_expires", SET_DURATION, NOWHERE, "8h", "How long an acknowledgement holds.", .later = true),
    ROW("routes", SET_OWN, NOWHERE, "[]", "Routes below this one, with all of these settings; what they leave out they inherit. The first that matches takes the alert."),
    {0},
};

static const struct setting inhibit_settings[] = {
    ROW("source_matchers", SET_MATCHERS, NOWHERE, NULL, "While such an alert fires,"),
    ROW("target_matchers", SET_MATCHERS, NOWHERE, NULL, "such alerts are not told,"),
    ROW("equal", SET_TEXTS, NOWHERE, "[]", "where these labels are equal."),
    {0},
};

const struct setting flap_settings[] = {
    ROW("changes", SET_COUNT, AT(policy, flap_changes), "4", "So many changes (of firing again and ending again), 2 to 16; 0: off.", .most = POLICY_FLAP_CHANGES_MAX),
    ROW("within", SET_DURATION, AT(policy, flap_within_ms), "15m", "in this time, and who was told so hears nothing more", .least = 10 * 1000, .most = 24 * 3600 * 1000),
    ROW("calm", SET_DURATION, AT(policy, flap_calm_ms), "10m", "until it was calm for so long; then how it stands.", .least = 10 * 1000, .most = 24 * 3600 * 1000),
    {0},
};

static const struct setting times_settings[] = {
    ROW("start_time", SET_TEXT, NOWHERE, NULL, "HH:MM"),
    ROW("end_time", SET_TEXT, NOWHERE, NULL, "HH:MM"),
    {0},
};

static const struct setting interval_settings[] = {
    ROW("times", SET_MAPS, NOWHERE, NULL, "Of the day.", .below = times_settings),
    ROW("weekdays", SET_TEXTS, NOWHERE, NULL, "`monday:friday`"),
    ROW("days_of_month", SET_TEXTS, NOWHERE, NULL, "`1:5`, `-3:-1`"),
    ROW("months", SET_TEXTS, NOWHERE, NULL, "`january:march`"),
    ROW("years", SET_TEXTS, NOWHERE, NULL, "`2026:2028`"),
    ROW("location", SET_TEXT, NOWHERE, "UTC", "An IANA time zone."),
    {0},
};

static const struct setting intervals_settings[] = {
    ROW("name", SET_TEXT, NOWHERE, NULL, "What routes call it."),
    ROW("time_intervals", SET_MAPS, NOWHERE, NULL, "Alertmanager's syntax.", .below = interval_settings),
    {0},
};

const struct setting limits_settings[] = {
    ROW("alerts", SET_COUNT, AT(policy, alerts_max), "200000", "Alerts known at once; beyond, those unrefreshed longest end as \"no news since\".", .least = 100, .most = 10000000),
    ROW("pending_per_channel", SET_COUNT, AT(policy, pending_per_channel_max), "100000", "Messages waiting for one channel; beyond, they join a digest.", .least = 100, .most = 10000000),
    {0},
};

static const struct setting metrics_push_settings[] = {
    ROW("url", SET_TEXT, AT(config, push_url), NULL, "Where line protocol is taken: the collector's /write, or QuestDB's."),
    ROW("every", SET_DURATION, AT(config, push_every_ms), "15s", "How often.", .least = SECOND_MS, .most = HOUR_MS),
    ROW("bearer_token", SET_SECRET, AT(config, push_token), NULL, "`Authorization: Bearer …`"),
    {0},
};

static const struct setting heartbeat_settings[] = {
    ROW("url", SET_SECRET, AT(config, heartbeat_url), NULL, "Pinged (GET) while alerts are stored and some channel works."),
    ROW("every", SET_DURATION, AT(config, heartbeat_every_ms), "1m", "How often.", .least = SECOND_MS, .most = HOUR_MS),
    {0},
};

const struct setting self_settings[] = {
    ROW("channels", SET_OWN, NOWHERE, "all", "Who hears of our own troubles; never the channel that is broken."),
    {0},
};

const struct setting top_settings[] = {
    ROW("server", SET_OWN, NOWHERE, NULL, "The listener.", .below = server_settings),
    ROW("auth", SET_OWN, NOWHERE, NULL, "People and tools. Without any, only loopback is served.", .below = auth_settings),
    ROW("storage", SET_OWN, NOWHERE, NULL, "Where everything is kept.", .below = storage_settings),
    ROW("sources", SET_OWN, NOWHERE, "grafana, alertmanager", "Who may post. `api` (for `notifier send`) is always there.", .below = source_settings),
    ROW("resolve_timeout", SET_DURATION, AT(config, resolve_timeout_ms), "5m", "When alerts posted to Alertmanager's API without an end are over."),
    ROW("time_zone", SET_TEXT, AT(config, time_zone), "UTC", "Of times in messages: an IANA name."),
    ROW("severity", SET_OWN, NOWHERE, NULL, "How bad an alert is.", .below = severity_settings),
    ROW("channels", SET_OWN, NOWHERE, "those of the environment", "Whereto messages go.", .below = channel_settings),
    ROW("route", SET_OWN, NOWHERE, "everything to all channels", "Which alerts go where, and when.", .below = route_settings),
    ROW("inhibit_rules", SET_MAPS, NOWHERE, "[]", "Alertmanager's inhibition.", .below = inhibit_settings),
    ROW("inhibit_wait", SET_OWN, NOWHERE, "10s", "How long an alert that is not critical and that some rule could inhibit waits for its source; 0: off."),
    ROW("flap", SET_OWN, NOWHERE, NULL, "What comes and goes is told once it is calm.", .below = flap_settings),
    ROW("time_intervals", SET_MAPS, NOWHERE, "[]", "Named times, for routes.", .below = intervals_settings),
    ROW("templates", SET_TEXTS, NOWHERE, "[]", "Files with templates."),
    ROW("limits", SET_OWN, NOWHERE, NULL, "Bounds.", .below = limits_settings),
    ROW("metrics_push", SET_MAP, NOWHERE, NULL, "Sends our own metrics somewhere.", .below = metrics_push_settings),
    ROW("heartbeat", SET_MAP, NOWHERE, NULL, "An outside dead-man's switch.", .below = heartbeat_settings),
    ROW("self", SET_OWN, NOWHERE, NULL, "Our own troubles.", .below = self_settings),
    {0},
};
