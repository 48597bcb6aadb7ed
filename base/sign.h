/* HMAC-SHA256, random bytes, base64, and until when a certificate holds (OpenSSL). */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include "base/buf.h"

#include <stdint.h>

#define SIGN_HEX_SIZE 65 /* bytes: 64 hex digits and NUL */

/* Lowercase hex of HMAC-SHA256 over prefix followed by data (prefix may be NULL). */
void sign_hmac_hex(const char *key, const char *prefix, const void *data, size_t length, char out[SIGN_HEX_SIZE]);
void sign_sha256_hex(const void *data, size_t length, char out[SIGN_HEX_SIZE]);
void sign_random(void *data, size_t length); /* aborts where the system has no randomness */
void sign_add_base64(struct buf *buf, const void *data, size_t length);
bool sign_from_base64(struct buf *buf, const char *text, size_t length); /* false on anything that is not base64 */
/* Unix seconds until which the first certificate of a PEM text holds; 0: there is none that can be read. */
int64_t sign_certificate_ends_s(const char *pem);

#endif
