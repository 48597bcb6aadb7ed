/* The turn while its store writes beside it: who is answered when, what leaves when, and what a disk that hangs holds up. */
#include "base/text.h"
#include "notifier/notifier.h"
#include "notifier/notifier_private.h"
#include "notifier/store/history.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOON 1773480413500 /* 2026-03-14T09:26:53.5Z */
#define POSTS_MAX 16
#define LONG_NAME "a-source-with-a-name-of-as-many-letters-as-a-name-may-have------" /* 64 */

struct stage {
    struct notifier *notifier;
    struct config *config;
    struct store disk;             /* SQLite in memory */
    const struct effects *writing; /* given to the thread; NULL: it has nothing */
    enum store_end end;
    struct metrics *metrics;
    struct history *history;       /* of no file: a list is begun, and fails */
    struct instant now;
    uint64_t tags[POSTS_MAX];
    char *bodies[POSTS_MAX];       /* what the channel was sent */
    size_t sent;
    int status[POSTS_MAX];         /* what each sender was answered; 0: it waits */
    size_t posted;
};

static struct instant stage_now(void *context)
{
    return ((struct stage *)context)->now;
}

static void carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag)
{
    struct stage *stage = context;

    (void)config;
    if (stage->sent == POSTS_MAX)
        abort();
    stage->tags[stage->sent] = tag;
    stage->bodies[stage->sent++] = strndup(request->body, request->body_length);
}

static bool commit(void *context, const struct effects *effects, struct err *err)
{
    (void)context;
    (void)effects;
    CHECK(false, "the turn itself waits for a commit");
    return err_set(err, ERR_STORAGE, "no");
}

static void begin(void *context, const struct effects *effects)
{
    struct stage *stage = context;

    CHECK(!stage->writing, "one at a time");
    stage->writing = effects;
    stage->end = STORE_UNDER_WAY;
}

static enum store_end ended(void *context, bool wait, struct err *err)
{
    struct stage *stage = context;

    (void)wait;
    if (stage->end == STORE_FAILED)
        err_set(err, ERR_STORAGE, "no");
    return stage->end;
}

static bool load(void *context, int64_t now_wall_ms, void (*row)(void *, const struct record *), void *row_context, struct err *err)
{
    struct stage *stage = context;
    return stage->disk.load(stage->disk.context, now_wall_ms, row, row_context, err);
}

static bool alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    struct stage *stage = context;

    CHECK(!stage->notifier || !notifier_is_stalled(stage->notifier), "nobody asks a disk that hangs");
    return stage->disk.alert(stage->disk.context, alert_id, arena, out);
}

static bool parts(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena, struct rendered_part *out)
{
    struct stage *stage = context;
    return stage->disk.parts(stage->disk.context, message_id, first, count, arena, out);
}

static const char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

static struct stage *stage_new(void)
{
    static const char yaml[] = "channels: [{name: hook, type: webhook, url: \"http://127.0.0.1:1/\"}]\n"
                               "route: {group_by: ['...'], channels: [hook]}\n"
                               "sources: [{name: g, auth: {none: true}}, {name: " LONG_NAME ", auth: {none: true}}]\n";
    struct stage *stage = calloc(1, sizeof *stage);
    struct config_complaints *complaints = calloc(1, sizeof *complaints);
    struct err err = {0};

    stage->config = config_parse("f", yaml, strlen(yaml), nothing, complaints);
    free(complaints);
    stage->now = (struct instant){5000000, NOON};
    stage->metrics = metrics_new();
    stage->history = history_open("/nonexistent/notifier.db");
    bool opened = store_open_sqlite(&(struct store_sqlite_options){.path = ":memory:", .migrate = true}, &stage->disk, &err);
    CHECK(opened && stage->config, "%s", err.text);
    struct notifier_options options = {
        .config = stage->config, .clock = {stage_now, stage}, .transport = {stage, carry}, .metrics = stage->metrics,
        .history = stage->history, .seed = 7,
        .store = {.context = stage, .commit = commit, .begin = begin, .ended = ended, .load = load, .alert = alert, .parts = parts}};
    stage->notifier = notifier_new(&options, &err);
    CHECK(stage->notifier != NULL, "%s", err.text);
    return stage;
}

static void stage_free(struct stage *stage)
{
    notifier_free(stage->notifier);
    stage->disk.close(stage->disk.context);
    metrics_free(stage->metrics);
    history_close(stage->history);
    config_free(stage->config);
    for (size_t i = 0; i < stage->sent; i++)
        free(stage->bodies[i]);
    free(stage);
}

