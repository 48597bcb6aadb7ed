/* Who a request says it is: Authorization, cookies, what proxies add, and the form that shows a CSRF token. Header lines,
 * an empty line, the body. */
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/peer.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS 1773480413500

static void add_headers(struct call *call, char *text)
{
    while (text && *text && call->header_count < CALL_HEADERS_MAX) {
        char *end = strchr(text, '\n'), *colon = strchr(text, ':');
        if (end)
            *end = '\0';
        if (colon && (!end || colon < end)) {
            *colon = '\0';
            call_add_header(call, text, colon[1] == ' ' ? colon + 2 : colon + 1);
        }
        text = end ? end + 1 : NULL;
    }
}

static struct auth *make(void)
{
    static const struct auth_token tokens[] = {{"ops", "sekretOperatorToken", ACCESS_OPERATOR}};
    static const struct auth_source sources[] = {{.name = "grafana", .hmac_secret = "sekretHmac"}};
    static const char *const proxies[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"};
    struct auth_options options = {.tokens = tokens, .token_count = 1, .sources = sources, .source_count = 1, .trusted_proxies = proxies,
                                   .trusted_proxy_count = LENGTH(proxies), .identity_header = "X-User", .identity_access = ACCESS_VIEWER};

    return auth_new(&options, NULL);
}

static void check_granted(const struct call *call)
{
    const char *header = call_header(call, "Authorization");

    FUZZ_CHECK(!text_equal(call->via, "session")); /* nobody knows a cookie */
    if (text_equal(call->via, "token"))
        FUZZ_CHECK(header && text_equal(call->who, "ops"));
    if (text_equal(call->via, "proxy"))
        FUZZ_CHECK(call->trusted && call->granted == ACCESS_VIEWER && text_is_utf8(call->who, strlen(call->who)) && call->who[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct route routes[] = {{"GET", "/history", ACCESS_VIEWER, NULL}, {"POST", "/deliveries/retry", ACCESS_VIEWER, NULL},
                                          {"POST", "/api/v1/events", ACCESS_SOURCE, NULL}};
    const struct route *route = &routes[size % LENGTH(routes)];
    struct auth *auth = make();
    struct call *call = call_new(route->path);
    char *text = arena_bytes(call->arena, data, size), *blank = strstr(text, "\n\n");
    size_t body_at = blank ? (size_t)(blank + 2 - text) : size;
    struct err err;

    if (blank)
        blank[1] = '\0';
    address_parse(size % 2 ? "127.0.0.1" : "203.0.113.9", &call->peer);
    call->method = route->method;
    call->route = route;
    add_headers(call, text);
    buf_init(&call->body, 1u << 20);
    auth_check_origin(auth, call, &err);
    enum auth_state state = auth_check(auth, call, NOW_MS);
    if (state == AUTH_BODY) {
        if (body_at < size)
            buf_add(&call->body, data + body_at, size - body_at);
        call->body_read = true;
        state = auth_check(auth, call, NOW_MS);
        FUZZ_CHECK(state != AUTH_BODY);
    }
    FUZZ_CHECK(state == AUTH_ALLOWED || call->answered);
    if (state == AUTH_ALLOWED)
        check_granted(call);
    FUZZ_CHECK(call_address(call)[0] && (call->trusted || memcmp(&call->client, &call->peer, sizeof call->peer) == 0));
    call_form(call, "csrf_token");
    call_connection_gone(call);
    auth_free(auth);
    return 0;
}
