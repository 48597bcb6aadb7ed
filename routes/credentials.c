#include "routes/credentials.h"

#include "base/sign.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SIGNATURE_HEADER "X-Grafana-Alerting-Signature" /* Grafana's default */
#define BASIC_MAX 4096 /* bytes, decoded */

static const char *after_scheme(const char *header, const char *scheme)
{
    size_t length = strlen(scheme);

    if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
        return NULL;
    return header + length + strspn(header + length, " ");
}

static struct credential read_basic(struct call *call, const char *encoded)
{
    struct credential out = {.kind = CREDENTIAL_ODD};
    struct buf plain = BUF_EMPTY(BASIC_MAX);
    size_t length = strcspn(encoded, " ");

    if (sign_from_base64(&plain, encoded, length) && plain.length && !memchr(plain.data, '\0', plain.length)) {
        char *text = arena_bytes(call->arena, plain.data, plain.length);
        char *colon = strchr(text, ':');
        if (colon) {
            *colon = '\0';
            out = (struct credential){CREDENTIAL_BASIC, text, colon + 1};
        }
    }
    buf_free(&plain);
    return out;
}

struct credential credential_read(struct call *call)
{
    const char *header = call_header(call, "Authorization");
    const char *rest;

    if (!header)
        return (struct credential){.kind = CREDENTIAL_NONE};
    if (call_count_headers(call, "Authorization") > 1)
        return (struct credential){.kind = CREDENTIAL_ODD};
    if (((rest = after_scheme(header, "Bearer")) || (rest = after_scheme(header, "Token"))) && rest[0]) /* Token: Influx clients */
        return (struct credential){.kind = CREDENTIAL_BEARER, .secret = rest};
    if ((rest = after_scheme(header, "Basic")))
        return read_basic(call, rest);
    return (struct credential){.kind = CREDENTIAL_ODD};
}

static bool is_set(const char *text)
{
    return text && text[0];
}

bool credential_fits_source(const struct credential *credential, const struct auth_source *source)
{
    if (credential->kind == CREDENTIAL_BEARER && is_set(source->bearer_token))
        return text_equal_secret(credential->secret, source->bearer_token);
    if (credential->kind == CREDENTIAL_BASIC && is_set(source->password)) {
        bool user = text_equal_secret(credential->user, text_or(source->username, ""));
        bool password = text_equal_secret(credential->secret, source->password);
        return user & password;
    }
    return false;
}

static const char *signature_of(const struct call *call, const struct auth_source *source)
{
    return call_header(call, text_or(source->hmac_header, SIGNATURE_HEADER));
}

bool credential_has_signature(const struct call *call, const struct auth_source *source)
{
    const char *signature = signature_of(call, source);

    return signature && strlen(signature) == SIGN_HEX_SIZE - 1;
}

static bool time_fits(const char *stamp, const struct auth_source *source, int64_t now_wall_ms, const char **why)
{
    struct err ignored;
    int64_t seconds = 0;

    if (!stamp || !stamp[0] || strlen(stamp) > 12 || strspn(stamp, "0123456789") != strlen(stamp) ||
        !text_to_int(stamp, &seconds, &ignored)) {
        *why = "the signature's time is missing or no number of seconds";
        return false;
    }
    int64_t off_ms = seconds * 1000 - now_wall_ms;
    if (source->max_skew_ms > 0 && (off_ms > source->max_skew_ms || off_ms < -source->max_skew_ms)) {
        *why = "the signature's time is too far from ours: check both clocks and max_skew";
        return false;
    }
    return true;
}

bool credential_signature_fits(const struct call *call, const struct auth_source *source, int64_t now_wall_ms, const char **why)
{
    const char *signature = signature_of(call, source);
    char expected[SIGN_HEX_SIZE], prefix[32] = "";
    size_t length;
    const void *body = call_body(call, &length);

    if (is_set(source->hmac_timestamp_header)) {
        const char *stamp = call_header(call, source->hmac_timestamp_header);
        if (!time_fits(stamp, source, now_wall_ms, why))
            return false;
        snprintf(prefix, sizeof prefix, "%s:", stamp);
    }
    sign_hmac_hex(source->hmac_secret, prefix[0] ? prefix : NULL, body, length, expected);
    if (signature && text_equal_secret(signature, expected))
        return true;
    *why = "the signature does not fit the message: check that both sides hold the same secret";
    return false;
}

bool credential_is_forwarded(const struct call *call)
{
    for (size_t i = 0; i < call->header_count; i++) {
        const char *name = call->headers[i].name;
        if (strncasecmp(name, "X-Forwarded", 11) == 0 || strcasecmp(name, "Forwarded") == 0 || strcasecmp(name, "X-Real-IP") == 0)
            return true;
    }
    return false;
}

void credential_host(const char *text, char *out, size_t size)
{
    const char *from = strstr(text, "://");
    size_t length;

    from = from ? from + 3 : text;
    if (*from == '[') {
        from++;
        length = strcspn(from, "]");
    } else
        length = strcspn(from, ":/?#");
    if (length >= size || memchr(from, '@', length))
        length = 0;
    for (size_t i = 0; i < length; i++)
        out[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] | 0x20) : from[i];
    out[length] = '\0';
}
