#include "base/http_request.h"

#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HTTP_CONNECT_MAX_MS 5000
#define HTTP_AGENT "notifier"

/* unix:/run/x.sock:/path -> the socket, and a URL for the rest. */
static bool set_url(CURL *easy, const char *url, struct err *err)
{
    if (text_starts(url, "unix:")) {
        const char *path = strchr(url + 5, ':');
        struct buf socket = BUF_EMPTY(256), rest = BUF_EMPTY(16384);
        buf_add(&socket, url + 5, path ? (size_t)(path - url - 5) : strlen(url + 5));
        buf_addf(&rest, "http://localhost%s", path ? path + 1 : "/");
        bool ok = !socket.full && !rest.full &&
                  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, buf_text(&socket)) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_URL, buf_text(&rest)) == CURLE_OK;
        buf_free(&socket);
        buf_free(&rest);
        return ok || err_set(err, ERR_INPUT, "the socket's path is too long");
    }
    if (!text_starts(url, "http://") && !text_starts(url, "https://"))
        return err_set(err, ERR_INPUT, "the URL must begin with http:// or https://");
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK || err_set(err, ERR_INPUT, "the URL is not usable");
}

static bool set_headers(CURL *easy, const struct http_request *request, struct curl_slist **headers, struct err *err)
{
    assert(request->header_count <= HTTP_HEADERS_MAX);
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        struct buf line = BUF_EMPTY(HTTP_HEADERS_BYTES_MAX);
        /* "Name;" is curl's word for an empty value. */
        bool ok = header->name[0] && !strpbrk(header->name, "\r\n: ") && !strpbrk(header->value, "\r\n") &&
                  (header->value[0] ? buf_addf(&line, "%s: %s", header->name, header->value) : buf_addf(&line, "%s;", header->name));
        if (ok)
            list = curl_slist_append(list, buf_text(&line));
        buf_free(&line);
        if (!ok) {
            curl_slist_free_all(list);
            return err_set(err, ERR_INPUT, "header \"%.60s\" cannot be sent: it is too long or has a line break", header->name);
        }
    }
    if (!list)
        err_memory();
    *headers = list;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    return true;
}

static void set_body(CURL *easy, const struct http_request *request)
{
    bool has_body = request->body || strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0 ||
                    strcmp(request->method, "PATCH") == 0;

    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_limits(CURL *easy, const struct http_request *request, int64_t timeout_ms)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* 7.88 otherwise joins a resolver's thread when told to end */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->take ? 0L : (long)timeout_ms);
    if (request->take) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(timeout_ms + 999) / 1000);
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout_ms < HTTP_CONNECT_MAX_MS ? timeout_ms : HTTP_CONNECT_MAX_MS));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, HTTP_AGENT);
}

/* Who is asked, and how it is believed. The environment (http_proxy, no_proxy) has no say. */
static void set_peer(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy_url ? request->proxy_url : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->insecure_skip_verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request->bearer) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request->bearer);
    } else if (request->username && request->password) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, request->username);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
    }
}

/* Each step is to be seen: no old connection, no name remembered, no HTTP/2 (it knows no upgrade). */
static void set_probe(CURL *easy, bool connect_only)
{
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, connect_only ? 0L : 1L); /* 1 would close it as soon as it stands */
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, connect_only ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

bool http_request_set(CURL *easy, const struct http_request *request, int64_t timeout_ms, struct curl_slist **headers, struct err *err)
{
    set_limits(easy, request, timeout_ms);
    set_peer(easy, request);
    set_body(easy, request);
    if (request->headers_only || request->connect_only)
        set_probe(easy, request->connect_only);
    return set_url(easy, request->url, err) && set_headers(easy, request, headers, err);
}

bool http_request_resolves(const struct http_request *request)
{
    const char *url = request->proxy_url && request->proxy_url[0] ? request->proxy_url : request->url;
    const char *host = strstr(url, "://");

    if (text_starts(url, "unix:"))
        return false;
    host = host ? host + 3 : url;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (*host == '[')
        return false;
    const char *colon = memchr(host, ':', length);
    length = colon ? (size_t)(colon - host) : length;
    return strspn(host, "0123456789.") < length && !(length == 9 && strncasecmp(host, "localhost", 9) == 0);
}
