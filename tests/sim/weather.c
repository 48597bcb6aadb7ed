#include "tests/sim/weather.h"

#include "tests/sim/hushes.h"
#include "tests/sim/disk.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#define MINUTE_MS (60 * 1000LL)
#define HOUR_MS (60 * MINUTE_MS)

/* Each kind of trouble is absent from many lives, that others may be met undisturbed. */
static unsigned some(struct dice *dice, unsigned most)
{
    return dice_chance(dice, 50) ? 0 : (unsigned)dice_between(dice, 1, most);
}

static void plan(struct life *life, enum happening_kind kind, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        agenda_add(&life->agenda, dice_between(&life->dice, 1000, life->weather.ends_ms), kind, 0);
}

void weather_draw(struct life *life)
{
    struct weather *weather = &life->weather;
    struct dice *dice = &life->dice;

    *weather = (struct weather){.ends_ms = dice_between(dice, 3, 40) * MINUTE_MS, .disk_lies = some(dice, 100), .moody = some(dice, 90),
                                .late = some(dice, 40), .twice = some(dice, 30), .cut = some(dice, 15), .left_out = some(dice, 30),
                                .lost = some(dice, 20), .change_ms = dice_between(dice, 2000, 90000)};
    life->style = (struct setup_style){.rates = dice_chance(dice, 40), .waits = dice_chance(dice, 60), .splits = dice_chance(dice, 40),
                                       .few_alerts = dice_chance(dice, 8), .forgets = dice_chance(dice, 25),
                                       .gives_up = dice_chance(dice, 25), .fails_over = dice_chance(dice, 40), .inhibits = dice_chance(dice, 30),
                                       .mutes = dice_chance(dice, 25), .silences = dice_chance(dice, 40), .flaps = dice_chance(dice, 30) ? 2 + (unsigned)dice_pick(dice, 4) : 0};
    for (size_t c = 0; c < SIM_CHANNELS_MAX && life->style.splits && weather->moody; c++)
        life->receiver.moods[c] = dice_chance(dice, 50) ? MOOD_PARTIAL : MOOD_WELL;
    for (int64_t at_ms = 100; at_ms < weather->ends_ms; at_ms += dice_between(dice, 1, weather->change_ms * 2))
        agenda_add(&life->agenda, at_ms, HAPPENS_CHANGE, 0);
    plan(life, HAPPENS_MOOD, weather->moody ? 6 + some(dice, 40) : 0);
    plan(life, HAPPENS_DISK, some(dice, 5));
    plan(life, HAPPENS_CRASH, some(dice, 8));
    plan(life, HAPPENS_RELOAD, some(dice, 5));
    plan(life, HAPPENS_JUMP, dice_chance(dice, 30) ? some(dice, 4) : 0);
    plan(life, HAPPENS_OPERATOR, some(dice, 12));
    plan(life, HAPPENS_HUSH, life->style.silences ? some(dice, 20) : 0);
}

static void change_mood(struct life *life)
{
    size_t channel = dice_pick(&life->dice, SIM_CHANNELS_MAX);
    bool bad = dice_chance(&life->dice, life->weather.moody);

    life->receiver.moods[channel] = bad ? (enum mood)(1 + dice_pick(&life->dice, MOOD_COUNT - 1)) : MOOD_WELL;
    if (bad && life->style.splits && dice_chance(&life->dice, 40))
        life->receiver.moods[channel] = MOOD_PARTIAL; /* of several pages one is taken, another refused */
    life_say(life, "the mood of %s is now %d", sim_channels[channel].name, life->receiver.moods[channel]);
}

static void break_disk(struct life *life)
{
    int64_t for_ms = dice_chance(&life->dice, 50) ? 1 : dice_between(&life->dice, 100, 30000);

    life->weather.disk_bad_until_ms = life->steady_ms + for_ms;
    life_say(life, "the disk fails for %lld ms", (long long)for_ms);
}

