#include "collector/questdb.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define URL_MAX (64 * 1024) /* bytes: QuestDB closes the connection beyond */

void questdb_add_name(struct buf *out, const struct questdb *questdb)
{
    const char *scheme = strstr(questdb->url, "://"), *host = scheme ? scheme + 3 : questdb->url;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);

    buf_addf(out, "QuestDB at %.*s", (int)(host - questdb->url), questdb->url);
    buf_add(out, at ? at + 1 : host, length - (at ? (size_t)(at + 1 - host) : 0));
}

bool questdb_request(const struct questdb *questdb, const char *path, const char *sql, struct buf *url, struct http_request *request)
{
    size_t length = strlen(questdb->url);

    while (length && questdb->url[length - 1] == '/')
        length--;
    buf_clear(url);
    buf_add(url, questdb->url, length);
    buf_addf(url, "%s?query=", path);
    text_add_url(url, sql);
    *request = (struct http_request){
        .method = "GET",
        .url = buf_text(url),
        .timeout_ms = QUESTDB_TIMEOUT_MS,
        .reply_max = QUESTDB_ANSWER_MAX,
        .username = questdb->username,
        .password = questdb->password,
        .bearer = questdb->token,
        .ca_file = questdb->ca_file,
    };
    return !url->full;
}

static struct cJSON *read_reply(const struct http_reply *reply, struct err *err)
{
    struct err why;
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, &why);
    const char *error = json_get_text(json, "error");

    if (reply->status == 401 || reply->status == 403)
        err_set(err, ERR_INPUT, "it does not accept our name and password, or token (HTTP %d); see questdb.username, questdb.password and questdb.token", reply->status);
    else if (error)
        err_set(err, ERR_INPUT, "%s", error);
    else if (!json || reply->status != 200)
        err_set(err, ERR_NETWORK, "it answered HTTP %d and no JSON; is this QuestDB's HTTP port (9000)?", reply->status);
    else
        return json;
    json_close(json);
    return NULL;
}

struct cJSON *questdb_ask(const struct questdb *questdb, const char *sql, struct err *err)
{
    struct buf url = BUF_EMPTY(URL_MAX), name = BUF_EMPTY(300);
    struct http_request request;
    struct http_reply reply = {0};
    struct cJSON *json = NULL;

    if (!questdb_request(questdb, "/exec", sql, &url, &request))
        err_set(err, ERR_LIMIT, "the statement is longer than %d bytes", URL_MAX);
    else if (http_fetch(&request, &reply, err))
        json = read_reply(&reply, err);
    questdb_add_name(&name, questdb);
    if (!json)
        err_within(err, "%s", buf_text(&name));
    http_reply_free(&reply);
    buf_free(&name);
    buf_free(&url);
    return json;
}

bool questdb_do(const struct questdb *questdb, const char *sql, struct err *err)
{
    struct cJSON *json = questdb_ask(questdb, sql, err);
    json_close(json);
    return json != NULL;
}

const struct cJSON *questdb_rows(const struct cJSON *answer)
{
    return json_get(answer, "dataset");
}

const struct cJSON *questdb_cell(const struct cJSON *row, size_t column)
{
    const struct cJSON *cell = json_first(row);
    while (cell && column--)
        cell = json_next(cell);
    return cell;
}

bool questdb_is_true(const struct cJSON *row, size_t column)
{
    return json_is_true(questdb_cell(row, column));
}

void questdb_add_quoted(struct buf *sql, const char *text)
{
    buf_add_char(sql, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_char(sql, '\'');
        buf_add_char(sql, *text);
    }
    buf_add_char(sql, '\'');
}
