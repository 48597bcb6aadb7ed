#include "base/address.h"
#include "base/text.h"
#include "tests/test.h"

#include <netinet/in.h>
#include <sys/socket.h>

static void test_addresses(void)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } rows[] = {
        {"192.0.2.7", "192.0.2.7"},       {"192.0.2.7:8080", "192.0.2.7"},  {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"}, {"[2001:db8::1]:80", "2001:db8::1"}, {"::ffff:10.1.2.3", "10.1.2.3"},
        {"", NULL},                       {"unknown", NULL},                {"_hidden", NULL},
        {"192.0.2", NULL},                {"192.0.2.256", NULL},            {"192.0.2.7:", NULL},
        {"192.0.2.7:http", NULL},         {"[::1", NULL},                   {"[::1]x", NULL},
        {"10.0.0.0/8", NULL},             {" 10.0.0.1", NULL},              {"1:2:3", NULL},
        {"2001:0db8:0000:0000:0000:0000:0000:0001:0000:0000:0000", NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        bool ok = address_parse(rows[i].text, &address);
        CHECK(ok == (rows[i].want != NULL), "%s", rows[i].text);
        if (!ok || !rows[i].want)
            continue;
        address_write(&address, text);
        CHECK(test_same(text, rows[i].want), "%s", text);
    }
}

static void test_ranges(void)
{
    static const struct {
        const char *range, *address;
        bool holds;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},     {"10.0.0.0/8", "11.0.0.1", false},     {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},      {"192.0.2.128/25", "192.0.2.127", false}, {"192.0.2.128/25", "192.0.2.200", true},
        {"0.0.0.0/0", "203.0.113.9", true},     {"0.0.0.0/0", "::1", false},           {"::/0", "10.0.0.1", false},
        {"2001:db8::/32", "2001:db8:1::2", true}, {"2001:db8::/33", "2001:db8:8000::", false}, {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"::1", "::1", true},
    };
    static const char *const wrong[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "2001:db8::/129",
                                        "proxy.example.org", "10.0.0.0/8/8", "10.0.0.0/ 8"};
    struct address unknown = address_of(NULL);
    struct address_range range;
    struct err err;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct address address;
        CHECK(address_range_parse(rows[i].range, &range, &err), "%s: %s", rows[i].range, err.text);
        CHECK(address_parse(rows[i].address, &address), "%s", rows[i].address);
        CHECK(address_range_holds(&range, &address) == rows[i].holds, "%s in %s", rows[i].address, rows[i].range);
        CHECK(!address_range_holds(&range, &unknown), "nobody is in %s", rows[i].range);
    }
    for (size_t i = 0; i < LENGTH(wrong); i++)
        CHECK(!address_range_parse(wrong[i], &range, &err) && err.text[0], "%s", wrong[i]);
}

static void test_peers(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr local = {.sa_family = AF_UNIX};
    char text[ADDRESS_TEXT_MAX];

    struct address address = address_of((const struct sockaddr *)&v4);
    address_write(&address, text);
    CHECK(test_same(text, "127.0.0.2"), "%s", text);
    CHECK(address_is_loopback(&address), "all of 127/8");
    address = address_of((const struct sockaddr *)&v6);
    address_write(&address, text);
    CHECK(test_same(text, "::1"), "%s", text);
    CHECK(address_is_loopback(&address), "::1");
    address = address_of(&local);
    address_write(&address, text);
    CHECK(test_same(text, "unix"), "%s", text);
    CHECK(!address_is_loopback(&address), "a socket file has no address");
}

int main(void)
{
    test_addresses();
    test_ranges();
    test_peers();
    return test_end();
}
