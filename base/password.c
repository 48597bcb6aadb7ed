#include "base/password.h"

#include "base/text.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_SIZE >= CRYPT_OUTPUT_SIZE, "a hash must fit");

bool password_hash(const char *password, char out[PASSWORD_HASH_SIZE], struct err *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = calloc(1, sizeof *data);
    bool ok = false;

    if (!data)
        abort();
    if (strlen(password) < 8)
        err_set(err, ERR_INPUT, "a password needs at least 8 characters");
    else if (!crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof setting) || !crypt_rn(password, setting, data, sizeof *data) ||
             data->output[0] == '*')
        err_set(err, ERR_SYSTEM, "libcrypt could not hash the password");
    else {
        memcpy(out, data->output, strlen(data->output) + 1);
        ok = true;
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return ok;
}

bool password_matches(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        abort();
    const char *got = crypt_rn(password, hash, data, sizeof *data);
    bool same = got && got[0] != '*' && text_equal_secret(got, hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return same;
}

bool password_hash_is_usable(const char *hash)
{
    static const char *const methods[] = {"$y$", "$gy$", "$7$", "$2b$", "$2a$", "$2y$", "$6$"};
    for (size_t i = 0; i < LENGTH(methods); i++)
        if (text_starts(hash, methods[i]))
            return crypt_checksalt(hash) == CRYPT_SALT_OK;
    return false;
}
