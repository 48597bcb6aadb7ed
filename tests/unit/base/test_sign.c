#include "base/sign.h"
#include "base/text.h"
#include "tests/test.h"

static void known_signatures(void)
{
    static const struct {
        const char *name, *key, *prefix, *data, *want;
    } rows[] = { /* RFC 4231, cases 2 and 6; the empty one from RFC 2104's definition */
        {"RFC 4231 case 2", "Jefe", NULL, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"the prefix comes first", "Jefe", "what do ya ", "want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"all of it prefix", "Jefe", "what do ya want for nothing?", "",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"nothing at all", "", NULL, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {"an empty prefix", "", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    char out[SIGN_HEX_SIZE];

    for (size_t i = 0; i < LENGTH(rows); i++) {
        sign_hmac_hex(rows[i].key, rows[i].prefix, rows[i].data, strlen(rows[i].data), out);
        CHECK(test_same(out, rows[i].want), "%s: %s", rows[i].name, out);
    }
    char key[132];
    memset(key, '\xaa', 131);
    key[131] = '\0';
    sign_hmac_hex(key, NULL, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    CHECK(test_same(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"), "%s", out);
    sign_hmac_hex("", NULL, NULL, 0, out);
    CHECK(test_same(out, rows[3].want), "%s", out);
    sign_sha256_hex("abc", 3, out);
    CHECK(test_same(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "%s", out);
    sign_sha256_hex(NULL, 0, out);
    CHECK(test_same(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "%s", out);
}

static void base64(void)
{
    static const struct {
        const char *name, *text;
        bool ok;
        const char *plain;
        bool canonical;
    } rows[] = { /* RFC 4648, section 10 */
        {"empty", "", true, "", true},         {"f", "Zg==", true, "f", true},           {"fo", "Zm8=", true, "fo", true},
        {"foo", "Zm9v", true, "foo", true},    {"foob", "Zm9vYg==", true, "foob", true}, {"fooba", "Zm9vYmE=", true, "fooba", true},
        {"foobar", "Zm9vYmFy", true, "foobar", true},
        {"unpadded", "Zm8", true, "fo", false}, {"unpadded by two", "Zg", true, "f", false},
        {"one letter", "Z", false, "", false},  {"five letters", "Zm9vZ", false, "", false},
        {"padding alone", "==", false, "", false}, {"too much padding", "Zg===", false, "", false},
        {"four of padding", "====", false, "", false}, {"padding within", "Zg==Zg==", false, "", false},
        {"wrong padding", "Zm9v=", false, "", false}, {"URL's alphabet", "-_-_", false, "", false},
        {"space", "Zm 9", false, "", false}, {"newline", "Zm9v\n", false, "", false}, {"high bytes", "Zm9\xff", false, "", false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf plain = BUF_EMPTY(100), back = BUF_EMPTY(100);
        CHECK(sign_from_base64(&plain, rows[i].text, strlen(rows[i].text)) == rows[i].ok, "%s", rows[i].name);
        if (rows[i].ok)
            CHECK(test_same(buf_text(&plain), rows[i].plain), "%s: %s", rows[i].name, buf_text(&plain));
        if (rows[i].canonical) {
            sign_add_base64(&back, buf_text(&plain), plain.length);
            CHECK(test_same(buf_text(&back), rows[i].text), "%s: %s", rows[i].name, buf_text(&back));
        }
        buf_free(&plain);
        buf_free(&back);
    }
    struct buf small = BUF_EMPTY(2);
    CHECK(!sign_from_base64(&small, "Zm9v", 4), "the bound of the buffer holds");
    CHECK(!sign_from_base64(&small, "Zg\0=", 4), "a NUL is not base64");
    buf_free(&small);
}

static void chance_reads_back(void)
{
    unsigned char bytes[600], others[600];

    sign_random(bytes, sizeof bytes);
    sign_random(others, sizeof others);
    CHECK(memcmp(bytes, others, sizeof bytes) != 0, "twice the same 600 random bytes");
    sign_random(bytes, 0);
    for (size_t length = 0; length <= sizeof bytes; length += 7) {
        struct buf text = BUF_EMPTY(1000), back = BUF_EMPTY(1000);
        sign_add_base64(&text, bytes, length);
        CHECK_INT(text.length, (length + 2) / 3 * 4);
        CHECK(sign_from_base64(&back, buf_text(&text), text.length) && back.length == length &&
              memcmp(buf_text(&back), bytes, length) == 0, "%zu bytes", length);
        buf_free(&text);
        buf_free(&back);
    }
}

static void certificates(void)
{
    static const char *const odd[] = {"", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nZg==\n-----END CERTIFICATE-----\n",
                                      "-----BEGIN PRIVATE KEY-----\nZg==\n-----END PRIVATE KEY-----\n"};

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_INT(sign_certificate_ends_s(odd[i]), 0); /* a real one: tests/e2e/test_tls.py */
}

int main(void)
{
    certificates();
    known_signatures();
    base64();
    chance_reads_back();
    return test_end();
}
