/* Questions to QuestDB over HTTP, for the command line: waits for the answer. */
#ifndef COLLECTOR_QUESTDB_H
#define COLLECTOR_QUESTDB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/http.h"

#include <stdint.h>

#define QUESTDB_URL "http://127.0.0.1:9000" /* where it is unless configured */
#define QUESTDB_TIMEOUT_MS 60000            /* one question */
#define QUESTDB_ANSWER_MAX (16u << 20)      /* bytes */

struct questdb { /* borrowed */
    const char *url; /* base, without /exec */
    const char *username, *password, *ca_file; /* NULL: none */
    const char *token; /* in place of a name and password; NULL: none */
};

struct cJSON;

/* "QuestDB at URL", without what the URL may hold of names and passwords. */
void questdb_add_name(struct buf *out, const struct questdb *questdb);
/* One statement through /exec. Its parsed answer, closed by the caller with json_close; NULL on error, with QuestDB's words. */
struct cJSON *questdb_ask(const struct questdb *questdb, const char *sql, struct err *err);
bool questdb_do(const struct questdb *questdb, const char *sql, struct err *err); /* the same, answer dropped */
/* Rows of an answer: json_first / json_next of it. Cells count from 0 in the order of the SELECT. */
const struct cJSON *questdb_rows(const struct cJSON *answer);
const struct cJSON *questdb_cell(const struct cJSON *row, size_t column);
bool questdb_is_true(const struct cJSON *row, size_t column);
/* The request of a path with a query: "/exec", "query", sql. url is its memory. */
bool questdb_request(const struct questdb *questdb, const char *path, const char *sql, struct buf *url, struct http_request *request);
/* Text as a literal of SQL. */
void questdb_add_quoted(struct buf *sql, const char *text); /* 'it''s' */

#endif
