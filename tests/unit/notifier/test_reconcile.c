/* What a source lists against what is held of it: found, closed, or left alone; over a time that is only told. */
#include "notifier/reconcile_judge.h"
#include "tests/test.h"

#include <stdlib.h>

#define SECOND 1000
#define MINUTE 60000
#define NOON 1795240000000 /* wall ms */

static const struct reconcile_rules rules = {90 * SECOND, 1, RECONCILE_ABSENT_READS, RECONCILE_ABSENT_MS, RECONCILE_EMPTY_MS};
static struct label names[] = {{"alertname", "A"}};

static struct active_alert listed(const char *fingerprint, int64_t starts_ms)
{
    return (struct active_alert){.alert = {.fingerprint = fingerprint, .org = 1, .status = ALERT_FIRING, .starts_ms = NOON + starts_ms,
                                           .labels = {names, 1}}, .is_ours = true};
}

static struct core_alert held(const char *fingerprint, int64_t starts_ms)
{
    return (struct core_alert){.fingerprint = fingerprint, .org = 1, .status = ALERT_FIRING, .starts_ms = NOON + starts_ms,
                               .refreshed_ms = NOON + starts_ms};
}

struct seen { size_t found, closed, count; char first[32]; enum alert_status status; };

static struct seen read_at(struct reconcile_judge *judge, const struct reconcile_rules *by, struct active_alert *list, size_t list_count,
                           const struct core_alert *have, size_t have_count, int64_t at_ms)
{
    struct active_list all = {list, list_count};
    struct reconcile_judged out;
    struct arena *arena = arena_new();
    struct seen seen = {0};

    reconcile_judge_read(judge, by, &all, have, have_count, (struct instant){at_ms, NOON + at_ms}, arena, &out);
    seen.found = out.found;
    seen.closed = out.closed;
    seen.count = out.count;
    if (out.count) {
        snprintf(seen.first, sizeof seen.first, "%s", out.alerts[0].fingerprint);
        seen.status = out.alerts[0].status;
        if (out.alerts[0].status == ALERT_RESOLVED)
            CHECK_TEXT(out.alerts[0].state_reason, ALERT_NOT_AT_SOURCE);
    }
    arena_free(arena);
    return seen;
}

/* One listed alert against at most one held: what is found of it, two minutes after noon. */
static void what_is_found(void)
{
    static const struct {
        const char *name;
        struct active_alert listed;
        bool is_held;
        struct core_alert held;
        size_t found;
    } rows[] = {
        {"never heard of", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, false, {0}, 1},
        {"younger than the grace", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON + 31 * SECOND}}, false, {0}, 0},
        {"just as old", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON + 30 * SECOND}}, false, {0}, 1},
        {"of another receiver", {.alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, false, {0}, 0},
        {"silenced there", {.is_ours = true, .is_suppressed = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, false, {0}, 0},
        {"without a beginning", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1}}, false, {0}, 0},
        {"held", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, true,
         {.fingerprint = "f", .org = 1, .status = ALERT_FIRING, .starts_ms = NOON}, 0},
        {"held without an organisation", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, true,
         {.fingerprint = "f", .status = ALERT_FIRING, .starts_ms = NOON}, 0},
        {"held of another organisation", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, true,
         {.fingerprint = "f", .org = 2, .status = ALERT_FIRING, .starts_ms = NOON}, 1},
        {"over by its sender's word, and listed a moment longer", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, true,
         {.fingerprint = "f", .org = 1, .status = ALERT_RESOLVED, .starts_ms = NOON}, 0},
        {"begun anew after its end", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON + SECOND}}, true,
         {.fingerprint = "f", .org = 1, .status = ALERT_RESOLVED, .starts_ms = NOON}, 1},
        {"ended by us, and there after all", {.is_ours = true, .alert = {.fingerprint = "f", .org = 1, .starts_ms = NOON}}, true,
         {.fingerprint = "f", .org = 1, .status = ALERT_RESOLVED, .starts_ms = NOON, .is_supposed = true}, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reconcile_judge *judge = reconcile_judge_new();
        struct active_alert list[1] = {rows[i].listed};
        struct seen seen = read_at(judge, &rules, list, 1, &rows[i].held, rows[i].is_held, 2 * MINUTE);
        CHECK(seen.found == rows[i].found && !seen.closed, "%s: %zu found, %zu closed", rows[i].name, seen.found, seen.closed);
        reconcile_judge_free(judge);
    }
}

static void three_reads_over_five_minutes(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert list[1] = {listed("other", 0)};
    struct core_alert have[2] = {held("gone", 0), held("other", 0)};

    CHECK_INT(read_at(judge, &rules, list, 1, have, 2, 1 * MINUTE).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 2, 6 * MINUTE).closed, 0); /* the second read */
    struct seen seen = read_at(judge, &rules, list, 1, have, 2, 6 * MINUTE + 1);
    CHECK_INT(seen.closed, 1);
    CHECK_INT(seen.count, 1);
    CHECK_TEXT(seen.first, "gone");
    CHECK_INT(seen.status, ALERT_RESOLVED);
    reconcile_judge_free(judge);

    judge = reconcile_judge_new();
    for (int64_t at = 0; at < 5 * MINUTE; at += 30 * SECOND) /* many reads, too short a time */
        CHECK_INT(read_at(judge, &rules, list, 1, have, 2, at).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 2, 5 * MINUTE).closed, 1);
    reconcile_judge_free(judge);
}

