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
};

static bool keep(void *context, const char *row, size_t length, const char *reason, const char *id, struct err *err)
{
    struct scene *scene = context;
    if (scene->quarantine_fails-- > 0)
        return err_set(err, ERR_STORAGE, "no room");
    return quarantine_add(scene->quarantine, row, length, reason, id, scene->now.wall_ms, err);
}

static void open_sender(struct scene *scene)
{
    static const char *const own[] = {"missing", NULL};
    struct sender_options options = {.rows = 10, .interval_ms = 250, .quarantine = keep, .context = scene, .own_tables = own};
    scene->sender = sender_new(scene->spool, &options);
}

static struct scene *scene_new(void)
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

static void scene_free(struct scene *scene)
{
    sender_free(scene->sender);
    spool_close(scene->spool);
    quarantine_close(scene->quarantine);
    folder_remove(&scene->folder);
    free(scene);
}

static void add(struct scene *scene, const char *table, uint64_t from, uint64_t count)
{
    struct buf text = BUF_EMPTY(32u << 20);
    struct err err;

    for (uint64_t i = from; i < from + count; i++)
        buf_addf(&text, "%s v=%" PRIu64 "i,s=\"a\\\nb\" 1790000000000000000\n", table, i);
    CHECK(spool_add(scene->spool, buf_text(&text), text.length, count, scene->now.wall_ms, &err) && spool_commit(scene->spool, &err), "added");
    buf_free(&text);
}

static void pass(struct scene *scene, int64_t ms)
{
    scene->now.steady_ms += ms;
    scene->now.wall_ms += ms;
}

static int answer_rows(struct server *server, const struct sender_request *request, struct buf *body)
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
static bool step(struct scene *scene)
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
static void run(struct scene *scene, int64_t ms)
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

static uint64_t count_taken(const struct scene *scene, uint64_t from, uint64_t to)
{
    uint64_t count = 0;
    for (uint64_t i = from; i < to; i++)
        count += scene->server.taken[i] > 0;
    return count;
}

static struct sender_state state_of(const struct scene *scene)
{
    struct sender_state state;
    sender_state(scene->sender, &state);
    return state;
}

static size_t quarantined(const struct scene *scene, const char *word)
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

static void rows_wait_for_company(void)
{
    struct scene *scene = scene_new();

    CHECK_INT(sender_wait_ms(scene->sender, scene->now.steady_ms), -1);
    add(scene, "t", 0, 3);
    CHECK(!step(scene), "three rows wait");
    CHECK_INT(sender_wait_ms(scene->sender, scene->now.steady_ms), 250);
    pass(scene, 249);
    CHECK(!step(scene), "still");
    pass(scene, 1);
    CHECK(step(scene) && count_taken(scene, 0, 3) == 3, "no longer than the interval");
    add(scene, "t", 3, 10);
    CHECK(step(scene) && count_taken(scene, 0, 13) == 13, "enough of them go at once");
    CHECK_INT(spool_state(scene->spool).acked_row, 13);
    add(scene, "t", 13, 1);
    sender_flush(scene->sender);
    CHECK(step(scene), "at the end nothing waits");
    CHECK_INT(state_of(scene).rows, 14);
    CHECK(state_of(scene).taken_wall_ms > 0 && state_of(scene).waiting == 0, "its state");
    scene_free(scene);
}

static void a_server_that_is_down_gets_everything_in_order(void)
{
    struct scene *scene = scene_new();

    scene->server.down_ms = 120000;
    add(scene, "t", 0, 100);
    run(scene, 60000);
    CHECK(scene->server.requests < 15 && scene->server.taken_count == 0, "%d tries in a minute", scene->server.requests);
    CHECK(state_of(scene).trouble == RETRY_NETWORK && strstr(state_of(scene).reason, "nobody there"), "it says why");
    add(scene, "t", 100, 50);
    scene->server.largest = 0;
    while (scene->server.taken_count == 0)
        run(scene, 1);
    CHECK_INT(scene->server.largest, 10); /* not more than it may be able to take */
    run(scene, 200000);
    CHECK_INT(count_taken(scene, 0, 150), 150);
    size_t disorder = 0;
    for (uint64_t i = 0; i < 150; i++)
        disorder += scene->server.order[i] != i;
    CHECK_INT(disorder, 0);
    CHECK(state_of(scene).trouble == RETRY_NONE && spool_state(scene->spool).acked_row == 150, "all is well");
    CHECK(state_of(scene).lag_ms > 50000, "the lag of what waited");
    scene_free(scene);
}

