#include "base/password.h"
#include "base/sign.h"
#include "base/text.h"
#include "routes/auth_private.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW_MS 1773480413500
#define BODY "{\"alerts\":[]}"

static const struct auth_source sources[] = {
    {.name = "grafana"},
    {.name = "hmac", .hmac_secret = "s3cret"},
    {.name = "timed", .hmac_secret = "s3cret", .hmac_header = "X-Sign", .hmac_timestamp_header = "X-Time", .max_skew_ms = 300000},
    {.name = "bearer", .bearer_token = "src-token"},
    {.name = "basic", .username = "graf", .password = "src-pass"},
    {.name = "open", .none = true},
};
static const struct auth_token tokens[] = {
    {"ops", "ops-token", ACCESS_OPERATOR}, {"wall", "wall-token", ACCESS_VIEWER}, {"root", "root-token", ACCESS_ADMIN}};

static struct auth *make(bool loopback, bool people, const struct auth_user *users, size_t user_count)
{
    struct auth_options options = {.sources = sources, .source_count = LENGTH(sources), .tokens = tokens,
                                   .token_count = people ? LENGTH(tokens) : 0, .users = users, .user_count = user_count,
                                   .public_url = "https://alerts.example.org/x", .listens_on_loopback = loopback};
    struct auth *auth = auth_new(&options, NULL);

    auth_set_listener(auth, loopback ? "http://127.0.0.1:8686" : "http://10.0.0.5:8686");
    return auth;
}

struct row {
    const char *name;
    bool loopback, people;
    enum access access;    /* of the route */
    const char *source;    /* in the path; NULL: none */
    const char *headers[3][2];
    int status;            /* 200: allowed */
    const char *who, *belongs; /* who; source */
};

static struct call *call_for(const struct row *row, struct route *route)
{
    struct call *call = call_new(row->source ? "/api/v1/webhook/x" : "/api/v1/alerts");

    *route = (struct route){"POST", "/x", row->access, NULL};
    call->route = route;
    call->method = "POST";
    if (row->source)
        call->params[call->param_count++] = (struct path_pair){"source", row->source};
    for (size_t i = 0; i < LENGTH(row->headers) && row->headers[i][0]; i++)
        call_add_header(call, row->headers[i][0], row->headers[i][1]);
    buf_init(&call->body, 1000);
    return call;
}

static const char *header_of(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->answer_header_count; i++)
        if (text_equal(call->answer_headers[i].name, name))
            return call->answer_headers[i].value;
    return NULL;
}

#define BEARER(t) {{"Authorization", "Bearer " t}}
#define OPS_BASIC "Basic b3BzOm9wcy10b2tlbg=="      /* ops:ops-token */
#define WRONG_BASIC "Basic cm9vdDpvcHMtdG9rZW4="    /* root:ops-token */
#define SOURCE_BASIC "Basic Z3JhZjpzcmMtcGFzcw=="   /* graf:src-pass */
#define SIGNATURE "5a41c5d7c5b90cd5a8d4d7c2ad0b19a0cc5a4a86d3b5ab5b6c6f2b9c5f9ef0aa" /* of something else */

