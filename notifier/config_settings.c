/* Every setting of the file, one row each: read from here, documented from here. */
#include "notifier/config_private.h"

#include <stddef.h>

#define AT(type, field) offsetof(struct type, field)

const struct setting server_settings[] = {
    {"listen", SET_TEXT, AT(config, listen), "127.0.0.1:8686", "Address and port, or unix:/path. Port 0 picks one. Changing it needs a restart."},
    {"public_url", SET_TEXT, AT(config, public_url), "http:// and listen", "How people reach the pages: links in messages begin with it. Loopback links are left out of messages."},
    {"max_body", SET_SIZE, AT(config, max_body), "32MiB", "Largest request body; beyond: 413."},
    {0},
};

const struct setting tls_settings[] = {
    {"cert_file", SET_TEXT, AT(config, tls_cert_file), NULL, "PEM certificate chain of the listener."},
    {"key_file", SET_TEXT, AT(config, tls_key_file), NULL, "PEM key of the listener."},
    {"client_ca_file", SET_TEXT, AT(config, tls_client_ca_file), NULL, "Callers must show a certificate of this authority."},
    {0},
};

const struct setting storage_settings[] = {
    {"path", SET_TEXT, AT(config, storage_path), "data/notifier.db", "The SQLite file. Changing it needs a restart."},
    {0},
};

const struct setting source_settings[] = {
    {"name", SET_TEXT, AT(config_source, name), NULL, "The path it posts to is /api/v1/webhook/NAME."},
    {"domain", SET_TEXT, AT(config_source, domain), "the name", "Sources of one domain see the same alerts."},
    {"forget_after", SET_DURATION, AT(config_source, forget_after_ms), "0", "An alert not refreshed for so long ends as \"no news since\"; 0: it lives until it is resolved."},
    {"reconcile", SET_LATER, 0, NULL, "Reads the sender's active alerts and compares."},
    {"heartbeat", SET_LATER, 0, NULL, "Tells when the source falls silent."},
    {0},
};

const struct setting source_auth_settings[] = {
    {"hmac_secret", SET_SECRET, AT(config_source, hmac_secret), NULL, "HMAC-SHA256 of the body, as Grafana signs."},
    {"hmac_header", SET_TEXT, AT(config_source, hmac_header), "X-Grafana-Alerting-Signature", "Header with the signature."},
    {"hmac_timestamp_header", SET_TEXT, AT(config_source, hmac_timestamp_header), NULL, "Header with the seconds that are signed too."},
    {"max_skew", SET_DURATION, AT(config_source, max_skew_ms), "5m", "How far that time may be from ours."},
    {"bearer_token", SET_SECRET, AT(config_source, bearer_token), NULL, "Authorization: Bearer …"},
    {"username", SET_TEXT, AT(config_source, username), NULL, "Basic authentication, with password."},
    {"password", SET_SECRET, AT(config_source, password), NULL, "Basic authentication."},
    {"none", SET_BOOL, AT(config_source, auth_none), "false", "true: anybody may post here."},
    {0},
};

const struct setting channel_settings[] = {
    {"name", SET_TEXT, AT(channel_config, name), NULL, "What routes and commands call it."},
    {"type", SET_TEXT, AT(channel_config, type), NULL, "telegram, discord, slack, smtp, webhook or console."},
    {"send_resolved", SET_BOOL, AT(channel_config, send_resolved), "true", "Whether ends are told."},
    {"timeout", SET_DURATION, AT(channel_config, timeout_ms), "10s; smtp 60s", "One attempt, everything included."},
    {"proxy_url", SET_SECRET, AT(channel_config, proxy_url), NULL, "HTTP proxy for this channel; the environment's is never used."},
    {"bot_token", SET_SECRET, AT(channel_config, bot_token), NULL, "telegram, slack: the bot's token."},
    {"chat_id", SET_TEXT, AT(channel_config, chat_id), NULL, "telegram: number (negative for groups) or @name."},
    {"topic_id", SET_TEXT, AT(channel_config, topic_id), NULL, "telegram: a forum's topic."},
    {"api_url", SET_TEXT, AT(channel_config, api_url), "the provider's", "telegram, slack: another server that speaks the same."},
    {"webhook_url", SET_SECRET, AT(channel_config, webhook_url), NULL, "discord, slack: the incoming webhook."},
    {"thread_id", SET_TEXT, AT(channel_config, thread_id), NULL, "discord: a thread of the webhook's channel."},
    {"channel", SET_TEXT, AT(channel_config, slack_channel), NULL, "slack with bot_token: the channel's id."},
    {"url", SET_SECRET, AT(channel_config, url), NULL, "webhook: where to post."},
    {"hmac_secret", SET_SECRET, AT(channel_config, hmac_secret), NULL, "webhook: signs timestamp and body in X-Notifier-Signature."},
    {"bearer_token", SET_SECRET, AT(channel_config, bearer_token), NULL, "webhook: Authorization: Bearer …"},
    {"username", SET_TEXT, AT(channel_config, username), NULL, "smtp, webhook."},
    {"password", SET_SECRET, AT(channel_config, password), NULL, "smtp, webhook."},
    {"body", SET_LATER, 0, NULL, "webhook: a template instead of our JSON."},
    {"host", SET_TEXT, AT(channel_config, host), NULL, "smtp: the server's name."},
    {"port", SET_INT, AT(channel_config, port), "587; implicit 465", "smtp."},
    {"from", SET_TEXT, AT(channel_config, from), NULL, "smtp: the sender's address."},
    {"template", SET_LATER, 0, NULL, "Words of your own."},
    {0},
};