static void a_backlog_goes_out_in_large_requests_and_fresh_rows_overtake_it(void)
{
    struct scene *scene = scene_new();
    uint64_t next = 100000;

    add(scene, "t", 0, 5000);
    for (int i = 0; i < 20; i++) {
        step(scene);
        if (i >= 2) /* fresh ones, while the backlog goes out */
            add(scene, "t", next++, 1);
        pass(scene, 300);
    }
    CHECK_INT(scene->server.largest, 100);
    CHECK(count_taken(scene, 100000, next) >= 8, "%" PRIu64 " of the fresh are there", count_taken(scene, 100000, next));
    CHECK(count_taken(scene, 0, 5000) < 3000, "while the backlog is not through");
    size_t disorder = 0;
    for (uint64_t i = 1, last = 0; i < scene->server.taken_count; i++)
        if (scene->server.order[i] < 100000) {
            disorder += scene->server.order[i] < last;
            last = scene->server.order[i];
        }
    CHECK_INT(disorder, 0);
    CHECK(spool_state(scene->spool).acked_row <= 5000, "what overtook is not acknowledged before what it overtook");
    sender_free(scene->sender); /* a restart in between costs nothing but sending some of it again */
    open_sender(scene);
    run(scene, 60000);
    CHECK_INT(count_taken(scene, 0, 5000) + count_taken(scene, 100000, next), 5000 + next - 100000);
    CHECK_INT(spool_state(scene->spool).acked_row, 5000 + next - 100000);
    scene_free(scene);
}

static void a_bad_row_goes_to_quarantine_alone(void)
{
    struct scene *scene = scene_new();

    add(scene, "t", 0, 4);
    add(scene, "bad", 4, 1);
    add(scene, "t", 5, 3);
    add(scene, "bad", 8, 2);
    run(scene, 5000);
    CHECK_INT(count_taken(scene, 0, 10), 7);
    CHECK_INT(state_of(scene).quarantined, 3);
    CHECK(quarantined(scene, "bad v=") == 3 && quarantined(scene, "errorId=id-5") == 1 && quarantined(scene, "cast error") == 3, "with reason and id");
    CHECK(scene->server.requests == 4 && state_of(scene).trouble == RETRY_NONE, "%d requests", scene->server.requests);
    CHECK_INT(spool_state(scene->spool).acked_row, 10);
    add(scene, "bad", 10, 300);
    run(scene, 5000);
    CHECK(state_of(scene).quarantined == 303 && spool_state(scene->spool).acked_row == 310, "nothing but bad rows");
    scene_free(scene);
}

static void no_room_in_quarantine_holds_the_row(void)
{
    struct scene *scene = scene_new();

    scene->quarantine_fails = 2;
    add(scene, "t", 0, 5);
    add(scene, "bad", 5, 1);
    run(scene, 300);
    CHECK(state_of(scene).trouble == RETRY_STORAGE && spool_state(scene->spool).acked_row == 0, "held");
    run(scene, 60000);
    CHECK(state_of(scene).quarantined == 1 && count_taken(scene, 0, 5) == 5 && spool_state(scene->spool).acked_row == 6, "kept at last");
    scene_free(scene);
}

static void a_poisonous_row_is_found(void)
{
    for (uint64_t at = 0; at < 10; at++) {
        struct scene *scene = scene_new();
        add(scene, "t", 100, 10);
        run(scene, 1000); /* the server is known to be well */
        add(scene, "t", 0, at);
        add(scene, "poison", at, 1);
        add(scene, "t", at + 1, 9 - at);
        run(scene, 60000);
        CHECK(count_taken(scene, 0, 10) == 9 && state_of(scene).quarantined == 1 && quarantined(scene, "poison v=") == 1, "at %" PRIu64, at);
        CHECK_INT(spool_state(scene->spool).acked_row, 20);
        CHECK(scene->server.pings == 1 && scene->server.requests < 25, "%d requests", scene->server.requests);
        scene_free(scene);
    }
}

static void many_poisonous_rows_are_found(void)
{
    struct scene *scene = scene_new();

    for (uint64_t i = 0; i < 60; i++)
        add(scene, i % 7 == 0 ? "poison" : i % 11 == 0 ? "bad" : i % 13 == 0 ? "wordless" : "t", i, 1);
    run(scene, 600000);
    CHECK_INT(spool_state(scene->spool).acked_row, 60);
    CHECK_INT(state_of(scene).quarantined, 9 + 5 + 4);
    CHECK_INT(count_taken(scene, 0, 60), 60 - 18);
    scene_free(scene);
}

/* Alone with a poisonous row, nothing tells whether the server is ill: it waits for the next row that is taken. */
static void a_lone_poisonous_row_waits_for_a_witness(void)
{
    struct scene *scene = scene_new();

    add(scene, "poison", 0, 1);
    run(scene, 120000);
    CHECK(state_of(scene).quarantined == 0 && state_of(scene).waiting == 1, "not judged");
    add(scene, "t", 1, 1);
    run(scene, 120000);
    CHECK(state_of(scene).quarantined == 1 && count_taken(scene, 0, 2) == 1 && state_of(scene).waiting == 0, "judged");
    scene_free(scene);
}