static const struct row rows[] = {
    {"local, nothing configured", true, false, ACCESS_ADMIN, NULL, {{0}}, 200, "local", NULL},
    {"forwarded is not local", true, false, ACCESS_VIEWER, NULL, {{"X-Forwarded-For", "10.1.1.1"}}, 401, NULL, NULL},
    {"Forwarded is not local", true, false, ACCESS_VIEWER, NULL, {{"Forwarded", "for=10.1.1.1"}}, 401, NULL, NULL},
    {"X-Real-IP is not local", true, false, ACCESS_VIEWER, NULL, {{"X-Real-IP", "10.1.1.1"}}, 401, NULL, NULL},
    {"X-Forwarded-Proto is not local", true, false, ACCESS_VIEWER, NULL, {{"X-Forwarded-Proto", "https"}}, 401, NULL, NULL},
    {"open to all", true, false, ACCESS_OPEN, NULL, {{"X-Real-IP", "10.1.1.1"}}, 200, "", NULL},
    {"afar, nothing configured", false, false, ACCESS_VIEWER, NULL, {{0}}, 401, NULL, NULL},
    {"an odd header changes nothing where nobody is asked", true, false, ACCESS_VIEWER, NULL, BEARER("junk"), 200, "local", NULL},

    {"people: nothing shown", true, true, ACCESS_VIEWER, NULL, {{0}}, 401, NULL, NULL},
    {"people: bearer", true, true, ACCESS_VIEWER, NULL, BEARER("wall-token"), 200, "wall", NULL},
    {"people: scheme in any case", true, true, ACCESS_VIEWER, NULL, {{"authorization", "bEARER wall-token"}}, 200, "wall", NULL},
    {"people: unknown token", true, true, ACCESS_VIEWER, NULL, BEARER("wall-toke"), 401, NULL, NULL},
    {"people: longer token", true, true, ACCESS_VIEWER, NULL, BEARER("wall-tokenn"), 401, NULL, NULL},
    {"people: role too low", true, true, ACCESS_OPERATOR, NULL, BEARER("wall-token"), 403, NULL, NULL},
    {"people: role just right", true, true, ACCESS_OPERATOR, NULL, BEARER("ops-token"), 200, "ops", NULL},
    {"people: role below admin", true, true, ACCESS_ADMIN, NULL, BEARER("ops-token"), 403, NULL, NULL},
    {"people: admin may all", false, true, ACCESS_ADMIN, NULL, BEARER("root-token"), 200, "root", NULL},
    {"people: token as a password", true, true, ACCESS_VIEWER, NULL, {{"Authorization", OPS_BASIC}}, 200, "ops", NULL},
    {"people: token under another name", true, true, ACCESS_VIEWER, NULL, {{"Authorization", WRONG_BASIC}}, 401, NULL, NULL},
    {"people: broken basic", true, true, ACCESS_VIEWER, NULL, {{"Authorization", "Basic !!!"}}, 401, NULL, NULL},
    {"people: basic without a colon", true, true, ACCESS_VIEWER, NULL, {{"Authorization", "Basic b3Bz"}}, 401, NULL, NULL},
    {"people: two headers", true, true, ACCESS_VIEWER, NULL,
     {{"Authorization", "Bearer wall-token"}, {"Authorization", "Bearer ops-token"}}, 401, NULL, NULL},
    {"people: a source's token is no person", true, true, ACCESS_VIEWER, NULL, BEARER("src-token"), 401, NULL, NULL},
    {"people: open and unknown", true, true, ACCESS_OPEN, NULL, BEARER("junk"), 200, "", NULL},
    {"people: open and known", true, true, ACCESS_OPEN, NULL, BEARER("wall-token"), 200, "wall", NULL},

    {"source: loopback needs nothing", true, false, ACCESS_SOURCE, "grafana", {{0}}, 200, "grafana", "grafana"},
    {"source: nor where people need something", true, true, ACCESS_SOURCE, "grafana", {{0}}, 200, "grafana", "grafana"},
    {"source: forwarded", true, false, ACCESS_SOURCE, "grafana", {{"X-Forwarded-For", "x"}}, 401, NULL, NULL},
    {"source: afar", false, true, ACCESS_SOURCE, "grafana", {{0}}, 401, NULL, NULL},
    {"source: none means none", false, true, ACCESS_SOURCE, "open", {{"X-Forwarded-For", "x"}}, 200, "open", "open"},
    {"source: unknown", true, false, ACCESS_SOURCE, "nosuch", {{0}}, 404, NULL, NULL},
    {"source: bearer", false, false, ACCESS_SOURCE, "bearer", BEARER("src-token"), 200, "bearer", "bearer"},
    {"source: needed on loopback too", true, false, ACCESS_SOURCE, "bearer", {{0}}, 401, NULL, NULL},
    {"source: another's bearer", true, false, ACCESS_SOURCE, "basic", BEARER("src-token"), 401, NULL, NULL},
    {"source: basic", false, false, ACCESS_SOURCE, "basic", {{"Authorization", SOURCE_BASIC}}, 200, "basic", "basic"},
    {"source: operators may post for it", false, true, ACCESS_SOURCE, "bearer", BEARER("ops-token"), 200, "ops", "bearer"},
    {"source: viewers may not", false, true, ACCESS_SOURCE, "bearer", BEARER("wall-token"), 403, NULL, NULL},
    {"source: no signature", true, false, ACCESS_SOURCE, "hmac", {{0}}, 401, NULL, NULL},
    {"source: half a signature", true, false, ACCESS_SOURCE, "hmac", {{"X-Grafana-Alerting-Signature", "5a41"}}, 401, NULL, NULL},
    {"source: wrong signature", true, false, ACCESS_SOURCE, "hmac", {{"X-Grafana-Alerting-Signature", SIGNATURE}}, 401, NULL, NULL},
    {"source: bearer instead of a signature", true, false, ACCESS_SOURCE, "hmac", BEARER("s3cret"), 401, NULL, NULL},

    {"any source: loopback", true, false, ACCESS_SOURCE, NULL, {{0}}, 200, "api", "api"},
    {"any source: afar", false, true, ACCESS_SOURCE, NULL, {{0}}, 401, NULL, NULL},
    {"any source: by its bearer", false, true, ACCESS_SOURCE, NULL, BEARER("src-token"), 200, "bearer", "bearer"},
    {"any source: by its password", false, true, ACCESS_SOURCE, NULL, {{"Authorization", SOURCE_BASIC}}, 200, "basic", "basic"},
    {"any source: a person's token", false, true, ACCESS_SOURCE, NULL, BEARER("ops-token"), 200, "ops", "api"},
    {"any source: a viewer's", false, true, ACCESS_SOURCE, NULL, BEARER("wall-token"), 403, NULL, NULL},
};

