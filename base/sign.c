#include "base/sign.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void *openssl_get(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_get(size);
}

static void *openssl_resized(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_resized(memory, size);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* Before main: OpenSSL takes this only before it has asked for any. libcurl and libmicrohttpd use the same OpenSSL. */
__attribute__((constructor)) static void openssl_told_where_memory_is(void)
{
    CRYPTO_set_mem_functions(openssl_get, openssl_resized, openssl_free);
}

static void to_hex(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

void sign_hmac_hex(const char *key, const char *prefix, const void *data, size_t length, char out[SIGN_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct buf all = BUF_EMPTY(SIZE_MAX / 4);
    unsigned size = 0;

    if (prefix) {
        buf_add_text(&all, prefix);
        buf_add(&all, data, length);
        data = buf_text(&all);
        length = all.length;
    }
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), data, length, digest, &size) || size != 32)
        err_memory();
    to_hex(digest, 32, out);
    buf_free(&all);
}

void sign_sha256_hex(const void *data, size_t length, char out[SIGN_HEX_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!EVP_Digest(data, length, digest, &size, EVP_sha256(), NULL) || size != 32)
        err_memory();
    to_hex(digest, 32, out);
}

void sign_random(void *data, size_t length)
{
    for (char *at = data; length;) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        assert(got > 0); /* the kernel has chance for everybody */
        at += got;
        length -= (size_t)got;
    }
}

void sign_add_base64(struct buf *buf, const void *data, size_t length)
{
    const unsigned char *at = data;
    unsigned char out[5];

    for (; length; at += length < 3 ? length : 3, length -= length < 3 ? length : 3) {
        EVP_EncodeBlock(out, at, length < 3 ? (int)length : 3);
        buf_add(buf, out, 4);
    }
}

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool sign_from_base64(struct buf *buf, const char *text, size_t length)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t padding = length && text[length - 1] == '=' ? 1 + (length > 1 && text[length - 2] == '=') : 0;

    if (padding && length % 4)
        return false;
    length -= padding;
    if (length % 4 == 1)
        return false;
    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf_add_char(buf, (char)(bits >> held & 0xff));
        }
    }
    return !buf->full;
}

int64_t sign_certificate_ends_s(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    struct tm tm = {0};
    int64_t ends_s = 0;

    if (certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1)
        ends_s = timegm(&tm);
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error(); /* or the next one who asks hears of it */
    return ends_s > 0 ? ends_s : 0;
}