static void a_sick_server_costs_no_row(void)
{
    for (int well_before = 0; well_before < 2; well_before++)
        for (int sick = 1; sick < 120; sick += 7) {
            struct scene *scene = scene_new();
            if (well_before) {
                add(scene, "t", 1000, 10);
                run(scene, 1000);
            }
            scene->server.sick_from = scene->server.requests;
            scene->server.sick_to = scene->server.requests + sick;
            add(scene, "t", 0, 40);
            run(scene, 3600000);
            CHECK(state_of(scene).quarantined == 0 && count_taken(scene, 0, 40) == 40 && state_of(scene).waiting == 0,
                  "%d requests answered 500: %" PRIu64 " in quarantine", sick, state_of(scene).quarantined);
            scene_free(scene);
        }
}

static void what_says_that_we_are_wrong_holds_everything(void)
{
    static const struct {
        int status;
        enum sender_retry kind;
    } table[] = {{401, RETRY_HELD}, {403, RETRY_HELD}, {404, RETRY_HELD}, {405, RETRY_HELD}, {421, RETRY_HELD}, {301, RETRY_HELD},
                 {200, RETRY_HELD}, {429, RETRY_BUSY}, {503, RETRY_BUSY}, {408, RETRY_BUSY}, {502, RETRY_SERVER}};

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct scene *scene = scene_new();
        scene->server.force_status = table[i].status == 200 ? 201 : table[i].status;
        add(scene, "t", 0, 30);
        run(scene, 600000);
        CHECK(state_of(scene).trouble == table[i].kind, "%d: trouble %d", table[i].status, state_of(scene).trouble);
        CHECK(state_of(scene).quarantined == 0 && state_of(scene).waiting == 30 && scene->server.requests < 500, "%d: held, %d requests",
              table[i].status, scene->server.requests);
        scene->server.force_status = 0;
        run(scene, 60000);
        CHECK(count_taken(scene, 0, 30) == 30 && state_of(scene).trouble == RETRY_NONE, "%d: put right", table[i].status);
        scene_free(scene);
    }
}

static void a_missing_table_of_ours_is_not_the_rows_fault(void)
{
    struct scene *scene = scene_new();

    add(scene, "missing", 0, 5);
    run(scene, 60000);
    CHECK(state_of(scene).trouble == RETRY_HELD && state_of(scene).quarantined == 0, "held");
    CHECK(strstr(state_of(scene).reason, "schema apply"), "what to do: %s", state_of(scene).reason);
    scene_free(scene);
}

static void the_quarantine_is_bounded(void)
{
    struct folder folder = folder_new();
    struct err err;
    struct quarantine *quarantine = quarantine_open(folder.path, &err);
    char *row = calloc(1, 100001), path[FOLDER_PATH_MAX];
    struct buf text = BUF_EMPTY(64u << 20);

    REQUIRE(quarantine && row, "opened");
    memset(row, 'x', 100000);
    for (int i = 0; i < 700; i++)
        CHECK(quarantine_add(quarantine, row, 100000, "two\nlines", NULL, WALL, &err), "%s", err.text);
    CHECK(quarantine_bytes(quarantine) <= QUARANTINE_BYTES_MAX, "the file that grows");
    CHECK(file_read(folder_join(folder.path, "quarantine.1.lp", path), &text, &err) && text.length <= QUARANTINE_BYTES_MAX, "and the one before");
    CHECK(text_starts(buf_text(&text), "# 2026-09-21T14:13:20.000Z errorId=-: two lines\nxxx"), "%.80s", buf_text(&text));
    quarantine_close(quarantine);
    quarantine = quarantine_open(folder.path, &err);
    CHECK(quarantine && quarantine_bytes(quarantine) > 0, "opened again, it goes on");
    quarantine_close(quarantine);
    buf_free(&text);
    free(row);
    folder_remove(&folder);
}

int main(void)
{
    rows_wait_for_company();
    a_server_that_is_down_gets_everything_in_order();
    a_backlog_goes_out_in_large_requests_and_fresh_rows_overtake_it();
    a_bad_row_goes_to_quarantine_alone();
    no_room_in_quarantine_holds_the_row();
    a_poisonous_row_is_found();
    many_poisonous_rows_are_found();
    a_lone_poisonous_row_waits_for_a_witness();
    a_sick_server_costs_no_row();
    what_says_that_we_are_wrong_holds_everything();
    a_missing_table_of_ours_is_not_the_rows_fault();
    the_quarantine_is_bounded();
    return test_end();
}
