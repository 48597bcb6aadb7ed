/* What a silence, an inhibition or a muted time keeps back, and what is told when it ends. Scripts as in test_core.c, with
 * "s:a:1h" to silence host a for an hour, "p:a:1h:2h" from in one hour for two, "x:a" to expire it. */
#include "tests/unit/core/scene.h"

struct hushes {
    const char *name;
    struct scene_setup setup;
    bool inhibit, muted_ten_to_eleven, active_ten_to_eleven, quiet_ten_to_eleven, no_resolve_when_silenced;
    int64_t inhibit_wait_ms;
    const char *script, *want;
};

static char ids[8][SILENCE_ID_SIZE]; /* of the silences of a script, in order */
static size_t id_count;
static char names[8][32];

static void silence(struct scene *scene, const char *host, int64_t from_ms, int64_t lasts_ms)
{
    struct silence_matcher matcher = {.name = "host", .value = host, .is_equal = true};
    struct event event = {.kind = EVENT_SILENCE, .silence = {.reply = 9, .matchers = &matcher, .matcher_count = 1,
                                                             .starts_ms = scene->now.wall_ms + from_ms,
                                                             .ends_ms = scene->now.wall_ms + from_ms + lasts_ms,
                                                             .author = "anna", .comment = "disk swap"}};
    scene_event(scene, &event);
    CHECK(scene->reply.ok, "%s", scene->reply.words);
    snprintf(ids[id_count], sizeof ids[0], "%s", scene->reply.text);
    snprintf(names[id_count++], sizeof names[0], "%s", host);
}

static void expire(struct scene *scene, const char *host)
{
    for (size_t i = 0; i < id_count; i++)
        if (strcmp(names[i], host) == 0)
            scene_event(scene, &(struct event){.kind = EVENT_SILENCE_EXPIRE, .silence = {.reply = 9, .id = ids[i]}});
}

static int64_t ms_of(const char *text)
{
    int64_t ms = 0;
    struct err err;
    CHECK(text_to_duration(text, &ms, &err), "%s", text);
    return ms;
}

static void word(struct scene *scene, const char *text)
{
    char copy[128], *fields[4] = {0};
    size_t count = 0;

    snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; at && count < 4; count++) {
        fields[count] = at;
        at = strchr(at, ':');
        if (at)
            *at++ = '\0';
    }
    if (strcmp(fields[0], "s") == 0)
        silence(scene, fields[1], 0, ms_of(fields[2]));
    else if (strcmp(fields[0], "p") == 0)
        silence(scene, fields[1], ms_of(fields[2]), ms_of(fields[3]));
    else if (strcmp(fields[0], "x") == 0)
        expire(scene, fields[1]);
    else
        scene_word(scene, text);
}

/* Ids are hashes: in the log they read S1, S2. */
static void name_silences(struct scene *scene, struct buf *out)
{
    const char *at = buf_text(&scene->log);

    while (*at) {
        bool found = false;
        for (size_t i = 0; i < id_count && !found; i++)
            if (text_starts(at, ids[i])) {
                buf_addf(out, "S%zu", i + 1);
                at += strlen(ids[i]);
                found = true;
            }
        if (!found)
            buf_add_char(out, *at++);
    }
}

static struct policy *policy_for(const struct hushes *story)
{
    struct policy *policy = scene_policy(&story->setup);
    struct err err;

    policy->inhibit_wait_ms = story->inhibit_wait_ms;
    policy->root->resolve_when_silenced = !story->no_resolve_when_silenced;
    if (story->inhibit) {
        struct policy_inhibit *rule = policy_add_inhibit(policy);
        CHECK(policy_inhibit_matcher(policy, rule, true, "severity=critical", &err), "%s", err.text);
        CHECK(policy_inhibit_matcher(policy, rule, false, "severity=warning", &err), "%s", err.text);
        policy_inhibit_equal(policy, rule, (const char *const[]){"alertname"}, 1);
    }
    if (story->muted_ten_to_eleven || story->active_ten_to_eleven || story->quiet_ten_to_eleven) {
        struct interval_set *set = policy_add_interval(policy, "ten");
        set->items = ARENA_NEW(policy->arena, struct interval, 1);
        set->count = 1;
        CHECK(interval_add_times(policy->arena, set->items, "10:00", "11:00", &err), "%s", err.text);
        struct policy_times times = policy_times(policy, (const uint16_t[]){0}, 1);
        *(story->muted_ten_to_eleven ? &policy->root->mute : story->active_ten_to_eleven ? &policy->root->active : &policy->root->quiet) = times;
    }
    return policy;
}

