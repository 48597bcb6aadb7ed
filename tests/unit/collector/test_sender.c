#include "tests/unit/collector/sender_scene.h"

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

static void few_fresh_rows_overtake_a_backlog_too(void)
{
    struct scene *scene = scene_new();

    add(scene, "t", 0, 100000);
    run(scene, 20);
    add(scene, "t", 150000, 3); /* fewer than a request holds */
    run(scene, 400);
    CHECK(count_taken(scene, 150000, 150003) == 3 && count_taken(scene, 0, 100000) < 100000, "%" PRIu64 " of three",
          count_taken(scene, 150000, 150003));
    run(scene, 60000);
    CHECK(count_taken(scene, 0, 100000) == 100000 && state_of(scene).waiting == 0, "and all the rest");
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
    few_fresh_rows_overtake_a_backlog_too();
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
