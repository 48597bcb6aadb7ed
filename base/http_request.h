/* A request as libcurl's options: where to, with what, believing whom, how long. For base/http.c. */
#ifndef BASE_HTTP_REQUEST_H
#define BASE_HTTP_REQUEST_H

#include "base/http.h"

#include <curl/curl.h>

#define HTTP_HEADERS_BYTES_MAX (16 * 1024)

/* headers: a list that the caller frees after the transfer. False for a request that can never go. */
bool http_request_set(CURL *easy, const struct http_request *request, int64_t timeout_ms, struct curl_slist **headers, struct err *err);
/* False: it goes to a literal address or a socket, and needs no resolver's thread. */
bool http_request_resolves(const struct http_request *request);

#endif