static void note(void *context, const struct notifier_answer *answer)
{
    *(int *)context = answer->status;
}

/* One alert, and a turn that hears it. */
static void post(struct stage *stage, const char *name)
{
    char body[1024];

    snprintf(body, sizeof body,
             "{\"version\":\"1\",\"orgId\":1,\"groupKey\":\"x\",\"receiver\":\"r\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\","
             "\"labels\":{\"alertname\":\"%s\"},\"annotations\":{\"summary\":\"words of %s\"},\"startsAt\":\"2026-03-14T09:20:53.5Z\","
             "\"fingerprint\":\"%s\",\"orgId\":1}]}", name, name, name);
    if (stage->posted == POSTS_MAX)
        abort();
    notifier_webhook(stage->notifier, "g", body, strlen(body), note, &stage->status[stage->posted++]);
    notifier_turn(stage->notifier);
}

/* The thread is done, and the loop hears of it. */
static void written(struct stage *stage, bool ok)
{
    struct err err = {0};
    const struct effects *list = stage->writing;

    CHECK(list != NULL, "something is written");
    if (!list)
        return;
    CHECK(!ok || stage->disk.commit(stage->disk.context, list, &err), "%s", err.text);
    stage->writing = NULL;
    stage->end = ok ? STORE_STORED : STORE_FAILED;
    notifier_turn(stage->notifier);
}

static void pass(struct stage *stage, int64_t ms)
{
    stage->now.steady_ms += ms;
    stage->now.wall_ms += ms;
    notifier_turn(stage->notifier);
}

static void take(struct stage *stage, size_t which)
{
    struct reply reply = {.end = REPLY_ANSWERED, .status = 200, .headers = "", .body = "ok", .body_length = 2};

    notifier_hear_reply(stage->notifier, stage->tags[which], &reply, 1);
    notifier_turn(stage->notifier);
}

static void test_each_waits_for_its_own_commit(void)
{
    struct stage *stage = stage_new();

    post(stage, "first");
    post(stage, "second");
    post(stage, "first"); /* nothing new: and yet it rests on a row that is on no disk */
    CHECK(!stage->status[0] && !stage->status[1] && !stage->status[2], "%d %d %d", stage->status[0], stage->status[1], stage->status[2]);
    CHECK_INT(stage->sent, 0);
    written(stage, true);
    CHECK_INT(stage->status[0], 200);
    CHECK(!stage->status[1] && !stage->status[2], "%d %d", stage->status[1], stage->status[2]);
    CHECK_INT(stage->sent, 1);
    CHECK(strstr(stage->bodies[0], "words of first") != NULL, "%s", stage->bodies[0]);
    written(stage, true);
    CHECK_INT(stage->status[1], 200);
    CHECK_INT(stage->status[2], 200);
    CHECK_INT(stage->sent, 2);
    CHECK(strstr(stage->bodies[1], "words of second") != NULL, "%s", stage->bodies[1]);
    take(stage, 0);
    take(stage, 1);
    written(stage, true);
    written(stage, true);
    CHECK(notifier_is_idle(stage->notifier), "all is done");
    stage_free(stage);
}

/* What was decided while a commit failed is kept with it, in order, and the next commit has both. */
static void test_a_commit_that_fails(void)
{
    struct stage *stage = stage_new();

    post(stage, "first");
    post(stage, "second");
    written(stage, false);
    CHECK(notifier_health(stage->notifier).storage_failed, "it is said");
    CHECK_INT(stage->sent, 2); /* from memory */
    CHECK(!stage->status[0] && !stage->status[1], "%d %d", stage->status[0], stage->status[1]);
    take(stage, 1);
    CHECK(!stage->status[0] && stage->status[1] == 200, "%d %d: the one whose message was taken", stage->status[0], stage->status[1]);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS - 1);
    CHECK(!stage->writing, "it rests");
    CHECK_INT(notifier_deadline_ms(stage->notifier), 1);
    pass(stage, 1);
    written(stage, true);
    CHECK_INT(stage->status[0], 200);
    CHECK(!notifier_health(stage->notifier).storage_failed, "it is over");
    CHECK_INT(store_unaccounted(&stage->disk, NULL), 0);
    stage_free(stage);
}