/* The living core and one built from the same rows agree: what hushes survives a restart. */
static void play(const struct hushes *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct scene *scene = scene_new(policy_for(&stories[i]));
        struct buf log = BUF_EMPTY(1u << 20);
        id_count = 0;
        for (const char *at = stories[i].script; *at; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");
            word(scene, arena_bytes(scene->arena, at, length));
            at += length;
        }
        name_silences(scene, &log);
        CHECK(test_same(buf_text(&log), stories[i].want), "%s:\n  got  %s\n  want %s", stories[i].name, buf_text(&log), stories[i].want);
        buf_free(&log);
        scene_free(scene);
    }
}

#define SHHH "silenced by S1 of anna: disk swap"

static const struct hushes silenced[] = {
    {.name = "silenced, then over: nobody hears of it", .script = "s:a:1h +a 1m -a 2h",
     .want = "0 chat a: " SHHH "; 60 chat a: its firing was not told here; "},
    {.name = "when a silence ends on an alert that still fires, it is told", .script = "s:a:1h +a 2h",
     .want = "0 chat a: " SHHH "; 3600 chat first notification +a; "},
    {.name = "the silence expired by hand", .script = "s:a:1h +a 10m x:a",
     .want = "0 chat a: " SHHH "; 600 chat first notification +a; "},
    {.name = "told, silenced, over: its end is told", .script = "+a 1m s:a:1h 10m -a 1m",
     .want = "0 chat first notification +a; 660 chat all alerts resolved -a; "},
    {.name = "resolve_when_silenced false", .no_resolve_when_silenced = true, .script = "+a 1m s:a:1h 10m -a 1m",
     .want = "0 chat first notification +a; 660 chat a: " SHHH "; "},
    {.name = "and what comes and goes does so still", .no_resolve_when_silenced = true,
     .script = "+a 1m -a 1m +a 1m -a 1m +a 1m s:a:90s -a 1m +a 2m -a 20m",
     .want = "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat first notification +a; 180 chat all alerts resolved -a; "
             "240 chat first notification +a; 300 chat a: " SHHH "; 360 chat a: back in the state this channel was told; "
             "480 chat a: flapping: 7 changes; 1080 chat all alerts resolved -a; "},
    {.name = "and it is a first firing again afterwards", .no_resolve_when_silenced = true, .script = "+a 1m s:a:1h 10m -a 2h +a",
     .want = "0 chat first notification +a; 660 chat a: " SHHH "; 7860 chat first notification +a; "},
    {.name = "the others of its group are told", .setup = {.wait_ms = 10000}, .script = "s:a:1h +a +b 10s",
     .want = "10 chat a: " SHHH "; 10 chat first notification +b; "},
    {.name = "a silenced alert is no part of the message", .script = "+a 1m s:a:1h +b",
     .want = "0 chat first notification +a; 60 chat new alerts added +b; "},
    {.name = "what is hushed holds up nobody", .script = "s:a:1h +a 1s +b",
     .want = "0 chat a: " SHHH "; 1 chat first notification +b; "},
    {.name = "no repeat while silenced, and one that is due after", .setup = {.repeat_ms = 3600000}, .script = "+a 30m s:a:2h 3h",
     .want = "0 chat first notification +a; 9000 chat repeat interval elapsed; 12600 chat repeat interval elapsed; "},
    {.name = "a pending silence", .script = "p:a:1h:1h +a 90m +b 1m -b 3h",
     .want = "0 chat first notification +a; 5400 chat new alerts added +b; 5460 chat all alerts resolved -b; "},
    {.name = "firing again under the silence", .script = "+a 1m -a 1m s:a:1h +a 2h",
     .want = "0 chat first notification +a; 60 chat all alerts resolved -a; 120 chat a: " SHHH "; 3720 chat first notification +a; "},
    {.name = "two silences: the second holds on", .script = "s:a:1h s:a:3h +a 2h 2h",
     .want = "0 chat a: " SHHH "; 10800 chat first notification +a; "},
    {.name = "silenced while its message waits for an answer", .script = "chat:hold +a s:a:1h failed! chat:taken 2h",
     .want = "0 chat first notification +a; 0.836 chat a: " SHHH "; 3600 chat first notification +a; "},
};

