/* Password hashes by the system's libcrypt (yescrypt by default, bcrypt understood). Slow on purpose
 * (about 0.2 s): never on the thread that decides. */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include "base/err.h"

#include <stddef.h>

#define PASSWORD_HASH_SIZE 384

bool password_hash(const char *password, char out[PASSWORD_HASH_SIZE], struct err *err);
bool password_matches(const char *password, const char *hash); /* constant time; false for an unusable hash */
bool password_hash_is_usable(const char *hash);

#endif