static void who_may(void)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        struct auth *auth = make(row->loopback, row->people, NULL, 0);
        struct route route;
        struct call *call = call_for(row, &route);

        enum auth_state state = auth_check(auth, call, NOW_MS);
        if (state == AUTH_BODY) {
            CHECK(!call->answered, "%s: not yet", row->name);
            buf_add_text(&call->body, BODY);
            call->body_read = true;
            state = auth_check(auth, call, NOW_MS);
        }
        CHECK((state == AUTH_ALLOWED) == (row->status == 200), "%s: %d", row->name, (int)state);
        CHECK(row->status == 200 || call->status == row->status, "%s: %d", row->name, call->status);
        CHECK(row->status != 401 || header_of(call, "WWW-Authenticate"), "%s: says how", row->name);
        CHECK((auth_failures(auth) > 0) == (row->status != 200), "%s: counted", row->name);
        if (row->status == 200) {
            CHECK(test_same(call_who(call), row->who), "%s: %s", row->name, call_who(call));
            CHECK(test_same(call->source, row->belongs), "%s: %s", row->name, call->source ? call->source : "(null)");
        }
        call_connection_gone(call);
        auth_free(auth);
    }
}

static const struct {
    const char *name, *source, *header, *time_header, *time, *secret, *signed_body;
    int status;
} signatures[] = {
    {"plain", "hmac", "X-Grafana-Alerting-Signature", NULL, NULL, "s3cret", BODY, 200},
    {"another secret", "hmac", "X-Grafana-Alerting-Signature", NULL, NULL, "other", BODY, 401},
    {"another body", "hmac", "X-Grafana-Alerting-Signature", NULL, NULL, "s3cret", BODY " ", 401},
    {"another header", "hmac", "X-Sign", NULL, NULL, "s3cret", BODY, 401},
    {"timed", "timed", "X-Sign", "X-Time", "1773480413", "s3cret", BODY, 200},
    {"timed, 4 minutes off", "timed", "X-Sign", "X-Time", "1773480173", "s3cret", BODY, 200},
    {"timed, 6 minutes old", "timed", "X-Sign", "X-Time", "1773480053", "s3cret", BODY, 401},
    {"timed, 6 minutes ahead", "timed", "X-Sign", "X-Time", "1773480773", "s3cret", BODY, 401},
    {"timed, no time", "timed", "X-Sign", NULL, NULL, "s3cret", BODY, 401},
    {"timed, no number", "timed", "X-Sign", "X-Time", "now", "s3cret", BODY, 401},
    {"timed, an absurd number", "timed", "X-Sign", "X-Time", "99999999999999999999", "s3cret", BODY, 401},
};

static void signatures_fit(void)
{
    for (size_t i = 0; i < LENGTH(signatures); i++) {
        struct auth *auth = make(true, false, NULL, 0);
        struct row row = {.access = ACCESS_SOURCE, .source = signatures[i].source};
        struct route route;
        struct call *call = call_for(&row, &route);
        char hex[SIGN_HEX_SIZE], prefix[64] = "";

        if (signatures[i].time)
            snprintf(prefix, sizeof prefix, "%s:", signatures[i].time);
        sign_hmac_hex(signatures[i].secret, prefix[0] ? prefix : NULL, signatures[i].signed_body, strlen(signatures[i].signed_body), hex);
        call_add_header(call, signatures[i].header, hex);
        if (signatures[i].time_header)
            call_add_header(call, signatures[i].time_header, signatures[i].time);
        enum auth_state state = auth_check(auth, call, NOW_MS);
        if (state == AUTH_BODY) {
            buf_add_text(&call->body, BODY);
            call->body_read = true;
            state = auth_check(auth, call, NOW_MS);
        }
        CHECK((state == AUTH_ALLOWED) == (signatures[i].status == 200), "%s: %d", signatures[i].name, (int)state);
        call_connection_gone(call);
        auth_free(auth);
    }
}