static const struct hushes inhibited[] = {
    {.name = "a source that fires hushes its target", .inhibit = true, .script = "+a 10s +w 1m",
     .want = "0 chat first notification +a; 30 chat w: inhibited by alert 1 Disk; "},
    {.name = "without a source it is told", .inhibit = true, .script = "+w 1m", .want = "0 chat first notification +w; "},
    {.name = "the target is told within group_interval after its source has ended", .inhibit = true, .script = "+a 10s +w 5m -a 10m",
     .want = "0 chat first notification +a; 30 chat w: inhibited by alert 1 Disk; 310 chat all alerts resolved -a; 340 chat new alerts added +w; "},
    {.name = "inhibit_wait lets the source come first", .inhibit = true, .inhibit_wait_ms = 10000, .script = "+w 5s +a 1m",
     .want = "5 chat w: inhibited by alert 4 Disk; 5 chat first notification +a; "},
    {.name = "a target whose source does not come is told after inhibit_wait", .inhibit = true, .inhibit_wait_ms = 10000,
     .script = "+w 1m", .want = "10 chat first notification +w; "},
    {.name = "over before the wait was", .inhibit = true, .inhibit_wait_ms = 10000, .script = "+w 5s -w 1m",
     .want = "5 chat w: ended before it was due; "},
    {.name = "a critical alert waits for nobody", .inhibit = true, .inhibit_wait_ms = 10000, .script = "+a",
     .want = "0 chat first notification +a; "},
    {.name = "told before, inhibited since: its end is told", .inhibit = true, .script = "+w 1m +a 1m -w 1m",
     .want = "0 chat first notification +w; 60 chat new alerts added +a; 120 chat some alerts resolved -w; "},
    {.name = "over soon after its source: nobody hears of it", .inhibit = true, .script = "+a 10s +w 5m -a 10s -w 10m",
     .want = "0 chat first notification +a; 30 chat w: inhibited by alert 1 Disk; 310 chat all alerts resolved -a; "
             "320 chat w: ended before it was due; "},
    {.name = "its source ended within inhibit_wait", .inhibit = true, .inhibit_wait_ms = 10000, .script = "+a 31s +w 1s -a 2m",
     .want = "0 chat first notification +a; 31 chat w: inhibited by alert 1 Disk; 32 chat all alerts resolved -a; "
             "62 chat new alerts added +w; "},
    {.name = "one of two sources ends", .inhibit = true, .script = "+a +b 1m +w 1m -a 10m",
     .want = "0 chat first notification +a; 30 chat new alerts added +b; 60 chat w: inhibited by alert 1 Disk; "
             "120 chat some alerts resolved -a; "},
};

/* The scene begins at 09:26:53.5 UTC: 10:00 is 1986.5 s later, 11:00 5586.5 s. */
static const struct hushes muted[] = {
    {.name = "held back, and told when the interval ends", .muted_ten_to_eleven = true, .script = "40m +a 2h",
     .want = "2400 chat a: muted by time interval ten; 5586.5 chat first notification +a; "},
    {.name = "over inside: nobody hears of it", .muted_ten_to_eleven = true, .script = "40m +a 1m -a 2h",
     .want = "2400 chat a: muted by time interval ten; 2460 chat a: its firing was not told here; "},
    {.name = "an end inside waits for the interval's end", .muted_ten_to_eleven = true, .script = "+a 40m -a 2h",
     .want = "0 chat first notification +a; 2400 chat a: muted by time interval ten; 5586.5 chat all alerts resolved -a; "},
    {.name = "fires again inside", .muted_ten_to_eleven = true, .script = "+a 40m -a 1m +a 2h",
     .want = "0 chat first notification +a; 2400 chat a: muted by time interval ten; 2460 chat a: back in the state this channel was told; "},
    {.name = "resolve_when_silenced false drops the end as Alertmanager does", .muted_ten_to_eleven = true, .no_resolve_when_silenced = true,
     .script = "+a 40m -a 2h", .want = "0 chat first notification +a; 2400 chat a: muted by time interval ten; "},
    {.name = "outside of the active interval", .active_ten_to_eleven = true, .script = "+a 1h",
     .want = "0 chat a: outside of time interval ten; 1986.5 chat first notification +a; "},
    {.name = "a repeat waits too", .muted_ten_to_eleven = true, .setup = {.repeat_ms = 2400000}, .script = "+a 2h",
     .want = "0 chat first notification +a; 5586.5 chat repeat interval elapsed; "},
};

