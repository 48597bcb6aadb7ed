/* Lives of chance: rows of every kind, a server in every mood, restarts at any moment. What the spool has let go is in
 * QuestDB or in quarantine, and in the end every row is where it belongs. */
#include "tests/unit/collector/sender_scene.h"

/* Once broken: a request without rows, where only suspects were left; suspects for ever among themselves; poison alone at
 * the head of the spool after a start, and never a witness from behind it. */
static const uint64_t broken[] = {1011, 1041, 1069, 939};

#define LIVES 40
#define TURNS 400

static const char *const kinds[] = {"t", "bad", "poison", "wordless"};

/* Power stays on here: no sync is waited for. */
int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int fsync(int fd)
{
    (void)fd;
    return 0;
}

struct life {
    struct scene *scene;
    uint64_t seed, draws;
    uint64_t rows, checked;
    unsigned char kind[ROWS_MAX];
    uint64_t wrong;
};

static uint64_t draw(struct life *life, uint64_t below)
{
    uint64_t at[2] = {life->seed, life->draws++};
    return text_hash(at, sizeof at, 3) % below;
}

static void add_rows(struct life *life)
{
    uint64_t count = 1 + draw(life, draw(life, 10) ? 30 : 900), dice = draw(life, 100);
    unsigned kind = dice < 85 ? 0 : dice < 92 ? 1 : dice < 96 ? 2 : 3;

    if (life->rows + count > ROWS_MAX)
        return;
    if (kind && count > 3)
        count = 3;
    memset(life->kind + life->rows, (int)kind, count);
    add(life->scene, kinds[kind], life->rows, count);
    life->rows += count;
}

/* All that only memory knew is gone; a request may be under way, taken or not. */
static void restart(struct life *life)
{
    struct scene *scene = life->scene;
    struct sender_request request;
    struct buf body = BUF_EMPTY(4096);
    struct err err;

    if (draw(life, 2) && sender_next(scene->sender, scene->now, &request) && !request.ping && draw(life, 2))
        answer_rows(&scene->server, &request, &body);
    buf_free(&body);
    sender_free(scene->sender);
    spool_close(scene->spool);
    scene->spool = spool_open(scene->folder.path, 64u << 20, &err);
    if (!scene->spool)
        abort();
    open_sender(scene);
}

static void turn(struct life *life)
{
    static const int moods[] = {401, 404, 429, 503, 201};
    struct scene *scene = life->scene;

    switch (draw(life, 12)) {
    case 0:
    case 1:
    case 2: add_rows(life); break;
    case 3: scene->server.down_ms = (int)draw(life, 5000); break;
    case 4:
        if (scene->server.requests > scene->server.sick_to + 40) { /* ill for a while, then well for a while */
            scene->server.sick_from = scene->server.requests;
            scene->server.sick_to = scene->server.requests + 1 + (int)draw(life, 30);
        }
        break;
    case 5: scene->server.force_status = draw(life, 3) ? 0 : moods[draw(life, LENGTH(moods))]; break;
    case 6:
        if (draw(life, 3) == 0)
            restart(life);
        break;
    case 7: scene->quarantine_fails = (int)draw(life, 3); break;
    default: run(scene, (int64_t)draw(life, 2000)); break;
    }
}

/* Up to the mark nothing may be missing. */
static void check_mark(struct life *life)
{
    uint64_t acked = spool_state(life->scene->spool).acked_row;

    for (; life->checked < acked; life->checked++) {
        bool good = life->kind[life->checked] == 0;
        life->wrong += good ? !life->scene->server.taken[life->checked] : !life->scene->gone[life->checked];
    }
}

static void live(uint64_t seed)
{
    struct life *life = calloc(1, sizeof *life);

    REQUIRE(life, "memory");
    life->scene = scene_new();
    life->seed = seed;
    for (int i = 0; i < TURNS; i++) {
        turn(life);
        check_mark(life);
    }
    life->scene->server.down_ms = life->scene->server.force_status = life->scene->quarantine_fails = 0;
    life->scene->server.sick_to = life->scene->server.requests;
    for (int i = 0; i < 3; i++) { /* a poisonous row may wait for a witness */
        life->kind[life->rows] = 0;
        add(life->scene, kinds[0], life->rows++, 1);
        run(life->scene, 3600000);
    }
    check_mark(life);
    uint64_t misplaced = 0;
    for (uint64_t row = 0; row < life->rows; row++)
        misplaced += life->kind[row] == 0 ? !life->scene->server.taken[row] || life->scene->gone[row]
                                          : life->scene->server.taken[row] || !life->scene->gone[row];
    CHECK(life->wrong == 0, "life %" PRIu64 ": %" PRIu64 " rows were let go too early", seed, life->wrong);
    CHECK(misplaced == 0, "life %" PRIu64 ": %" PRIu64 " rows are not where they belong", seed, misplaced);
    CHECK(spool_state(life->scene->spool).acked_row == life->rows, "life %" PRIu64 ": up to %" PRIu64 " of %" PRIu64, seed,
          spool_state(life->scene->spool).acked_row, life->rows);
    scene_free(life->scene);
    free(life);
}

int main(int argc, char **argv)
{
    if (argc > 1) /* one of them again */
        live(strtoull(argv[1], NULL, 10));
    else {
        for (size_t i = 0; i < LENGTH(broken); i++)
            live(broken[i]);
        for (uint64_t seed = 1; seed <= LIVES; seed++)
            live(seed);
    }
    return test_end();
}