static enum auth_state try_user(struct auth *auth, const char *basic)
{
    struct row row = {.access = ACCESS_VIEWER, .headers = {{"Authorization", basic}}};
    struct route route;
    struct call *call = call_for(&row, &route);

    enum auth_state state = auth_check(auth, call, NOW_MS);
    if (state == AUTH_BODY) {
        call->body_read = true;
        state = auth_check(auth, call, NOW_MS);
    }
    call_connection_gone(call);
    return state;
}

static void users_have_passwords(void)
{
    char hash[PASSWORD_HASH_SIZE];
    struct err err;

    REQUIRE(password_hash("correct horse", hash, &err), "%s", err.text);
    struct auth_user users[] = {{"anna", hash, ACCESS_VIEWER}};
    struct auth *auth = make(true, true, users, 1);
    CHECK(try_user(auth, "Basic YW5uYTpjb3JyZWN0IGhvcnNl") == AUTH_ALLOWED, "anna:correct horse");
    CHECK(try_user(auth, "Basic YW5uYTpjb3JyZWN0IGhvcnNl") == AUTH_ALLOWED, "and again, remembered");
    CHECK(try_user(auth, "Basic YW5uYTp3cm9uZyBob3JzZQ==") == AUTH_ANSWERED, "anna:wrong horse");
    CHECK(try_user(auth, "Basic Ym9iOmNvcnJlY3QgaG9yc2U=") == AUTH_ANSWERED, "bob:correct horse");

    struct auth_options fewer = {.tokens = tokens, .token_count = 1, .listens_on_loopback = true};
    auth_replace(auth, &fewer);
    CHECK(try_user(auth, "Basic YW5uYTpjb3JyZWN0IGhvcnNl") == AUTH_ANSWERED, "gone after a reload, cache or not");
    CHECK(try_user(auth, OPS_BASIC) == AUTH_ALLOWED, "the token stays");
    auth_free(auth);
}

static const struct {
    const char *host, *origin;
    bool people, ok;
} origins[] = {
    {"127.0.0.1:8686", NULL, false, true},
    {"localhost", NULL, false, true},
    {"LOCALHOST:9", NULL, false, true},
    {"[::1]:8686", NULL, false, true},
    {"alerts.example.org", NULL, false, true},
    {"alerts.example.org:443", NULL, false, true},
    {NULL, NULL, false, true},
    {"evil.example", NULL, false, false},
    {"127.0.0.1.evil.example", NULL, false, false},
    {"localhost@evil.example", NULL, false, false},
    {"[::1", NULL, false, true},
    {"127.0.0.1:8686", "http://127.0.0.1:8686", false, true},
    {"127.0.0.1:8686", "http://localhost:3000", false, true},
    {"127.0.0.1:8686", "https://alerts.example.org", false, true},
    {"127.0.0.1:8686", "null", false, false},
    {"127.0.0.1:8686", "https://evil.example", false, false},
    {"127.0.0.1:8686", "http://localhost.evil.example", false, false},
    {"evil.example", NULL, true, true},
    {"evil.example", "https://evil.example", true, true},
};

static void pages_from_elsewhere(void)
{
    for (size_t i = 0; i < LENGTH(origins); i++) {
        struct auth *auth = make(true, origins[i].people, NULL, 0);
        struct row row = {.access = ACCESS_VIEWER};
        struct route route;
        struct call *call = call_for(&row, &route);
        struct err err;

        if (origins[i].host)
            call_add_header(call, "Host", origins[i].host);
        if (origins[i].origin)
            call_add_header(call, "Origin", origins[i].origin);
        CHECK(auth_check_origin(auth, call, &err) == origins[i].ok, "%s, %s", origins[i].host ? origins[i].host : "-",
              origins[i].origin ? origins[i].origin : "-");
        call_connection_gone(call);
        auth_free(auth);
    }
}

int main(void)
{
    who_may();
    signatures_fit();
    users_have_passwords();
    pages_from_elsewhere();
    return test_end();
}
