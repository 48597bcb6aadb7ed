/* The store's seam: what the judge sees of a commit, how it fails, and how long it takes. */
#include "tests/sim/disk.h"

#include "base/text.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"
#include "tests/sim/power.h"

#define SLOW_DISK_MS 2000     /* what one commit may take */
#define HANGING_DISK_MS 20000

static void shadow(struct life *life, const struct effects *effects, size_t *shadowed)
{
    for (; *shadowed < effects->count; ++*shadowed) {
        const struct effect *effect = &effects->items[*shadowed];
        if (effect->kind != EFFECT_RECORD)
            continue;
        store_mem_put(life->shadow, &effect->record);
        judge_decided(life, &effect->record);
    }
}

/* What is decided while the thread writes counts once that is through; it is spoken earlier where the disk fails or hangs. */
void disk_shadow(struct life *life)
{
    bool from_memory = life->writing && life->notifier->storage_failed;

    if (from_memory && notifier_is_stalled(life->notifier))
        MARK(stalled);
    if (from_memory && !life->commit_failing) {
        life->failing_since_ms = life->steady_ms;
        life->commit_failing = true;
    }
    if (life->writing && (from_memory || life->written != STORE_UNDER_WAY || life->committing))
        shadow(life, life->writing, &life->shadowed_writing);
    if (!life->writing || from_memory)
        shadow(life, &life->notifier->batch->effects, &life->shadowed);
}

static bool refuse(struct life *life, const struct effects *effects, struct err *err)
{
    if (!life->commit_failing)
        life->failing_since_ms = life->steady_ms;
    life->commit_failing = true;
    MARK(commit_failed);
    if (dice_chance(&life->dice, life->weather.disk_lies)) {
        MARK(commit_failed_but_stored);
        judge_commit(life, effects);
        if (life->on_sqlite && !life->disk.commit(life->disk.context, effects, err))
            life_fail(life, "SQLite refuses what the model takes: %s", err->text);
        life->commits++;
    }
    life_say(life, "the commit fails");
    return err_set(err, ERR_STORAGE, "the disk fails");
}

static bool commit(void *context, const struct effects *effects, struct err *err)
{
    struct life *life = context;

    if (life->dead)
        return err_set(err, ERR_STORAGE, "dead");
    disk_shadow(life);
    if (life->crash == CRASH_BEFORE_COMMIT || (life->crash == CRASH_WRITING && !life->writing)) {
        if (life->on_power)
            power_cut(life, effects);
        life->power_is_cut = life->on_power;
        life->dead = true;
        return err_set(err, ERR_STORAGE, "dead");
    }
    if (life->steady_ms < life->weather.disk_bad_until_ms)
        return refuse(life, effects, err);
    judge_commit(life, effects);
    if (life->on_sqlite && !life->disk.commit(life->disk.context, effects, err)) {
        life_fail(life, "SQLite refuses what the model takes: %s", err->text);
        return false;
    }
    life->commits++;
    life->commit_failing = life->writing && life->notifier->batch->handled; /* spoken already, of what comes next */
    life->mirror_due = true;
    if (life->crash == CRASH_BEFORE_SPEECH)
        life->dead = true;
    return true;
}

static void begin(void *context, const struct effects *effects)
{
    struct life *life = context;
    int64_t most_ms = dice_chance(&life->dice, 90) ? 10 : dice_chance(&life->dice, 90) || life->weather.calm ? SLOW_DISK_MS : HANGING_DISK_MS;

    if (life->dead)
        return;
    if (life->writing && life->written == STORE_UNDER_WAY)
        life_fail(life, "the store is given a list while it writes another");
    life->writing = effects;
    life->written = STORE_UNDER_WAY;
    life->writing_since_ms = life->steady_ms;
    life->shadowed_writing = life->shadowed;
    life->shadowed = 0;
    life->dead = life->crash == CRASH_WRITING;
    agenda_add(&life->agenda, life->steady_ms + dice_between(&life->dice, 0, most_ms), HAPPENS_WRITTEN, (size_t)life->begun++);
}

static bool is_writing(const struct life *life)
{
    return life->writing && life->written == STORE_UNDER_WAY;
}

uint64_t disk_commits_without(const struct life *life)
{
    return life->commits + (is_writing(life) && !life->committing);
}