static void quiet_times(void)
{
    const struct hushes story = {.quiet_ten_to_eleven = true};
    struct scene *scene = scene_new(policy_for(&story));

    scene_play(scene, "+a 40m +b 1m");
    CHECK_INT(scene->sent_count, 2);
    CHECK(!scene->sent[0].silent, "by day it rings");
    CHECK(scene->sent[1].silent, "in the quiet hours it makes no sound");
    scene_free(scene);
}


static void silences_are_changed_as_in_alertmanager(void)
{
    const struct hushes story = {.name = "plain"};
    struct scene *scene = scene_new(policy_for(&story));
    struct silence_matcher host = {.name = "host", .value = "a", .is_equal = true}, all = {.name = "host", .value = ".*", .is_regex = true, .is_equal = true};
    int64_t now = scene->now.wall_ms;
    struct event event = {.kind = EVENT_SILENCE, .silence = {.reply = 9, .matchers = &host, .matcher_count = 1, .starts_ms = now,
                                                             .ends_ms = now + 60000, .author = "anna", .comment = "x"}};
    char first[SILENCE_ID_SIZE];

    scene_event(scene, &event);
    snprintf(first, sizeof first, "%s", scene->reply.text);
    CHECK(strlen(first) == 36 && first[14] == '4', "%s is a version 4 UUID", first);
    event.silence.id = first;
    event.silence.ends_ms = now + 120000;
    scene_event(scene, &event);
    CHECK(test_same(scene->reply.text, first), "lengthened in place");
    event.silence.matchers = &(struct silence_matcher){.name = "host", .value = "b", .is_equal = true};
    scene_event(scene, &event);
    CHECK(scene->reply.ok && !test_same(scene->reply.text, first), "other matchers: expired, and a new one");
    scene_event(scene, &(struct event){.kind = EVENT_SILENCE_EXPIRE, .silence = {.reply = 9, .id = first}});
    CHECK(scene->reply.ok && test_same(scene->reply.text, first), "expired already: that is what was asked for");
    event.silence.id = "00000000-0000-4000-8000-000000000000";
    scene_event(scene, &event);
    CHECK(!scene->reply.ok && !scene->reply.refused, "no such silence");
    event.silence.id = NULL;
    event.silence.matchers = &all;
    scene_event(scene, &event);
    CHECK(!scene->reply.ok && scene->reply.refused, "a silence of everything is refused");
    event.silence.matchers = &host;
    event.silence.ends_ms = now - 1;
    scene_event(scene, &event);
    CHECK_TEXT(scene->reply.words, "end time can't be in the past");
    scene_free(scene);
}