/* The next try may hang where the last one failed at once: what comes meanwhile is told from memory, and kept behind it. */
static void test_a_disk_that_fails_and_then_hangs(void)
{
    struct stage *stage = stage_new();

    post(stage, "first");
    written(stage, false);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    post(stage, "second");
    CHECK_INT(stage->sent, 2);
    take(stage, 1);
    CHECK(!stage->status[0] && stage->status[1] == 200, "%d %d", stage->status[0], stage->status[1]);
    pass(stage, CORE_LEAVING_MAX_MS);
    CHECK(stage->status[0] == 503, "%d: it has waited long enough", stage->status[0]);
    CHECK(notifier_is_stalled(stage->notifier), "nobody asks it now");
    written(stage, false);
    CHECK(notifier_is_stalled(stage->notifier), "nor while it rests");
    take(stage, 0);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    written(stage, true);
    CHECK(!notifier_is_stalled(stage->notifier) && !notifier_health(stage->notifier).storage_failed, "it is over");
    while (stage->writing)
        written(stage, true);
    CHECK(stage->sent == 3 && strstr(stage->bodies[2], "NotifierStorageFailed"), "%zu: each once, and people were told", stage->sent);
    CHECK_INT(store_unaccounted(&stage->disk, NULL), 0);
    stage_free(stage);
}

/* What is kept in memory is bounded, wherever it stands: what is being tried again, too. */
static void test_memory_is_full(void)
{
    struct stage *stage = stage_new();
    size_t length = 1 << 20;
    char *large = memset(malloc(length), 'x', length);
    int status[32] = {0}, taken = 0;

    post(stage, "first");
    written(stage, false);
    for (; taken < 32 && !status[taken]; taken += !status[taken]) {
        notifier_webhook(stage->notifier, "g", large, length, note, &status[taken]);
        notifier_turn(stage->notifier);
    }
    CHECK(taken >= 14 && taken <= 16 && status[taken] == 503, "%d MiB, then %d", taken, status[taken]);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    CHECK(stage->writing != NULL, "tried again");
    notifier_webhook(stage->notifier, "g", large, length, note, &status[31]);
    CHECK_INT(status[31], 503);
    written(stage, true);
    notifier_webhook(stage->notifier, "g", large, length, note, &status[30]);
    CHECK_INT(status[30], 0);
    free(large);
    stage_free(stage);
}

static void note_name(void *context, const struct notifier_answer *answer)
{
    snprintf(context, 64, "%d %s", answer->status, text_or(answer->text, ""));
}

/* Made while the disk fails, and stored before its maker has waited too long: the answer still says which one it is. */
static void test_a_silence_while_the_disk_fails(void)
{
    static const char body[] = "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\"}],\"startsAt\":\"2026-03-14T09:26:53Z\","
                               "\"endsAt\":\"2026-03-14T19:26:53Z\",\"createdBy\":\"c\",\"comment\":\"d\"}";
    struct stage *stage = stage_new();
    size_t length = 200 << 10; /* ten of them are more than the memory that a batch keeps for the next one */
    char *large = memset(malloc(length), 'x', length), made[64] = "";

    post(stage, "first");
    written(stage, false);
    for (int i = 0; i < 10; i++)
        notifier_webhook(stage->notifier, "g", large, length, note, &stage->status[1]);
    free(large);
    notifier_silence(stage->notifier, body, strlen(body), note_name, made);
    notifier_turn(stage->notifier);
    CHECK(!made[0], "%s: it is on no disk", made);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    written(stage, true);
    CHECK(strlen(made) == strlen("200 ") + 36 && strncmp(made, "200 ", 4) == 0, "%s: its id", made);
    stage_free(stage);
}

/* A disk that hangs is a disk that fails: messages leave, senders are answered by who took them, and nobody waits for it. */
static void test_a_disk_that_hangs(void)
{
    struct stage *stage = stage_new();

    post(stage, "first");
    pass(stage, CORE_LEAVING_MAX_MS - 1);
    post(stage, "second");
    CHECK_INT(stage->sent, 0);
    CHECK(notifier_deadline_ms(stage->notifier) == 1, "the turn comes by itself: in %lld ms", (long long)notifier_deadline_ms(stage->notifier));
    pass(stage, 1);
    CHECK_INT(stage->sent, 2);
    CHECK(notifier_health(stage->notifier).storage_failed, "it is said");
    take(stage, 0);
    CHECK(stage->status[0] == 200 && !stage->status[1], "%d %d", stage->status[0], stage->status[1]);
    post(stage, "third");
    CHECK_INT(stage->sent, 3);
    post(stage, "second"); /* again, and still on no disk */
    CHECK_INT(stage->status[3], 0);
    pass(stage, NOTIFIER_CONFIRM_MS);
    CHECK(stage->status[1] == 503 && stage->status[2] == 503 && stage->status[3] == 503, "%d %d %d", stage->status[1], stage->status[2],
          stage->status[3]);
    written(stage, true);
    CHECK(!notifier_health(stage->notifier).storage_failed, "it is over");
    post(stage, "third");
    CHECK_INT(stage->status[4], 0); /* what was spoken from memory is written now */
    written(stage, true);
    if (stage->writing)
        written(stage, true);
    CHECK_INT(stage->status[4], 200);
    CHECK(stage->sent == 4 && strstr(stage->bodies[3], "NotifierStorageFailed"), "%zu: nothing was said twice, and people were told", stage->sent);
    CHECK_INT(store_unaccounted(&stage->disk, NULL), 0);
    stage_free(stage);
}