static void write_now(struct life *life)
{
    MARK(written_beside);
    life->write_err = (struct err){0};
    life->committing = true;
    life->written = commit(life, life->writing, &life->write_err) ? STORE_STORED : STORE_FAILED;
    life->committing = false;
}

void disk_written(struct life *life, size_t which)
{
    if (is_writing(life) && which + 1 == life->begun)
        write_now(life);
}

/* A process that dies waits for nobody. */
static enum store_end ended(void *context, bool wait, struct err *err)
{
    struct life *life = context;

    (void)wait;
    if (life->dead || !life->writing)
        return STORE_UNDER_WAY;
    if (life->written == STORE_FAILED) {
        life->shadowed += life->shadowed_writing; /* what was decided since joins it */
        life->writing = NULL;
    }
    *err = life->write_err;
    return life->written;
}

/* Whoever wants something of the store waits until it has written. */
static const struct store *disk_of(struct life *life)
{
    if (is_writing(life)) {
        if (notifier_is_stalled(life->notifier))
            life_fail(life, "P8: the turn waits for a disk that hangs");
        MARK(read_waits);
        write_now(life);
    }
    return &life->disk;
}

static bool load(void *context, int64_t now_wall_ms, void (*row)(void *, const struct record *), void *row_context, struct err *err)
{
    struct life *life = context;
    const struct store *disk = disk_of(life);
    return disk->load(disk->context, now_wall_ms, row, row_context, err);
}

static bool alert(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    struct life *life = context;
    const struct store *disk = disk_of(life);
    return disk->alert(disk->context, alert_id, arena, out);
}

static bool parts(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena, struct rendered_part *out)
{
    struct life *life = context;
    const struct store *disk = disk_of(life);
    return disk->parts(disk->context, message_id, first, count, arena, out);
}

static bool dead(void *context, uint64_t delivery_id, const char *channel, size_t max,
                 void (*row)(void *, uint64_t, const char *, const uint64_t *, size_t), void *row_context, struct err *err)
{
    struct life *life = context;
    const struct store *disk = disk_of(life);
    return disk->dead(disk->context, delivery_id, channel, max, row, row_context, err);
}

/* What was being written is on the disk, or is not. */
void disk_dies(struct life *life)
{
    const struct effects *writing = is_writing(life) ? life->writing : NULL;
    struct err err = {0};

    life->committing = true;
    if (writing)
        shadow(life, writing, &life->shadowed_writing);
    life->committing = false;
    life->writing = NULL;
    if (life->on_power && !life->power_is_cut)
        power_cut(life, writing);
    else if (writing && dice_chance(&life->dice, 50)) {
        judge_commit(life, writing);
        if (life->on_sqlite && !life->disk.commit(life->disk.context, writing, &err))
            life_fail(life, "SQLite refuses what the model takes: %s", err.text);
        life->commits++;
    }
}

void disk_shadow_all(struct life *life)
{
    if (life->writing)
        shadow(life, life->writing, &life->shadowed_writing);
    shadow(life, &life->notifier->batch->effects, &life->shadowed);
}

struct store disk_store(struct life *life)
{
    struct store store = {.context = life, .commit = commit, .load = load, .alert = alert, .parts = parts, .dead = dead};

    if (life->on_thread) {
        store.begin = begin;
        store.ended = ended;
    }
    return store;
}

static bool is_told(const struct life *life)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = 0; i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (alert->status == ALERT_FIRING && text_equal(labels_get(&alert->labels, "alertname"), "NotifierStorageFailed"))
            return true;
    }
    return false;
}

void disk_judge(struct life *life)
{
    const struct notifier *notifier = life->notifier;
    int64_t now_ms = life->steady_ms - life->origin_ms;

    if (notifier->writing && life->steady_ms - life->writing_since_ms > CORE_LEAVING_MAX_MS && !notifier->storage_failed)
        life_fail(life, "P8: deliveries wait for a disk that hangs");
    if (!notifier->storage_failed || now_ms - notifier->failing_since_ms <= NOTIFIER_FAILING_TOLD_MS || notifier_is_full(notifier))
        return;
    MARK(storage_told);
    if (!is_told(life))
        life_fail(life, "P8: the disk fails since %lld ms, and nobody is told", (long long)(now_ms - notifier->failing_since_ms));
}
