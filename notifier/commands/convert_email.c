/* email_configs: mail, with what global says of the server. */
#include "base/text.h"
#include "notifier/commands/convert_private.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define ADDRESSES_MAX MAIL_RECIPIENTS_MAX

const struct field convert_email_fields[] = {
    {"send_resolved", FIELD_BOOL, NULL}, {"to", FIELD_TEXT, NULL}, {"from", FIELD_TEXT, NULL}, {"smarthost", FIELD_TEXT, NULL},
    {"hello", FIELD_TEXT, "is not carried over: notifier introduces itself by the machine's name"}, {"auth_username", FIELD_TEXT, NULL},
    {"auth_password", FIELD_TEXT, NULL}, {"auth_password_file", FIELD_TEXT, NULL},
    {"auth_secret", FIELD_TEXT, "is not carried over: CRAM-MD5 is not spoken; give a password"},
    {"auth_secret_file", FIELD_TEXT, "is not carried over: CRAM-MD5 is not spoken; give a password"},
    {"auth_identity", FIELD_TEXT, "is not carried over: the user speaks for itself"}, {"headers", FIELD_PAIRS, NULL},
    {"html", FIELD_TEXT, NULL}, {"text", FIELD_TEXT, NULL},
    {"require_tls", FIELD_BOOL, NULL}, {"tls_config", FIELD_MAP, NULL}, {"force_implicit_tls", FIELD_BOOL, NULL},
    {"threading", FIELD_MAP, "is not carried over: mails of one incident form a thread anyway"}, {0},
};

struct mail { /* what is known before a word is written */
    const char *host, *from, *to[ADDRESSES_MAX];
    size_t to_count;
    int64_t port;
};

static const char *own_or_global(const struct conversion *c, const struct yaml_node *item, const char *key, const char *global_key)
{
    const char *own = convert_text(item, key);
    return own ? own : convert_text(c->global, global_key);
}

/* Of "Ops <ops@example.org>", the address. */
static const char *bare_address(struct conversion *c, const char *text)
{
    const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;

    if (open && close) {
        text = open + 1;
    } else
        close = text + strlen(text);
    while (text < close && isspace((unsigned char)*text))
        text++;
    while (close > text && isspace((unsigned char)close[-1]))
        close--;
    return arena_bytes(c->arena, text, (size_t)(close - text));
}

/* The comma that ends an address; those between quotes belong to a name. */
static const char *end_of_address(const char *at)
{
    for (bool quoted = false; *at && (quoted || *at != ','); at++)
        if (*at == '"')
            quoted = !quoted;
    return at;
}

static bool read_addresses(struct conversion *c, const struct yaml_node *node, struct mail *mail)
{
    for (const char *at = node->text; *at;) {
        const char *end = end_of_address(at), *address = bare_address(c, arena_bytes(c->arena, at, (size_t)(end - at)));
        if (mail->to_count == ADDRESSES_MAX) {
            convert_note(c, node, "more than %d addresses; make several email_configs of them", ADDRESSES_MAX);
            return false;
        }
        if (!text_is_address(address)) {
            convert_note(c, node, "\"%.80s\" cannot be used as an address: name@host in ASCII, without a template", address);
            return false;
        }
        mail->to[mail->to_count++] = address;
        at = end + (*end == ',');
    }
    return true;
}

static bool read_port(const char *text, int64_t *port)
{
    static const struct {
        const char *name;
        int64_t port;
    } services[] = {{"smtp", 25}, {"smtps", 465}, {"submission", 587}, {"submissions", 465}};

    for (size_t i = 0; i < LENGTH(services); i++)
        if (strcasecmp(text, services[i].name) == 0) {
            *port = services[i].port;
            return true;
        }
    return text_to_int(text, port, NULL) && *port > 0 && *port <= 65535;
}

static bool read_smarthost(struct conversion *c, const struct yaml_node *item, struct mail *mail)
{
    const struct yaml_node *node = convert_text(item, "smarthost") ? convert_at(item, "smarthost") : convert_at(c->global, "smtp_smarthost");
    const char *colon = node ? strrchr(node->text, ':') : NULL;

    if (!node)
        return convert_refuse(c, item, "smarthost is missing, here and in global as smtp_smarthost");
    if (!colon || !read_port(colon + 1, &mail->port))
        return convert_refuse(c, node, "smarthost must be HOST:PORT");
    mail->host = arena_bytes(c->arena, node->text, (size_t)(colon - node->text));
    if (strpbrk(mail->host, ":/ []") || !mail->host[0]) {
        convert_note(c, node, "a mail server is named, or has an IPv4 address");
        return false;
    }
    return true;
}