static void intervals(void)
{
    static const struct {
        const char *what, *times[2], *weekday, *day, *month, *year, *location;
        int64_t at_ms; /* 2026-03-14T09:26:53.5Z is a Saturday */
        bool want;
    } rows[] = {
        {"inside", {"09:00", "10:00"}, .at_ms = SCENE_STARTS_MS, .want = true},
        {"the end is outside", {"09:00", "09:26"}, .at_ms = SCENE_STARTS_MS, .want = false},
        {"to the end of the day", {"09:26", "24:00"}, .at_ms = SCENE_STARTS_MS, .want = true},
        {"weekday", {0}, .weekday = "saturday:saturday", .at_ms = SCENE_STARTS_MS, .want = true},
        {"weekdays", {0}, .weekday = "Monday:friday", .at_ms = SCENE_STARTS_MS, .want = false},
        {"day", {0}, .day = "14", .at_ms = SCENE_STARTS_MS, .want = true},
        {"days from the end", {0}, .day = "-18:-1", .at_ms = SCENE_STARTS_MS, .want = true},
        {"days from the end, later", {0}, .day = "-17:-1", .at_ms = SCENE_STARTS_MS, .want = false},
        {"day to the end", {0}, .day = "10:-1", .at_ms = SCENE_STARTS_MS, .want = true},
        {"month", {0}, .month = "march", .at_ms = SCENE_STARTS_MS, .want = true},
        {"months by number", {0}, .month = "4:12", .at_ms = SCENE_STARTS_MS, .want = false},
        {"year", {0}, .year = "2025:2026", .at_ms = SCENE_STARTS_MS, .want = true},
        {"elsewhere", {"18:26", "18:27"}, .location = "Asia/Tokyo", .at_ms = SCENE_STARTS_MS, .want = true},
        {"an hour that summer time skips", {"02:00", "03:00"}, .location = "Europe/Berlin", .at_ms = 1774746000000 /* 2026-03-29T01:00Z */, .want = false},
        {"the hour that comes twice, once", {"02:00", "03:00"}, .location = "Europe/Berlin", .at_ms = 1792886400000 /* 2026-10-25T00:00Z */, .want = true},
        {"and again", {"02:00", "03:00"}, .location = "Europe/Berlin", .at_ms = 1792890000000, .want = true},
        {"the thirty-first of a short month", {0}, .day = "31", .at_ms = 1772236800000 /* 2026-02-28 */, .want = false},
        {"the last day of February", {0}, .day = "-1", .at_ms = 1772236800000, .want = true},
    };
    struct err err;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct interval interval = {0};
        struct interval_set set = {"x", &interval, 1};
        const char *const words[] = {[INTERVAL_WEEKDAYS] = rows[i].weekday, [INTERVAL_DAYS_OF_MONTH] = rows[i].day,
                                     [INTERVAL_MONTHS] = rows[i].month, [INTERVAL_YEARS] = rows[i].year};
        if (rows[i].times[0])
            CHECK(interval_add_times(arena, &interval, rows[i].times[0], rows[i].times[1], &err), "%s: %s", rows[i].what, err.text);
        for (int f = INTERVAL_WEEKDAYS; f < INTERVAL_FIELDS; f++)
            if (words[f])
                CHECK(interval_add(arena, &interval, (enum interval_field)f, words[f], &err), "%s: %s", rows[i].what, err.text);
        if (rows[i].location)
            interval.zone = zone_open(rows[i].location, &err);
        CHECK(interval_set_holds(&set, rows[i].at_ms) == rows[i].want, "%s", rows[i].what);
        interval_set_close(&set);
        arena_free(arena);
    }
}

static void bad_intervals(void)
{
    static const struct {
        enum interval_field field;
        const char *text;
    } rows[] = {{INTERVAL_WEEKDAYS, "someday"}, {INTERVAL_WEEKDAYS, "friday:monday"}, {INTERVAL_WEEKDAYS, "1"}, {INTERVAL_DAYS_OF_MONTH, "0"},
                {INTERVAL_DAYS_OF_MONTH, "32"}, {INTERVAL_DAYS_OF_MONTH, "-3:3"}, {INTERVAL_DAYS_OF_MONTH, "5:1"}, {INTERVAL_MONTHS, "13"},
                {INTERVAL_MONTHS, ""}, {INTERVAL_YEARS, "20x"}, {INTERVAL_DAYS_OF_MONTH, "1:2:3"}};
    struct arena *arena = arena_new();
    struct interval interval = {0};
    struct err err;

    for (size_t i = 0; i < LENGTH(rows); i++)
        CHECK(!interval_add(arena, &interval, rows[i].field, rows[i].text, &err), "%s", rows[i].text);
    CHECK(!interval_add_times(arena, &interval, "9:00", "10:00", &err), "one digit");
    CHECK(!interval_add_times(arena, &interval, "23:00", "01:00", &err), "past midnight");
    CHECK(!interval_add_times(arena, &interval, "23:00", "24:01", &err), "past the day");
    arena_free(arena);
}

int main(void)
{
    play(silenced, LENGTH(silenced));
    play(inhibited, LENGTH(inhibited));
    play(muted, LENGTH(muted));
    quiet_times();
    silences_are_changed_as_in_alertmanager();
    intervals();
    bad_intervals();
    return test_end();
}
