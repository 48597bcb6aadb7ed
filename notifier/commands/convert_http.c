/* http_config and tls_config: how a provider is reached, and how we say who we are. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <string.h>
#include <strings.h>

#define ELSEWHERE "has no counterpart; nothing of it is carried over"

static const struct field tls_fields[] = {
    {"ca_file", FIELD_TEXT, NULL},
    {"ca", FIELD_TEXT, "is not carried over: put the certificates into a file and name it in tls.ca_file"},
    {"ca_ref", FIELD_TEXT, ELSEWHERE},
    {"cert", FIELD_TEXT, "is not carried over: channels show no certificate of their own"},
    {"cert_file", FIELD_TEXT, "is not carried over: channels show no certificate of their own"},
    {"cert_ref", FIELD_TEXT, ELSEWHERE},
    {"key", FIELD_TEXT, NULL},
    {"key_file", FIELD_TEXT, NULL},
    {"key_ref", FIELD_TEXT, ELSEWHERE},
    {"server_name", FIELD_TEXT, "is not carried over: the certificate must bear the name in the address"},
    {"insecure_skip_verify", FIELD_BOOL, NULL},
    {"min_version", FIELD_TEXT, "is not carried over: TLS 1.2 is the least"},
    {"max_version", FIELD_TEXT, ELSEWHERE},
    {0},
};

static const struct field http_fields[] = {
    {"basic_auth", FIELD_MAP, NULL},
    {"authorization", FIELD_MAP, NULL},
    {"oauth2", FIELD_MAP, "is not carried over: no channel fetches tokens"},
    {"bearer_token", FIELD_TEXT, NULL},
    {"bearer_token_file", FIELD_TEXT, NULL},
    {"tls_config", FIELD_MAP, NULL},
    {"follow_redirects", FIELD_BOOL, NULL},
    {"enable_http2", FIELD_BOOL, NULL},
    {"proxy_url", FIELD_TEXT, NULL},
    {"no_proxy", FIELD_TEXT, "is not carried over: the proxy is that of all this channel sends"},
    {"proxy_from_environment", FIELD_BOOL, "is not carried over: name the proxy in proxy_url"},
    {"proxy_connect_header", FIELD_MAP, ELSEWHERE},
    {"http_headers", FIELD_MAP, NULL},
    {0},
};

static const struct field basic_fields[] = {
    {"username", FIELD_TEXT, NULL}, {"username_file", FIELD_TEXT, NULL}, {"username_ref", FIELD_TEXT, ELSEWHERE},
    {"password", FIELD_TEXT, NULL}, {"password_file", FIELD_TEXT, NULL}, {"password_ref", FIELD_TEXT, ELSEWHERE}, {0},
};

static const struct field authorization_fields[] = {
    {"type", FIELD_TEXT, NULL}, {"credentials", FIELD_TEXT, NULL}, {"credentials_file", FIELD_TEXT, NULL}, {"credentials_ref", FIELD_TEXT, ELSEWHERE}, {0},
};

static const struct field header_fields[] = {{"values", FIELD_TEXTS, NULL}, {"secrets", FIELD_TEXTS, NULL}, {"files", FIELD_TEXTS, NULL}, {0}};

bool convert_tls_fits(struct conversion *c, const struct yaml_node *tls)
{
    return !tls || convert_fits(c, tls, tls_fields);
}

/* Which of these stand there: Alertmanager takes one way to say who one is. */
static bool ways_fit(struct conversion *c, const struct yaml_node *http)
{
    static const char *const ways[] = {"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"};
    const char *first = NULL;

    for (size_t i = 0; i < LENGTH(ways); i++) {
        if (!convert_at(http, ways[i]))
            continue;
        if (first)
            return convert_refuse(c, convert_at(http, ways[i]), "%s cannot stand beside %s", ways[i], first);
        first = ways[i];
    }
    const struct yaml_node *authorization = convert_at(http, "authorization");
    const char *type = convert_text(authorization, "type");
    if (type && strcasecmp(type, "basic") == 0)
        return convert_refuse(c, authorization, "authorization cannot be of type Basic; basic_auth is meant for that");
    return true;
}

bool convert_http_fits(struct conversion *c, const struct yaml_node *http)
{
    const struct yaml_node *headers = convert_at(http, "http_headers"), *basic = convert_at(http, "basic_auth");
    const struct yaml_node *authorization = convert_at(http, "authorization");

    if (!http)
        return true;
    bool fits = convert_fits(c, http, http_fields);
    if (!fits)
        return false;
    fits = convert_tls_fits(c, convert_at(http, "tls_config"));
    fits = (!basic || convert_fits(c, basic, basic_fields)) && fits;
    fits = (!authorization || convert_fits(c, authorization, authorization_fields)) && fits;
    for (size_t i = 0; headers && i < headers->count; i++) {
        fits = convert_fits(c, headers->items[i], header_fields) && fits;
        if (strcasecmp(headers->keys[i]->text, "Authorization") == 0)
            fits = convert_refuse(c, headers->keys[i], "http_headers cannot set Authorization; authorization is meant for that");
    }
    if (convert_at(http, "proxy_connect_header") && !convert_text(http, "proxy_url"))
        fits = convert_refuse(c, convert_at(http, "proxy_connect_header"), "proxy_connect_header needs proxy_url");
    return ways_fit(c, http) && fits;
}

