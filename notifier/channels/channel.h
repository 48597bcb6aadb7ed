/* A channel is a codec without wires: message -> requests' contents, content -> request, reply -> verdict.
 * To add one: copy the nearest file, add a row in registry.c and a golden folder. Pure but for its arguments. */
#ifndef CHANNELS_CHANNEL_H
#define CHANNELS_CHANNEL_H

#include "base/arena.h"
#include "base/err.h"
#include "notifier/core/event.h"
#include "notifier/render/message.h"

#define REQUEST_HEADERS_MAX 16
#define MAIL_RECIPIENTS_MAX 50   /* RCPT of one transaction */
#define CHANNEL_HEADERS_MAX 8    /* configured extra headers of a webhook */
#define CHANNEL_PARTS_MAX (PAGES_MAX + 1 + MAIL_RECIPIENTS_MAX)

enum starttls { STARTTLS_REQUIRED, STARTTLS_IMPLICIT, STARTTLS_OFF };

struct pair {
    const char *name, *value;
};

/* One channel's settings, resolved; secrets included: never print this. Owned by the configuration. */
struct channel_config {
    const char *name, *type;
    const struct channel *codec;
    int line;                        /* in the file; 0: from the environment */
    /* all */
    bool send_resolved;
    enum on_update on_update;
    int64_t timeout_ms;              /* one attempt; mail: the whole session */
    size_t max_alerts;
    struct rate rates[POLICY_RATES_MAX];
    size_t rate_count;
    struct pair mentions[POLICY_SEVERITIES_MAX]; /* severity -> text */
    size_t mention_count;
    const char *silent[POLICY_SEVERITIES_MAX];   /* severities sent without a sound */
    size_t silent_count;
    const char *proxy_url, *ca_file;
    bool insecure_skip_verify;
    const char *template_title, *template_text, *template_html, *template_footer; /* NULL: built in */
    /* telegram */
    const char *bot_token, *chat_id, *topic_id, *api_url;
    /* discord, slack incoming webhook, webhook */
    const char *webhook_url, *thread_id;
    /* slack with a bot token */
    const char *slack_channel;
    /* webhook */
    const char *url, *hmac_secret, *bearer_token, *username, *password, *body;
    const char *method;              /* POST or PUT; NULL: POST */
    const char *expect;              /* what a 2xx answer must say to be a receipt: a regular expression; NULL: anything */
    struct pair headers[CHANNEL_HEADERS_MAX];
    size_t header_count;
    /* smtp */
    const char *host, *from, *to[MAIL_RECIPIENTS_MAX];
    size_t to_count;
    int port;
    enum starttls starttls;
};

enum request_kind { REQUEST_HTTP, REQUEST_MAIL, REQUEST_CONSOLE };

struct request { /* borrowed from the arena it was written into, and from the config */
    enum request_kind kind;
    /* http */
    const char *method, *url;        /* the url may hold a token */
    struct pair headers[REQUEST_HEADERS_MAX];
    size_t header_count;
    const char *username, *password;
    /* http: the body; mail: the whole message, CRLF; console: the text */
    const char *body;
    size_t body_length;
    /* mail */
    const char *recipients[MAIL_RECIPIENTS_MAX];
    size_t recipient_count;
};

enum reply_end { REPLY_ANSWERED, REPLY_NOT_SENT, REPLY_UNCLEAR };

struct recipient_reply {
    int code;                        /* last SMTP code for this recipient; 0: none */
    bool complete;                   /* taken or refused for good by the server */
    enum reply_end end;              /* ANSWERED, or what is sure about it */
    bool session_failed;             /* credentials or TLS: the channel's fault, not the recipient's */
    const char *text;                /* server's words, queue id in it */
};

struct reply { /* what came back, whatever the wire */
    enum reply_end end;
    int status;
    const char *headers;             /* lines "name: value\n", lower-case names; never NULL */
    const char *body;                /* never NULL, closed by NUL */
    size_t body_length;
    const char *error;               /* transport's words for NOT_SENT and UNCLEAR; NULL */
    const struct recipient_reply *recipients;
    size_t recipient_count;
    int64_t now_wall_ms;             /* for HTTP dates */
};

/* What the codec is told about the moment of sending. */
struct sending {
    uint64_t delivery_id, message_id, incident_id, attempt_id;
    enum form form;
    bool repeat;                     /* "(repeat)" behind the reference; the same ids */
    bool silent;
    const char *root_remote;         /* first message of the incident on this channel; NULL */
    const char *moved_to;            /* Telegram's new chat id; NULL */
    const char *host_name;           /* for Message-ID; "notifier.invalid" where unknown */
    int64_t now_wall_ms;
    int zone_offset_s;
    uint16_t part_index;
};

struct verdict {
    struct part_verdict parts[CHANNEL_PARTS_MAX];
    size_t part_count;
    int64_t wait_ms;                 /* with BUSY; -1: no wish */
    int32_t status;
    const char *moved_to;
};

struct channel {
    const char *type;
    bool can_edit, parts_together;
    bool can_gather;                 /* read by people: what waits for its rate may come as one digest */
    struct rate credential_rate;     /* of one bot_token, whatever its chats; count 0: none */
    uint32_t in_flight_max;
    size_t alerts_max;               /* default of max_alerts */
    int64_t timeout_ms;              /* default */
    struct rate rates[POLICY_RATES_MAX]; /* default; the rest zero. Telegram's group limit applies to negative chat ids */
    struct page_limits limits;       /* alerts_max is replaced by the configuration's */
    /* Complaints about settings beyond their form (missing url, token's shape). Called once a channel at load;
     * calls complain for each. */
    void (*check)(const struct channel_config *config, void (*complain)(void *context, const char *key, const char *text),
                  void *context);
    /* View -> parts: what is to be sent now, in order, as stored contents. Never fails: the lowest form always works. */
    size_t (*compose)(const struct channel_config *config, const struct view *view, struct arena *arena,
                      struct rendered_part parts[CHANNEL_PARTS_MAX]);
    /* Contents -> one request. parts: the ones of this attempt (one, or all unfinished where parts_together). */
    bool (*write)(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                  size_t part_count, struct arena *arena, struct request *out, struct err *err);
    /* Reply -> verdict, one row a part. Texts come from arena, redacted. */
    void (*read)(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                 size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out);
};

extern const struct channel *const channels[]; /* NULL-terminated */
const struct channel *channel_find(const char *type); /* NULL if unknown */
/* Replaces every secret of this channel in text by ***: for a provider's or a library's words. */
const char *channel_redact(const struct channel_config *config, const char *text, struct arena *arena);
/* The provider's limits for a channel without rate_limit of its own. */
void channel_default_rates(const struct channel_config *config, struct rate rates[POLICY_RATES_MAX], size_t *count);
/* True where alerts of this severity go without a sound. */
bool channel_is_silent(const struct channel_config *config, const char *severity);
const char *channel_mention(const struct channel_config *config, const char *severity); /* NULL: none */
/* Retry-After as seconds (fractions allowed) or an HTTP date; clamped to [0, 1 h]; -1 if absent or junk. */
int64_t reply_retry_after_ms(const struct reply *reply);
bool reply_header(const struct reply *reply, const char *name, char *out, size_t size);

#endif
