/* What the files of `notifier convert` share. */
#ifndef COMMANDS_CONVERT_PRIVATE_H
#define COMMANDS_CONVERT_PRIVATE_H

#include "base/arena.h"
#include "base/yaml.h"
#include "notifier/commands/convert.h"

#define CONVERT_BODY_ANCHOR "alertmanager_body" /* what Alertmanager's webhooks post; written once */
#define CONVERT_LIST_MAX 64 /* matchers of one rule, labels of one group_by: what our reader takes */

struct receiver {
    const char *name;
    const char *channels[POLICY_CHANNELS_MAX];
    size_t channel_count;
    size_t integration_count; /* 0: nobody is to be told, on purpose */
};

struct checked_words { /* one text of a channel, which is a template */
    const char *name; /* what the set calls it */
    const struct yaml_node *value;
    struct checked_words *next;
};

struct conversion {
    struct arena *arena;
    const char *folder; /* of the file, with its last slash, or "" */
    const struct yaml_node *root, *global;
    struct config_complaints *complaints;
    struct buf *out;
    struct receiver *receivers;
    size_t receiver_count;
    size_t channel_count, route_count;
    struct template_set *templates; /* what is known of them: Alertmanager's own, and the words of the channels so far */
    struct checked_words *words;
    size_t words_count;
    bool needs_console; /* somebody's integrations all have no counterpart */
    bool impossible;
};

/* Not a configuration of Alertmanager's. Always false. */
bool convert_refuse(struct conversion *c, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* One of Alertmanager's, beyond what we take. Always false. */
bool convert_give_up(struct conversion *c, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What becomes different. Said once of one place. */
void convert_note(struct conversion *c, const struct yaml_node *at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- reading: as strict as Alertmanager is */

enum field_kind { FIELD_TEXT, FIELD_BOOL, FIELD_NUMBER, FIELD_DURATION, FIELD_URL, FIELD_LIST, FIELD_TEXTS, FIELD_MAP, FIELD_PAIRS };

struct field {
    const char *key;
    enum field_kind kind;
    const char *lost; /* what is said where it stands there; NULL: it is taken, or changes nothing */
};

/* Every key has a row (closed by one without key) and a value of its kind; false after refusals. Notes what gets lost. */
bool convert_fits(struct conversion *c, const struct yaml_node *map, const struct field *fields);
/* What stands at key; NULL where there is nothing, or null. map may be NULL. */
const struct yaml_node *convert_at(const struct yaml_node *map, const char *key);
const char *convert_text(const struct yaml_node *map, const char *key); /* NULL where nothing or "" */
bool convert_truth(const struct yaml_node *map, const char *key, bool otherwise);
/* Prometheus' durations, which know weeks and years. */
bool convert_duration(const char *text, int64_t *ms);

/* --- writing */

/* A value such that our reader gets text back: quoted where needed, ${ escaped. */
void convert_add_text(struct buf *out, const char *text);
void convert_put(struct conversion *c, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
void convert_put_text(struct conversion *c, int indent, const char *key, const char *text);
void convert_put_texts(struct conversion *c, int indent, const char *key, const char *const *texts, size_t count);
void convert_put_duration(struct conversion *c, int indent, const char *key, int64_t ms);
/* KEY, or KEY_file with a path from where the file is; nothing where from has neither. */
void convert_put_secret(struct conversion *c, int indent, const char *key, const struct yaml_node *from, const char *from_key);
/* A remark of one line, whatever is in it. */
void convert_put_remark(struct conversion *c, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What stood there, as a remark: a line each key. */
void convert_put_node(struct conversion *c, int indent, const struct yaml_node *node);
const char *convert_path(const struct conversion *c, const char *path);

/* --- the parts */

struct matcher_list {
    const char *texts[CONVERT_LIST_MAX]; /* as ours are written */
    size_t count;
};

/* Matchers of Alertmanager's, several in one text or in braces, classic or UTF-8. */
bool convert_matchers(struct conversion *c, const struct yaml_node *list, struct matcher_list *out);
/* The old match and match_re. */
bool convert_pairs(struct conversion *c, const struct yaml_node *map, bool regex, struct matcher_list *out);

/* proxy, TLS, and, for a webhook, credentials and headers. */
void convert_http(struct conversion *c, const struct yaml_node *integration, bool is_webhook);
bool convert_http_fits(struct conversion *c, const struct yaml_node *http);
bool convert_tls_fits(struct conversion *c, const struct yaml_node *tls);
void convert_tls(struct conversion *c, const struct yaml_node *tls);

struct wording { /* one text of a message */
    const char *ours;              /* below template: */
    const struct yaml_node *value; /* NULL: none */
};
/* As the user wrote them. */
void convert_put_words(struct conversion *c, const struct wording *words, size_t count);
void convert_check_words(struct conversion *c); /* once all are there: do they call only what is defined? */

/* One integration: settings go behind the channel's name and type. False: it has no counterpart; why, said in a note. */
bool convert_webhook(struct conversion *c, const struct yaml_node *item);
bool convert_telegram(struct conversion *c, const struct yaml_node *item);
bool convert_discord(struct conversion *c, const struct yaml_node *item);
bool convert_slack(struct conversion *c, const struct yaml_node *item);
bool convert_email(struct conversion *c, const struct yaml_node *item);
extern const struct field convert_webhook_fields[], convert_telegram_fields[], convert_discord_fields[], convert_slack_fields[],
    convert_email_fields[];

void convert_receivers(struct conversion *c); /* fills c->receivers, writes channels */
const struct receiver *convert_receiver(const struct conversion *c, const char *name);
void convert_route(struct conversion *c);
void convert_inhibit_rules(struct conversion *c);
void convert_times(struct conversion *c);

#endif