void convert_tls(struct conversion *c, const struct yaml_node *tls)
{
    const char *ca = convert_text(tls, "ca_file");
    bool skip = convert_truth(tls, "insecure_skip_verify", false);

    if (!ca && !skip)
        return;
    convert_put(c, 4, "tls:");
    if (ca)
        convert_put_text(c, 6, "ca_file", convert_path(c, ca));
    if (skip)
        convert_put(c, 6, "insecure_skip_verify: true");
}

static void put_basic(struct conversion *c, const struct yaml_node *basic)
{
    const struct yaml_node *file = convert_at(basic, "username_file");

    if (file) {
        convert_note(c, file, "username_file is not carried over: write the name itself into username");
        return;
    }
    convert_put_text(c, 4, "username", convert_text(basic, "username"));
    convert_put_secret(c, 4, "password", basic, "password");
}

/* A header of a webhook; the first opens the map. */
static void put_header(struct conversion *c, const struct yaml_node *at, const char *name, const char *value, size_t *count)
{
    if (*count == CHANNEL_HEADERS_MAX) {
        convert_note(c, at, "header %.60s is not carried over: a channel has at most %d", name, CHANNEL_HEADERS_MAX);
        return;
    }
    if (!(*count)++)
        convert_put(c, 4, "headers:");
    buf_addf(c->out, "%6s", "");
    convert_add_text(c->out, name);
    buf_add_text(c->out, ": ");
    convert_add_text(c->out, value);
    buf_add_char(c->out, '\n');
}

static void put_headers(struct conversion *c, const struct yaml_node *headers, size_t *count)
{
    static const char *const kinds[] = {"values", "secrets"};

    for (size_t i = 0; headers && i < headers->count; i++) {
        const struct yaml_node *header = headers->items[i], *files = convert_at(header, "files");
        const char *name = headers->keys[i]->text;
        size_t values = 0;
        for (size_t k = 0; k < LENGTH(kinds); k++) {
            const struct yaml_node *list = convert_at(header, kinds[k]);
            for (size_t j = 0; list && j < list->count; j++)
                if (values++)
                    convert_note(c, list->items[j], "header %.60s keeps its first value only", name);
                else
                    put_header(c, headers->keys[i], name, list->items[j]->text, count);
        }
        if (files && files->count)
            convert_note(c, files, "header %.60s is not carried over out of a file", name);
    }
}

/* Where a channel says who it is by its own token or address, credentials for HTTP have no place. */
static void note_credentials(struct conversion *c, const struct yaml_node *http)
{
    static const char *const keys[] = {"basic_auth", "authorization", "bearer_token", "bearer_token_file", "http_headers"};

    for (size_t i = 0; i < LENGTH(keys); i++)
        if (convert_at(http, keys[i]))
            convert_note(c, convert_at(http, keys[i]), "%s is carried over for webhooks only", keys[i]);
}

static void put_credentials(struct conversion *c, const struct yaml_node *http)
{
    const struct yaml_node *authorization = convert_at(http, "authorization");
    const char *type = text_or(convert_text(authorization, "type"), "Bearer"), *credentials = convert_text(authorization, "credentials");
    size_t headers = 0;

    put_basic(c, convert_at(http, "basic_auth"));
    convert_put_secret(c, 4, "bearer_token", http, "bearer_token");
    if (strcasecmp(type, "Bearer") == 0)
        convert_put_secret(c, 4, "bearer_token", authorization, "credentials");
    else if (credentials)
        put_header(c, authorization, "Authorization", arena_printf(c->arena, "%s %s", type, credentials), &headers);
    else
        convert_note(c, authorization, "authorization of type %.40s is not carried over out of a file", type);
    put_headers(c, convert_at(http, "http_headers"), &headers);
}

void convert_http(struct conversion *c, const struct yaml_node *integration, bool is_webhook)
{
    const struct yaml_node *http = convert_at(integration, "http_config");

    if (!http)
        http = convert_at(c->global, "http_config");
    if (!http)
        return;
    convert_put_text(c, 4, "proxy_url", convert_text(http, "proxy_url"));
    convert_tls(c, convert_at(http, "tls_config"));
    if (is_webhook)
        put_credentials(c, http);
    else
        note_credentials(c, http);
}