static bool read_mail(struct conversion *c, const struct yaml_node *item, struct mail *mail)
{
    const struct yaml_node *from = convert_text(item, "from") ? convert_at(item, "from") : convert_at(c->global, "smtp_from");

    if (!convert_text(item, "to"))
        return convert_refuse(c, item, "to is missing");
    if (!read_smarthost(c, item, mail))
        return false;
    if (!from || !from->text[0])
        return convert_refuse(c, item, "from is missing, here and in global as smtp_from");
    mail->from = bare_address(c, from->text);
    if (!text_is_address(mail->from)) {
        convert_note(c, from, "\"%.80s\" cannot be used as an address: name@host in ASCII, without a template", mail->from);
        return false;
    }
    if (strcmp(mail->from, from->text) != 0)
        convert_note(c, from, "the sender keeps its address only: %.80s", mail->from);
    return read_addresses(c, convert_at(item, "to"), mail);
}

/* Alertmanager would send a password only in another way than in clear; over loopback it stays with itself. */
static void put_tls(struct conversion *c, const struct yaml_node *item, const struct mail *mail, bool with_password)
{
    bool required = convert_truth(item, "require_tls", convert_truth(c->global, "smtp_require_tls", true));
    bool implicit = convert_truth(item, "force_implicit_tls", convert_truth(c->global, "smtp_force_implicit_tls", mail->port == 465));
    bool loopback = text_starts(mail->host, "127.") || strcmp(mail->host, "localhost") == 0;

    if (!implicit && !required && with_password && !loopback)
        convert_note(c, item, "STARTTLS is required here, as a password is not sent in clear");
    convert_put(c, 4, "starttls: %s", implicit ? "implicit" : required || (with_password && !loopback) ? "required" : "off");
    convert_tls(c, convert_at(item, "tls_config") ? convert_at(item, "tls_config") : convert_at(c->global, "smtp_tls_config"));
}

static void put_credentials(struct conversion *c, const struct yaml_node *item, bool own_password)
{
    convert_put_text(c, 4, "username", own_or_global(c, item, "auth_username", "smtp_auth_username"));
    convert_put_secret(c, 4, "password", own_password ? item : c->global, own_password ? "auth_password" : "smtp_auth_password");
}

static void put_words(struct conversion *c, const struct yaml_node *item)
{
    const struct yaml_node *headers = convert_at(item, "headers"), *subject = NULL;

    for (size_t i = 0; headers && i < headers->count; i++)
        if (strcasecmp(headers->keys[i]->text, "Subject") == 0)
            subject = headers->items[i];
        else
            convert_note(c, headers->keys[i], "header %.60s is not carried over", headers->keys[i]->text);
    const struct wording words[] = {{"title", subject}, {"text", convert_at(item, "text")}, {"html", convert_at(item, "html")}};
    convert_put_words(c, words, LENGTH(words));
}

bool convert_email(struct conversion *c, const struct yaml_node *item)
{
    struct mail mail = {0};
    const struct yaml_node *file = convert_at(item, "auth_password_file");

    if (convert_text(item, "auth_password") && convert_text(item, "auth_password_file"))
        return convert_refuse(c, file, "auth_password_file cannot stand beside auth_password");
    if (!convert_tls_fits(c, convert_at(item, "tls_config")) || !read_mail(c, item, &mail))
        return false;
    assert(mail.host && mail.from);
    bool own_password = convert_text(item, "auth_password") || convert_text(item, "auth_password_file");
    bool password = own_password || convert_text(c->global, "smtp_auth_password") || convert_text(c->global, "smtp_auth_password_file");
    const char *user = own_or_global(c, item, "auth_username", "smtp_auth_username");

    convert_put_text(c, 4, "host", mail.host);
    convert_put(c, 4, "port: %d", (int)mail.port);
    put_tls(c, item, &mail, user && password);
    if (user && password)
        put_credentials(c, item, own_password);
    else if (user)
        convert_note(c, item, "there is a user but no password; the mail goes without either");
    convert_put_text(c, 4, "from", mail.from);
    convert_put_texts(c, 4, "to", mail.to, mail.to_count);
    put_words(c, item);
    return true;
}
