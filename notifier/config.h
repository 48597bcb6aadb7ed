/* The configuration: a table of settings becomes this struct; every complaint has FILE:LINE:COL. Immutable. */
#ifndef NOTIFIER_CONFIG_H
#define NOTIFIER_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "notifier/channels/channel.h"
#include "notifier/core/policy.h"
#include "notifier/render/template.h"
#include "notifier/store/store.h"

#define CONFIG_SOURCES_MAX 64
#define CONFIG_SOURCE_NAME_BYTES 65 /* with the closing NUL */
#define CONFIG_TOKENS_MAX 64
#define CONFIG_PROXIES_MAX 32
#define CONFIG_COMPLAINTS_MAX 100 /* beyond, "and N more" */

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };

struct config_source {
    const char *name, *domain;
    bool auth_none;                  /* on loopback nothing is needed; elsewhere only with {none: true} */
    const char *hmac_secret, *hmac_header, *hmac_timestamp_header;
    int64_t max_skew_ms;
    const char *bearer_token, *username, *password;
    int64_t forget_after_ms;         /* 0: an alert lives until it is resolved */
    int64_t heartbeat_every_ms;      /* 0: none expected */
    const char **heartbeat_matchers;
    size_t heartbeat_matcher_count;
    const char *reconcile_url, *reconcile_token, *reconcile_receiver; /* url NULL: none; receiver NULL: any */
    int reconcile_org;
    int64_t reconcile_every_ms, reconcile_grace_ms;
    bool built_in;                   /* not from the file */
};

struct config_token { const char *name, *token; enum role role; };
struct config_user { const char *name, *password_hash; enum role role; };

struct config {
    const char *path;                /* NULL: none, defaults and environment */
    const char *listen, *public_url; /* "127.0.0.1:8686", "unix:/run/notifier/http.sock" */
    bool public_url_follows;         /* nobody chose it: it is made of listen */
    uint64_t max_body;
    const char *tls_cert_file, *tls_key_file, *tls_client_ca_file;
    const char *trusted_proxies[CONFIG_PROXIES_MAX];
    size_t trusted_proxy_count;
    const char *identity_header;     /* in which trusted proxies name people; NULL: none */
    enum role identity_role;         /* of those who are no users; ROLE_NONE: none */
    struct config_token tokens[CONFIG_TOKENS_MAX];
    size_t token_count;
    struct config_user users[CONFIG_TOKENS_MAX];
    size_t user_count;
    const char *storage_path;
    struct store_retention retention;
    struct config_source sources[CONFIG_SOURCES_MAX];
    size_t source_count;
    int64_t resolve_timeout_ms;
    const char *push_url, *push_token; /* metrics_push; url NULL: none */
    int64_t push_every_ms;
    const char *heartbeat_url;       /* NULL: none */
    int64_t heartbeat_every_ms;
    struct zone *zone;
    const char *time_zone;
    struct channel_config channels[POLICY_CHANNELS_MAX]; /* same order as policy->channels */
    size_t channel_count;
    struct policy *policy;
    struct template_set *templates;  /* the files', the channels' own as "channel NAME: title", and what users call undefined */
    const char *outline;             /* what decides, as a configuration without secrets; NULL: too long */
    struct arena *arena;             /* owns the texts */
};

struct config_complaint { int line, column; bool warning; char text[ERR_TEXT_MAX]; };
struct config_complaints { struct config_complaint items[CONFIG_COMPLAINTS_MAX]; size_t count, errors; size_t left_out; };

/* Where the configuration is: flag, $NOTIFIER_CONFIG, ./notifier.yaml, /etc/notifier/notifier.yaml; NULL: nowhere. */
const char *config_find(const char *flag);
/* path NULL: defaults and environment. NULL when there are errors; warnings may stand beside a result.
 * Reads secrets' files. environment: getenv, or a test's. */
struct config *config_load(const char *path, const char *(*environment)(const char *name),
                           struct config_complaints *complaints);
struct config *config_parse(const char *name, const char *text, size_t length,
                            const char *(*environment)(const char *name), struct config_complaints *complaints);
/* Only storage.path, where other settings may not hold. The caller frees; NULL after complaints. */
char *config_storage_path(const char *path, const char *(*environment)(const char *name), struct config_complaints *complaints);
void config_free(struct config *config);
/* What a channel's own template is called in config->templates; what: title, text, html, footer, body. */
const char *config_template_name(const struct channel_config *channel, const char *what, struct arena *arena);
const struct config_source *config_source(const struct config *config, const char *name);
const struct channel_config *config_channel(const struct config *config, const char *name);
/* Another listener than the file's (a flag). False where its form is wrong, or where it would let others in without auth. */
bool config_set_listen(struct config *config, const char *listen, struct err *err);
/* What only a start can change stays as it is in `running`, and is named in words. False: with the rest of config the listener
 * that stays would let others in. */
bool config_keep_fixed(struct config *config, const struct config *running, struct buf *words, struct err *err);
bool config_listens_on_loopback(const struct config *config); /* 127.0.0.0/8, ::1, localhost or a unix socket */
/* FILE:LINE:COL: message, a line each. */
void config_complaints_write(const struct config_complaints *complaints, const char *name, struct buf *out);
/* Every setting as Markdown, from the table that reads them. */
void config_write_reference(struct buf *out);

#endif
