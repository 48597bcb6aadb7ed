#include "base/password.h"

#include "base/memory.h"
#include "base/text.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_MIN 8   /* bytes */
#define PASSWORD_MAX 511 /* bytes: libcrypt's CRYPT_MAX_PASSPHRASE_SIZE is 512 */
#define DIGITS64 "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_Static_assert(PASSWORD_HASH_SIZE >= CRYPT_OUTPUT_SIZE, "a hash must fit");

bool password_hash(const char *password, char out[PASSWORD_HASH_SIZE], struct err *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = memory_zeroed(1, sizeof *data);
    bool ok = false;

    if (strlen(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX)
        err_set(err, ERR_INPUT, "a password needs at least %d characters and at most %d", PASSWORD_MIN, PASSWORD_MAX);
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
    if (!password_hash_is_usable(hash))
        return false;
    struct crypt_data *data = memory_zeroed(1, sizeof *data);
    const char *got = crypt_rn(password, hash, data, sizeof *data);
    bool same = got && got[0] != '*' && text_equal_secret(got, hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return same;
}

/* What stands behind the last $: libcrypt's own check looks at the setting alone, and half a hash pasted
 * into a configuration would lock its user out without a word. */
bool password_hash_is_usable(const char *hash)
{
    static const struct {
        const char *prefix;
        size_t tail;
    } methods[] = {{"$y$", 43}, {"$gy$", 43}, {"$7$", 43}, {"$2b$", 53}, {"$2a$", 53}, {"$2y$", 53}, {"$6$", 86}};
    const char *tail = hash ? strrchr(hash, '$') : NULL;

    if (!tail)
        return false;
    tail++;
    for (size_t i = 0; i < LENGTH(methods); i++)
        if (text_starts(hash, methods[i].prefix))
            return strlen(hash) < PASSWORD_HASH_SIZE && strlen(tail) == methods[i].tail &&
                   strspn(tail, DIGITS64) == methods[i].tail && crypt_checksalt(hash) == CRYPT_SALT_OK;
    return false;
}
