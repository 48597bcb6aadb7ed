#include "base/password.h"
#include "base/text.h"
#include "tests/test.h"

static void hashes_match_their_password_alone(void)
{
    char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
    struct err err = {0};

    REQUIRE(password_hash("correct horse", one, &err) && password_hash("correct horse", two, &err), "%s", err.text);
    CHECK(text_starts(one, "$y$"), "yescrypt by default: %s", one);
    CHECK(strcmp(one, two) != 0, "each hash has its own salt");
    CHECK(password_hash_is_usable(one), "%s", one);
    CHECK(password_matches("correct horse", one) && password_matches("correct horse", two), "the right one");
    CHECK(!password_matches("correct horse ", one), "a longer one");
    CHECK(!password_matches("Correct horse", one), "another case");
    CHECK(!password_matches("", one), "an empty one");
    CHECK(!password_matches(one, one), "the hash itself");
    one[strlen(one) - 1] ^= 1;
    CHECK(!password_matches("correct horse", one), "a changed hash");
}

static void hashes_of_others_are_understood(void)
{
    static const struct {
        const char *name, *hash;
        bool usable, matches; /* "U*U" of crypt_blowfish's own tests; "Hello world!" of Drepper's SHA-crypt */
        const char *password;
    } rows[] = {
        {"bcrypt 2a", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true, true, "U*U"},
        {"bcrypt 2a, wrong", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true, false, "U*V"},
        {"sha512", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", true, true,
         "Hello world!"},
        {"nothing", "", false, false, ""},
        {"plain text", "correct horse", false, false, "correct horse"},
        {"locked", "*", false, false, "x"},
        {"libcrypt's failure", "*0", false, false, "*0"},
        {"DES is too weak", "rEK1ecacw.7.c", false, false, "U*U"},
        {"MD5 is too weak", "$1$dXc3I7Rw$ctlgjDdWJLMT.qwHsWhXR1", false, false, "U*U"},
        {"only a prefix", "$y$", false, false, ""},
        {"only a prefix, bcrypt", "$2b$", false, false, ""},
        {"unknown method", "$99$salt$hash", false, false, "x"},
        {"newline in it", "$2a$05$CCCCCCCCCCCCCCCCCCC\nC.", false, false, "U*U"},
        {"half a bcrypt", "$2a$05$CCCCCCCCCCC", false, false, "U*U"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        CHECK(password_hash_is_usable(rows[i].hash) == rows[i].usable, "%s", rows[i].name);
        CHECK(password_matches(rows[i].password, rows[i].hash) == rows[i].matches, "%s", rows[i].name);
    }
    CHECK(!password_matches("x", NULL) && !password_hash_is_usable(NULL), "no hash, no entry");
}

static void poor_passwords_are_refused(void)
{
    char hash[PASSWORD_HASH_SIZE] = "untouched", longest[2000];
    struct err err = {0};

    CHECK(!password_hash("", hash, &err) && err.kind == ERR_INPUT && strstr(err.text, "8"), "%s", err.text);
    CHECK(!password_hash("1234567", hash, &err), "seven characters");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK(!password_hash(longest, hash, &err) && err.kind == ERR_INPUT && strstr(err.text, "511"), "%s", err.text);
    CHECK(test_same(hash, "untouched"), "%s", hash);
}

int main(void)
{
    hashes_match_their_password_alone();
    hashes_of_others_are_understood();
    poor_passwords_are_refused();
    return test_end();
}