static void test_sources_are_seen(void)
{
    struct stage *stage = stage_new();
    struct buf metrics = BUF_EMPTY(1 << 20);
    int ignored;

    for (int i = 0; i < 2 * CONFIG_SOURCES_MAX; i++)
        notifier_webhook(stage->notifier, LONG_NAME, "{\"alerts\":[]}", 13, note, &ignored);
    post(stage, "first"); /* of g */
    notifier_write_metrics(stage->notifier, &metrics);
    CHECK(strstr(buf_text(&metrics), "notifier_source_last_seen_seconds{source=\"g\"}"), "the other has a row of its own: %s", buf_text(&metrics));
    CHECK(strstr(buf_text(&metrics), "notifier_source_last_seen_seconds{source=\"" LONG_NAME "\"}"), "under its whole name");
    buf_free(&metrics);
    stage_free(stage);
}

/* People hear of it over the channels, from memory, and of its end. */
static void test_people_are_told(void)
{
    struct stage *stage = stage_new();

    post(stage, "first");
    written(stage, false);
    CHECK_INT(stage->sent, 1);
    pass(stage, NOTIFIER_FAILING_TOLD_MS - 1);
    CHECK_INT(stage->sent, 1);
    pass(stage, 1);
    CHECK(stage->sent == 2 && strstr(stage->bodies[1], "NotifierStorageFailed") && strstr(stage->bodies[1], "Alerts cannot be stored: no."),
          "%zu: %s", stage->sent, stage->bodies[stage->sent - 1]);
    take(stage, 0);
    take(stage, 1);
    for (int i = 0; i < 20; i++) {
        written(stage, false);
        pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    }
    CHECK_INT(stage->sent, 2); /* once */
    written(stage, true);
    for (int i = 0; i < 40 && stage->sent < 3; i++) {
        pass(stage, 1000);
        if (stage->writing)
            written(stage, true);
    }
    CHECK(stage->sent == 3 && strstr(stage->bodies[2], "NotifierStorageFailed") && strstr(stage->bodies[2], "resolved"), "%zu: %s", stage->sent,
          stage->bodies[stage->sent - 1]);
    stage_free(stage);
}

static void note_list(void *context, bool ok, const struct buf *out, const struct err *err)
{
    (void)ok;
    (void)out;
    (void)err;
    ++*(int *)context;
}

static void list(struct stage *stage, int *begun)
{
    *begun = 0;
    CHECK(notifier_list(stage->notifier, &(struct history_query){.list = LIST_ALERTS}, note_list, begun), "there is room");
}

/* The metrics said that nothing is under way any more, and the list of deliveries said that one was. */
static void test_a_list_shows_what_was_decided_before(void)
{
    struct stage *stage = stage_new();
    int first, second, third, last;

    list(stage, &first);
    CHECK_INT(first, 1);
    post(stage, "first");
    list(stage, &first);
    post(stage, "second");
    list(stage, &second);
    CHECK(!first && !second, "%d %d: on no disk yet", first, second);
    written(stage, true);
    CHECK(first == 1 && !second, "%d %d", first, second);
    list(stage, &third);
    written(stage, true);
    CHECK(second == 1 && third == 1, "%d %d", second, third);
    post(stage, "third");
    list(stage, &last);
    written(stage, false);
    CHECK_INT(last, 1); /* what the disk holds, as it takes no more */
    list(stage, &last);
    CHECK_INT(last, 1);
    pass(stage, NOTIFIER_RETRY_COMMIT_MS);
    written(stage, true);
    post(stage, "fourth");
    list(stage, &last);
    CHECK_INT(last, 0);
    stage_free(stage);
    CHECK_INT(last, 1); /* nobody is left waiting */
}

int main(void)
{
    test_each_waits_for_its_own_commit();
    test_a_commit_that_fails();
    test_a_disk_that_fails_and_then_hangs();
    test_memory_is_full();
    test_a_silence_while_the_disk_fails();
    test_a_disk_that_hangs();
    test_people_are_told();
    test_a_list_shows_what_was_decided_before();
    test_sources_are_seen();
    return test_end();
}
