#include "notifier/changes.h"
#include "tests/test.h"

#include <stdlib.h>

static struct changes *changes;
static struct effects effects;

static void transition(uint64_t id, enum alert_status status)
{
    effects_record(&effects, RECORD_TRANSITION)->transition = (struct record_transition){.alert_id = id, .status = status};
}

static void delivery(uint64_t id, enum settled state, const char *channel)
{
    effects_record(&effects, RECORD_DELIVERY)->delivery = (struct record_delivery){.id = id, .state = state, .channel = channel};
}

static void take(int64_t now_ms)
{
    changes_take(changes, &effects, now_ms);
    effects_clear(&effects);
}

static void test_what_is_seen(void)
{
    static const struct {
        enum change_kind kind;
        uint64_t id;
        const char *state, *name;
    } want[] = {
        {CHANGE_ALERT, 7, "firing", ""},        {CHANGE_ALERT, 8, "silenced", ""},    {CHANGE_ALERT, 9, "inhibited", ""},
        {CHANGE_ALERT, 10, "heard", ""},        {CHANGE_INCIDENT, 3, "open", "K7Q2"}, {CHANGE_INCIDENT, 4, "closed", "M2M2"},
        {CHANGE_DELIVERY, 5, "dead", "mail"},   {CHANGE_CHANNEL, 0, "failing", "mail"}, {CHANGE_SILENCE, 0, "active", "6f1c"},
    };
    struct side side = {.kind = SIDE_SESSION_END, .session.digest = "x"};

    transition(7, ALERT_FIRING);
    effects_record(&effects, RECORD_HUSH)->hush = (struct record_hush){.alert_id = 8, .silence_number = 1};
    effects_record(&effects, RECORD_HUSH)->hush = (struct record_hush){.alert_id = 9, .inhibited_by = 7};
    effects_record(&effects, RECORD_HUSH)->hush = (struct record_hush){.alert_id = 10};
    effects_record(&effects, RECORD_INCIDENT)->incident = (struct record_incident){.id = 3, .reference = "K7Q2"};
    effects_record(&effects, RECORD_INCIDENT)->incident = (struct record_incident){.id = 4, .reference = "M2M2", .closed_ms = 5};
    delivery(5, SETTLED_OPEN, "mail");
    delivery(5, SETTLED_DEAD, "mail");
    effects_record(&effects, RECORD_TARGET)->target = (struct record_target){.channel = "mail", .failures = 2};
    effects_record(&effects, RECORD_SILENCE)->silence = (struct record_silence){.id = "6f1c", .state = SILENCE_ACTIVE};
    effects_record(&effects, RECORD_SEQUENCE)->sequence.next_id = 99;
    effects_side(&effects, &side);
    take(1000);
    CHECK_INT(changes->newest, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const struct change *got = changes_get(changes, i + 1);
        REQUIRE(got, "%zu", i);
        CHECK(got->kind == want[i].kind && got->id == want[i].id && got->seq == i + 1 && got->at_ms == 1000, "%zu", i);
        CHECK(test_same(got->state, want[i].state) && test_same(got->name, want[i].name), "%zu: %s %s", i, got->state, got->name);
    }
}

static void test_a_thing_once_a_turn(void)
{
    uint64_t before = changes->newest;

    transition(7, ALERT_FIRING);
    transition(8, ALERT_FIRING);
    transition(7, ALERT_RESOLVED);
    take(2000);
    CHECK_INT(changes->newest, before + 2);
    CHECK(test_same(changes_get(changes, before + 1)->state, "resolved"), "the last state");
    transition(7, ALERT_FIRING);
    take(3000);
    CHECK_INT(changes->newest, before + 3);
    CHECK(test_same(changes_get(changes, before + 1)->state, "resolved"), "what was told stays as it was told");
}

static void test_bounds(void)
{
    char name[200];

    CHECK(!changes_get(changes, 0) && !changes_get(changes, changes->newest + 1), "outside");
    for (size_t i = 0; i < CHANGES_MAX; i++)
        transition(100 + i, ALERT_FIRING);
    take(4000);
    CHECK(changes_get(changes, changes->newest) && changes_get(changes, changes->newest - CHANGES_MAX + 1), "as many as it holds");
    CHECK(!changes_get(changes, changes->newest - CHANGES_MAX), "and no more");
    memset(name, 'a', 62);
    memcpy(name + 62, "\xc3\xa9\xc3\xa9", 5);
    delivery(1, SETTLED_OPEN, name);
    take(5000);
    name[62] = '\0';
    CHECK(test_same(changes_get(changes, changes->newest)->name, name), "cut between characters");
}

int main(void)
{
    changes = calloc(1, sizeof *changes);
    effects_init(&effects);
    test_what_is_seen();
    test_a_thing_once_a_turn();
    test_bounds();
    effects_free(&effects);
    free(changes);
    return test_end();
}