static void seen_in_between_counts_from_the_start(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert list[2] = {listed("other", 0), listed("gone", 0)};
    struct core_alert have[1] = {held("gone", 0)};

    read_at(judge, &rules, list, 1, have, 1, 1 * MINUTE);
    read_at(judge, &rules, list, 1, have, 1, 2 * MINUTE);
    list[1].is_suppressed = true; /* silenced is present */
    CHECK_INT(read_at(judge, &rules, list, 2, have, 1, 7 * MINUTE).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 8 * MINUTE).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 10 * MINUTE).closed, 0);
    have[0].refreshed_ms = NOON + 11 * MINUTE; /* its sender said so itself */
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 14 * MINUTE).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 15 * MINUTE).closed, 0);
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 19 * MINUTE).closed, 1);
    reconcile_judge_free(judge);
}

static void an_empty_list_is_believed_later(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert theirs[1] = {listed("theirs", 0)};
    struct core_alert have[2] = {held("a", 0), held("b", 0)};

    for (int64_t at = 0; at < 15 * MINUTE; at += MINUTE)
        CHECK_INT(read_at(judge, &rules, NULL, 0, have, 2, at).closed, 0);
    CHECK_INT(read_at(judge, &rules, NULL, 0, have, 2, 15 * MINUTE).closed, 2);
    reconcile_judge_free(judge);

    /* What is listed is all another receiver's: it is empty, too; but what is active there is not over. */
    judge = reconcile_judge_new();
    theirs[0].is_ours = false;
    have[1].fingerprint = "theirs";
    for (int64_t at = 0; at < 15 * MINUTE; at += MINUTE)
        CHECK_INT(read_at(judge, &rules, theirs, 1, have, 2, at).closed, 0);
    struct seen seen = read_at(judge, &rules, theirs, 1, have, 2, 15 * MINUTE);
    CHECK_INT(seen.closed, 1);
    CHECK_TEXT(seen.first, "a");
    reconcile_judge_free(judge);
}

static void not_ours_to_close(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert list[1] = {listed("other", 0)};
    struct core_alert have[3] = {held("test", 0), held("second", 0), held("over", 0)};
    struct reconcile_rules any = rules;

    have[0].test = true;
    have[1].org = 2;
    have[2].status = ALERT_RESOLVED;
    for (int64_t at = 0; at <= 20 * MINUTE; at += MINUTE)
        CHECK_INT(read_at(judge, &rules, list, 1, have, 3, at).closed, 0);
    any.org = 0; /* an Alertmanager's: whatever organisation */
    for (int64_t at = 0; at < 5 * MINUTE; at += MINUTE)
        CHECK_INT(read_at(judge, &any, list, 1, have, 3, at).closed, 0);
    CHECK_INT(read_at(judge, &any, list, 1, have, 3, 5 * MINUTE).closed, 1);
    reconcile_judge_free(judge);
}

/* The same fingerprint, held by two organisations: the other one's is neither found nor closed. */
static void two_organisations(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert list[1] = {listed("f", 0)};
    struct core_alert have[2] = {held("f", 0), held("f", 0)};
    struct reconcile_rules any = rules;

    any.org = 0;
    have[1].org = 2;
    for (int64_t at = 0; at <= 20 * MINUTE; at += MINUTE)
        CHECK_INT(read_at(judge, &any, list, 1, have, 2, at).count, 0);
    reconcile_judge_free(judge);
}

static void what_is_listed_does_not_end_for_want_of_news(void)
{
    struct reconcile_judge *judge = reconcile_judge_new();
    struct active_alert list[1] = {listed("f", 0)};
    struct core_alert have[1] = {held("f", 0)};

    have[0].expires_ms = NOON + 10 * MINUTE;
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 5 * MINUTE).count, 0);
    struct seen seen = read_at(judge, &rules, list, 1, have, 1, 5 * MINUTE + 1);
    CHECK(seen.count == 1 && !seen.found && !seen.closed, "%zu", seen.count);
    CHECK_INT(seen.status, ALERT_FIRING);
    have[0].expires_ms = 0;
    CHECK_INT(read_at(judge, &rules, list, 1, have, 1, 50 * MINUTE).count, 0);
    reconcile_judge_free(judge);
}

int main(void)
{
    what_is_found();
    three_reads_over_five_minutes();
    seen_in_between_counts_from_the_start();
    an_empty_list_is_believed_later();
    not_ours_to_close();
    two_organisations();
    what_is_listed_does_not_end_for_want_of_news();
    return test_end();
}
