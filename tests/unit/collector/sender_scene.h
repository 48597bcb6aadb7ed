/* A sender between a real spool and a QuestDB of few words. */
#ifndef TESTS_COLLECTOR_SENDER_SCENE_H
#define TESTS_COLLECTOR_SENDER_SCENE_H

#include "base/text.h"
#include "collector/line.h"
#include "collector/quarantine.h"
#include "collector/sender.h"
#include "tests/test.h"
#include "tests/unit/collector/folder.h"

#include <inttypes.h>

#define WALL 1790000000000LL
#define ROWS_MAX 200000

/* A QuestDB of few words: what it takes is counted by value; rows of the tables bad, poison and missing it does not
 * take, each in its way. */
struct server {
    int down_ms, sick_from, sick_to; /* requests by number: answered 500 whatever they hold */
    int force_status;                /* every answer, if not 0 */
    int requests, pings;
    size_t largest;
    unsigned char taken[ROWS_MAX];
    uint64_t order[ROWS_MAX], taken_count; /* values in the order they were first taken */
};

struct scene {
    struct folder folder;
    struct spool *spool;
    struct sender *sender;
    struct quarantine *quarantine;
    struct instant now;
    struct server server;
    int quarantine_fails;
    unsigned char gone[ROWS_MAX]; /* into quarantine, by value */
};

static inline bool keep(void *context, const char *row, size_t length, const char *reason, const char *id, struct err *err)
{
    struct scene *scene = context;
    if (scene->quarantine_fails-- > 0)
        return err_set(err, ERR_STORAGE, "no room");
    if (!quarantine_add(scene->quarantine, row, length, reason, id, scene->now.wall_ms, err))
        return false;
    scene->gone[strtoull(strstr(row, "v=") + 2, NULL, 10)]++;
    return true;
}

static inline void open_sender(struct scene *scene)
{
    static const char *const own[] = {"missing", NULL};
    struct sender_options options = {.rows = 10, .interval_ms = 250, .quarantine = keep, .context = scene, .own_tables = own};
    scene->sender = sender_new(scene->spool, &options);
}

static inline struct scene *scene_new(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct err err;

    if (!scene)
        abort();
    scene->folder = folder_new();
    scene->spool = spool_open(scene->folder.path, 64u << 20, &err);
    scene->quarantine = quarantine_open(scene->folder.path, &err);
    scene->now = (struct instant){1000, WALL};
    if (!scene->spool || !scene->quarantine)
        abort();
    open_sender(scene);
    return scene;
}

static inline void scene_free(struct scene *scene)
{
    sender_free(scene->sender);
    spool_close(scene->spool);
    quarantine_close(scene->quarantine);
    folder_remove(&scene->folder);
    free(scene);
}

static inline void add(struct scene *scene, const char *table, uint64_t from, uint64_t count)
{
    struct buf text = BUF_EMPTY(32u << 20);
    struct err err;

    for (uint64_t i = from; i < from + count; i++)
        buf_addf(&text, "%s v=%" PRIu64 "i,s=\"a\\\nb\" 1790000000000000000\n", table, i);
    CHECK(spool_add(scene->spool, buf_text(&text), text.length, count, scene->now.wall_ms, &err) && spool_commit(scene->spool, &err), "added");
    buf_free(&text);
}

static inline void pass(struct scene *scene, int64_t ms)
{
    scene->now.steady_ms += ms;
    scene->now.wall_ms += ms;
}

static inline int answer_rows(struct server *server, const struct sender_request *request, struct buf *body)
{
    size_t line = 0;

    server->largest = request->rows > server->largest ? request->rows : server->largest;
    for (size_t at = 0, length; at < request->length; at += length) {
        const char *row = request->body + at;
        length = line_length(row, request->length - at);
        line++;
        if (text_starts(row, "bad ") || text_starts(row, "missing ")) {
            buf_addf(body, "{\"code\":\"invalid\",\"message\":\"error in line %zu: table: x; %s\",\"line\":%zu,\"errorId\":\"id-%zu\"}", line,
                     row[0] == 'm' ? "table does not exist, creating new tables is disabled" : "cast error", line, line);
            return 400;
        }
        if (text_starts(row, "poison ")) {
            buf_addf(body, "{\"code\":\"internal error\",\"message\":\"invalid UTF8 %d\",\"line\":1}", server->requests);
            return 500;
        }
        if (text_starts(row, "wordless "))
            return 400;
    }
    CHECK_INT(line, request->rows);
    for (size_t at = 0; at < request->length; at += line_length(request->body + at, request->length - at)) {
        uint64_t value = strtoull(strstr(request->body + at, "v=") + 2, NULL, 10);
        if (!server->taken[value]++)
            server->order[server->taken_count++] = value;
    }
    return 204;
}

/* One request, if there is one, and its answer. */
static inline bool step(struct scene *scene)
{
    struct server *server = &scene->server;
    struct sender_request request, none;
    struct http_reply reply = {.end = HTTP_ANSWERED, .body = BUF_EMPTY(4096)};

    if (!sender_next(scene->sender, scene->now, &request))
        return false;
    CHECK(!sender_next(scene->sender, scene->now, &none), "one at a time");
    CHECK(request.ping || (request.rows && request.length), "no request without rows");
    server->requests++;
    server->pings += request.ping;
    if (server->down_ms > 0) {
        reply.end = server->requests % 2 ? HTTP_NOT_SENT : HTTP_UNCLEAR;
        err_set(&reply.err, ERR_NETWORK, "nobody there");
    } else if (server->force_status)
        reply.status = server->force_status;
    else if (request.ping)
        reply.status = 204;
    else if (server->requests > server->sick_from && server->requests <= server->sick_to) {
        reply.status = 500;
        buf_addf(&reply.body, "{\"message\":\"disk full %d\"}", server->requests);
    } else
        reply.status = answer_rows(server, &request, &reply.body);
    pass(scene, 2);
    sender_hear(scene->sender, scene->now, &reply);
    http_reply_free(&reply);
    return true;
}

/* Turns until nothing waits or `ms` have gone by. */
static inline void run(struct scene *scene, int64_t ms)
{
    int64_t until = scene->now.steady_ms + ms;

    while (scene->now.steady_ms < until) {
        int64_t before = scene->now.steady_ms;
        if (step(scene))
            continue;
        int64_t wait = sender_wait_ms(scene->sender, scene->now.steady_ms);
        if (wait < 0)
            break;
        pass(scene, wait ? wait : 1);
        scene->server.down_ms -= (int)(scene->now.steady_ms - before);
    }
}

static inline uint64_t count_taken(const struct scene *scene, uint64_t from, uint64_t to)
{
    uint64_t count = 0;
    for (uint64_t i = from; i < to; i++)
        count += scene->server.taken[i] > 0;
    return count;
}

static inline struct sender_state state_of(const struct scene *scene)
{
    struct sender_state state;
    sender_state(scene->sender, &state);
    return state;
}

static inline size_t quarantined(const struct scene *scene, const char *word)
{
    char path[FOLDER_PATH_MAX];
    struct buf text = BUF_EMPTY(64u << 20);
    struct err err;
    size_t count = 0;

    CHECK(file_read(folder_join(scene->folder.path, "quarantine.lp", path), &text, &err), "quarantine.lp");
    for (const char *at = buf_text(&text); (at = strstr(at, word)); at++)
        count++;
    buf_free(&text);
    return count;
}

#endif