const struct setting route_settings[] = {
    {"receiver", SET_TEXT, AT(policy_node, receiver), "its channels joined by +", "The name tools show."},
    {"deliver_within", SET_DURATION, AT(policy_node, deliver_within_ms), "15s", "When a fallback takes over (not acted on yet)."},
    {"stale_after", SET_DURATION, AT(policy_node, stale_after_ms), "15m", "Later than this goes out marked late."},
    {"give_up_after", SET_DURATION, AT(policy_node, give_up_after_ms), "24h", "Then a dead letter, and someone is told."},
    {"group_wait", SET_DURATION, AT(policy_node, group_wait_ms), "0s", "How long a new group gathers before its first message."},
    {"group_interval", SET_DURATION, AT(policy_node, group_interval_ms), "30s", "Least time between two messages of a group."},
    {"repeat_interval", SET_DURATION, AT(policy_node, repeat_interval_ms), "4h", "How often what still fires is told again; 0: never."},
    {"repeat_info", SET_BOOL, AT(policy_node, repeat_info), "false", "Whether the last severity repeats too."},
    {"resolve_when_silenced", SET_BOOL, AT(policy_node, resolve_when_silenced), "true", "Tells the end to whoever was told the beginning, silence or not (silences are not acted on yet)."},
    {"continue", SET_BOOL, AT(policy_node, continues), "false", "Go on to the next route after this one matched."},
    {"escalate", SET_LATER, 0, NULL, "Further channels while nobody has acknowledged."},
    {"ack_expires", SET_LATER, 0, NULL, "How long an acknowledgement holds."},
    {"mute_time_intervals", SET_LATER, 0, NULL, "Times in which nothing is told."},
    {"active_time_intervals", SET_LATER, 0, NULL, "Times outside of which nothing is told."},
    {"quiet_time_intervals", SET_LATER, 0, NULL, "Times in which messages make no sound."},
    {0},
};

const struct setting top_settings[] = {
    {"resolve_timeout", SET_DURATION, AT(config, resolve_timeout_ms), "5m", "For alerts posted to the Alertmanager API without an end (that API comes later)."},
    {"time_zone", SET_TEXT, AT(config, time_zone), "UTC", "Of times in messages: an IANA name."},
    {"inhibit_rules", SET_LATER, 0, NULL, "Alertmanager's inhibition."},
    {"inhibit_wait", SET_LATER, 0, NULL, "How long a target waits for its source."},
    {"flap", SET_LATER, 0, NULL, "When a flapping alert is only edited."},
    {"time_intervals", SET_LATER, 0, NULL, "Alertmanager's time intervals."},
    {"templates", SET_LATER, 0, NULL, "Files with templates."},
    {"metrics_push", SET_LATER, 0, NULL, "Sends our metrics somewhere."},
    {"heartbeat", SET_LATER, 0, NULL, "A URL pinged while we deliver."},
    {0},
};

static void write_table(struct buf *out, const char *title, const char *where, const struct setting *settings)
{
    buf_addf(out, "\n## %s\n\n%s\n\n| setting | default | what |\n|---|---|---|\n", title, where);
    for (; settings->key; settings++)
        buf_addf(out, "| `%s`%s | %s | %s%s |\n", settings->key, settings->kind == SET_SECRET ? " (or `_file`)" : "",
                 settings->fallback ? settings->fallback : "–", settings->help,
                 settings->kind == SET_LATER ? " *Not acted on by this version: check-config says so.*" : "");
}

void config_write_reference(struct buf *out)
{
    buf_add_text(out, "# Configuration reference\n\nWritten by `notifier help --reference` from the table that reads the file. "
                      "`\"${NAME}\"` and `\"${NAME:-default}\"` expand from the environment; durations are written 500ms, 30s, 5m, "
                      "4h, 90d.\n");
    write_table(out, "server", "Below `server:`; also `trusted_proxies` (a list of addresses).", server_settings);
    write_table(out, "server.tls", "Below `server.tls:`.", tls_settings);
    write_table(out, "storage", "Below `storage:`; and `retention: {history: 400d, messages: 90d, quarantine: 30d}`.", storage_settings);
    write_table(out, "sources", "Each entry of `sources:`.", source_settings);
    write_table(out, "sources: auth", "Below a source's `auth:`.", source_auth_settings);
    write_table(out, "channels", "Each entry of `channels:`; also `on_update` (reply, edit, new), `rate_limit` (a list of {count, per}), "
                                 "`max_alerts`, `mention` (severity to text), `silent` (severities), `headers` (webhook), `to` and "
                                 "`starttls` (smtp: required, implicit, off), `tls: {ca_file, insecure_skip_verify}`.", channel_settings);
    write_table(out, "route", "Below `route:` and each of its `routes:`; also `matchers`, `channels`, `fallback`, `group_by`.", route_settings);
    write_table(out, "top level", "Also `auth` (tokens, users), `severity: {label, order}`, `limits: {alerts, pending_per_channel}`, `self: {channels}`.", top_settings);
}