static void jump(struct life *life)
{
    int64_t by_ms = dice_between(&life->dice, 1000, (dice_chance(&life->dice, 30) ? 26 : 5) * HOUR_MS);

    if (dice_chance(&life->dice, 50)) {
        by_ms = -by_ms;
        MARK(wall_jump_back);
    } else
        MARK(wall_jump_forward);
    life->wall_shift_ms += by_ms;
    life->jumped_ms = life->steady_ms;
    for (size_t c = 0; c < SIM_CHANNELS_MAX && !life->notifier; c++) { /* while it is down, nothing but wall times is left of a wait */
        life->judge.wish_until_ms[c] = 0;
        life->judge.sends[c].count = 0;
    }
    life_say(life, "the wall clock jumps by %lld ms", (long long)by_ms);
}

static void nobody(void *context, const struct notifier_answer *answer)
{
    (void)context;
    (void)answer;
}

static uint64_t some_delivery(struct life *life, enum settled state)
{
    const struct store_mem *rows = life->ledger;
    size_t count = store_mem_count(rows, RECORD_DELIVERY);

    for (size_t tries = 0; count && tries < 10; tries++) {
        const struct record_delivery *row = &store_mem_at(rows, RECORD_DELIVERY, dice_pick(&life->dice, count))->delivery;
        if (row->state == state)
            return row->id;
    }
    return 0;
}

/* People: tests, retries and drops by hand; and a sender that is refused. */
static void operate(struct life *life)
{
    struct dice *dice = &life->dice;
    uint64_t id;

    if (!life->notifier)
        return;
    switch (dice_pick(dice, 4)) {
    case 0:
        notifier_test(life->notifier, sim_channels[dice_pick(dice, SIM_CHANNELS_MAX)].name, dice_chance(dice, 50) ? "critical" : NULL,
                      dice_chance(dice, 30), "anna", nobody, NULL);
        MARK(test_sent);
        break;
    case 1:
        if (!(id = some_delivery(life, SETTLED_DEAD)))
            break;
        MARK(retried_by_hand);
        judge_retried(life, id);
        notifier_retry(life->notifier, id, NULL, nobody, NULL);
        break;
    case 2:
        if (!(id = some_delivery(life, SETTLED_OPEN)))
            break;
        MARK(dropped_by_hand);
        notifier_drop(life->notifier, id, nobody, NULL);
        break;
    case 3:
        MARK(source_rejected);
        notifier_source_rejected(life->notifier, "grafana", 401, "the signature does not fit");
        break;
    }
}

void weather_happen(struct life *life, const struct happening *happening)
{
    switch (happening->kind) {
    case HAPPENS_REPLY: receiver_reply(life, happening->what); break;
    case HAPPENS_POST: senders_post(life, happening->what); break;
    case HAPPENS_CHANGE: senders_change(life); break;
    case HAPPENS_MOOD: change_mood(life); break;
    case HAPPENS_DISK: break_disk(life); break;
    case HAPPENS_CRASH: life_plan_crash(life); break;
    case HAPPENS_BIRTH: life_begin(life); break;
    case HAPPENS_RELOAD: life_reload(life); break;
    case HAPPENS_JUMP: jump(life); break;
    case HAPPENS_OPERATOR: operate(life); break;
    case HAPPENS_HUSH: hushes_operate(life); break;
    case HAPPENS_WRITTEN: disk_written(life, happening->what); break;
    }
}

static bool outlasts(enum happening_kind kind)
{
    return kind == HAPPENS_REPLY || kind == HAPPENS_POST || kind == HAPPENS_BIRTH || kind == HAPPENS_WRITTEN;
}

void weather_clear(struct life *life)
{
    struct weather *weather = &life->weather;

    weather->calm = true;
    weather->disk_bad_until_ms = 0;
    life->crash = CRASH_NONE;
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++)
        life->receiver.moods[c] = MOOD_WELL;
    agenda_drop(&life->agenda, outlasts);
    life_say(life, "the weather clears");
}
