#include "base/text.h"
#include "routes/peer.h"
#include "tests/test.h"

static const char *const ranges[] = {"10.0.0.0/8", "2001:db8::/32", "192.0.2.1"};

static const struct row {
    const char *name, *peer, *headers[3][2], *client;
    bool trusted, secure;
} rows[] = {
    {"a stranger", "203.0.113.9", {{0}}, "203.0.113.9", false, false},
    {"a stranger who lies", "203.0.113.9", {{"X-Forwarded-For", "10.0.0.1"}, {"X-Forwarded-Proto", "https"}}, "203.0.113.9", false, false},
    {"a proxy for itself", "10.0.0.1", {{0}}, "10.0.0.1", true, false},
    {"a proxy", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "HTTPS"}}, "203.0.113.9", true, true},
    {"its client lies", "10.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.9"}}, "203.0.113.9", true, false},
    {"two of ours", "10.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.9 ,\t10.9.9.9"}}, "203.0.113.9", true, false},
    {"all ours", "10.0.0.1", {{"X-Forwarded-For", "10.3.3.3,10.2.2.2"}}, "10.3.3.3", true, false},
    {"two headers", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9, 10.2.2.2"}, {"x-forwarded-for", "10.1.1.1"}}, "203.0.113.9", true, false},
    {"nonsense", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9, unknown"}}, "10.0.0.1", true, false},
    {"empty", "10.0.0.1", {{"X-Forwarded-For", ""}}, "10.0.0.1", true, false},
    {"commas", "10.0.0.1", {{"X-Forwarded-For", ",,,"}}, "10.0.0.1", true, false},
    {"too long for an address", "10.0.0.1", {{"X-Forwarded-For", "203.0.113.9, 1111111111111111111111111111111111111111111111111111111111111111"}}, "10.0.0.1", true, false},
    {"with ports", "2001:db8::5", {{"X-Forwarded-For", "[2001:db9::7]:443"}}, "2001:db9::7", true, false},
    {"two protocols", "10.0.0.1", {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}, "10.0.0.1", true, false},
    {"one address alone", "192.0.2.2", {{"X-Forwarded-For", "203.0.113.9"}}, "192.0.2.2", false, false},
    {"a mapped one", "::ffff:10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}}, "203.0.113.9", true, false},
    {"a socket file", NULL, {{"X-Forwarded-For", "203.0.113.9"}}, "unix", false, false},
};

static struct call *call_of(const struct row *row)
{
    struct call *call = call_new("/");

    if (row->peer)
        address_parse(row->peer, &call->peer);
    for (size_t i = 0; i < LENGTH(row->headers) && row->headers[i][0]; i++)
        call_add_header(call, row->headers[i][0], row->headers[i][1]);
    return call;
}

static void test_who_asks(void)
{
    struct peer_trust trust;

    peer_trust_read(&trust, ranges, LENGTH(ranges));
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct call *call = call_of(&rows[i]);
        peer_resolve(&trust, call);
        CHECK(test_same(call_address(call), rows[i].client), "%s: %s", rows[i].name, call_address(call));
        CHECK(call->trusted == rows[i].trusted && call->secure == rows[i].secure, "%s", rows[i].name);
        call_connection_gone(call);
    }
}

static void test_many_hops(void)
{
    const char *all[] = {"0.0.0.0/0"};
    struct peer_trust trust;
    struct buf list = BUF_EMPTY(1 << 16);
    struct row row = {.peer = "10.0.0.1"};
    struct call *call = call_of(&row);

    peer_trust_read(&trust, all, 1);
    buf_add_text(&list, "203.0.113.9");
    for (int i = 0; i < PEER_HOPS_MAX; i++)
        buf_addf(&list, ", 10.0.1.%d", i);
    call_add_header(call, "X-Forwarded-For", buf_text(&list));
    peer_resolve(&trust, call);
    CHECK(test_same(call_address(call), "10.0.1.0"), "%s", call_address(call));
    call_connection_gone(call);
    buf_free(&list);
}

static void test_identity(void)
{
    static const struct { const char *name, *peer, *value; bool twice, taken; } names[] = {
        {"plain", "10.0.0.1", "anna", false, true}, {"UTF-8", "10.0.0.1", "J\xc3\xbcrgen", false, true},
        {"a stranger's", "203.0.113.9", "anna", false, false}, {"twice", "10.0.0.1", "anna", true, false},
        {"empty", "10.0.0.1", "", false, false}, {"no text", "10.0.0.1", "\xff", false, false},
        {"control", "10.0.0.1", "an\tna", false, false}, {"nobody's socket", NULL, "anna", false, false},
    };
    struct peer_trust trust;

    peer_trust_read(&trust, ranges, LENGTH(ranges));
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct row row = {.peer = names[i].peer, .headers = {{"X-User", names[i].value}, {names[i].twice ? "x-user" : NULL, "root"}}};
        struct call *call = call_of(&row);
        peer_resolve(&trust, call);
        CHECK((peer_identity(call, "X-User") != NULL) == names[i].taken, "%s", names[i].name);
        CHECK(!peer_identity(call, NULL) && !peer_identity(call, "X-Other"), "%s", names[i].name);
        call_connection_gone(call);
    }
    const char *local[] = {"unix"};
    peer_trust_read(&trust, local, 1);
    struct row row = {.headers = {{"X-User", "anna"}, {"X-Forwarded-For", "203.0.113.9"}}};
    struct call *call = call_of(&row);
    peer_resolve(&trust, call);
    CHECK(test_same(peer_identity(call, "X-User"), "anna") && test_same(call_address(call), "203.0.113.9"), "through the socket file");
    call_connection_gone(call);
}

static void test_keys(void)
{
    static const char *const pairs[][2] = {{"192.0.2.7", "192.0.2.7"}, {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"}};
    char key[ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < LENGTH(pairs); i++) {
        struct address address;
        address_parse(pairs[i][0], &address);
        peer_key(&address, key);
        CHECK(test_same(key, pairs[i][1]), "%s", key);
    }
}

int main(void)
{
    test_who_asks();
    test_many_hops();
    test_identity();
    test_keys();
    return test_end();
}
