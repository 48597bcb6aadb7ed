/* replay-events: a record of `serve --record` decided once more, and where the two differ. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/config.h"
#include "notifier/fields.h"
#include "notifier/recorder.h"
#include "notifier/version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIFFERENCES_TOLD_MAX 20
#define BODY_BYTES_MAX (64u << 20)
#define CONFIGS_MAX 1000 /* reloads in one record */

struct replaying {
    const char *path;
    uint64_t line, seed;
    uint64_t steps, decisions, differences;
    struct instant now;
    struct config *configs[CONFIGS_MAX];
    size_t config_count;
    struct core *core;      /* NULL until the first configuration is there */
    struct arena *arena;    /* alerts of the event that comes */
    struct alert_input *alerts;
    size_t alert_count, alert_room;
    struct effects effects; /* of the last step */
    size_t compared;        /* of them */
    bool loaded, ended;
};

static bool no_line(struct replaying *replaying, struct err *err, const char *why)
{
    return err_set(err, ERR_INPUT, "%s:%" PRIu64 ": %s", replaying->path, replaying->line, why);
}

/* What was recorded after a difference may not fit what is decided now: an answer to a message that was never sent. The
 * core takes that for a bug, and aborts; command_replay_events says what it means, and nobody wants the core's words. */
static void mute_the_core(const struct replaying *replaying)
{
    if (replaying->differences)
        return;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
}

static void differs(struct replaying *replaying, const char *recorded, const char *now)
{
    struct buf time = BUF_EMPTY(64), clean = BUF_EMPTY(16 * 1024);

    mute_the_core(replaying);
    if (++replaying->differences <= DIFFERENCES_TOLD_MAX) {
        zone_add_rfc3339(&time, replaying->now.wall_ms);
        text_add_terminal(&clean, recorded, false);
        printf("%s:%" PRIu64 ": at %s\n  recorded: %s\n", replaying->path, replaying->line, buf_text(&time), buf_text(&clean));
        buf_clear(&clean);
        text_add_terminal(&clean, now, false);
        printf("  now:      %s\n", buf_text(&clean));
    }
    buf_free(&time);
    buf_free(&clean);
}

/* What was decided beyond what the record says. */
static void finish_step(struct replaying *replaying)
{
    struct buf words = BUF_EMPTY(4096);

    for (; replaying->compared < replaying->effects.count; replaying->compared++) {
        buf_clear(&words);
        recorder_words(&replaying->effects.items[replaying->compared], &words);
        differs(replaying, "nothing more", buf_text(&words));
    }
    effects_clear(&replaying->effects);
    replaying->compared = 0;
    buf_free(&words);
}

static void compare(struct replaying *replaying, const char *recorded)
{
    struct buf words = BUF_EMPTY(4096);

    replaying->decisions++;
    if (replaying->compared < replaying->effects.count)
        recorder_words(&replaying->effects.items[replaying->compared++], &words);
    else
        buf_add_text(&words, "nothing more");
    if (strcmp(buf_text(&words), recorded) != 0)
        differs(replaying, recorded, buf_text(&words));
    buf_free(&words);
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static bool take_config(struct replaying *replaying, const char *text, struct err *err)
{
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);
    struct buf words = BUF_EMPTY(64 * 1024);

    if (replaying->config_count == CONFIGS_MAX) {
        free(complaints);
        return no_line(replaying, err, "more than 1000 configurations");
    }
    struct config *config = config_parse("recorded", text, strlen(text), no_environment, complaints);
    config_complaints_write(complaints, "recorded", &words);
    bool ok = config || err_set(err, ERR_INPUT, "%s:%" PRIu64 ": the recorded configuration: %.*s", replaying->path, replaying->line,
                                (int)strcspn(buf_text(&words), "\n"), buf_text(&words));
    if (config) {
        replaying->configs[replaying->config_count++] = config;
        if (!replaying->core)
            replaying->core = core_new(config->policy, replaying->seed);
    }
    buf_free(&words);
    free(complaints);
    return ok;
}

static void keep_alert(struct replaying *replaying, const struct cJSON *json)
{
    if (replaying->alert_count == replaying->alert_room) {
        replaying->alert_room = replaying->alert_room ? replaying->alert_room * 2 : 64;
        replaying->alerts = memory_resized(replaying->alerts, replaying->alert_room * sizeof replaying->alerts[0]);
    }
    alert_input_read(json, &replaying->alerts[replaying->alert_count++], replaying->arena);
}

static bool take_event(struct replaying *replaying, const struct cJSON *json, struct err *err)
{
    struct event event;

    if (!event_restore(json, &event, replaying->arena))
        return no_line(replaying, err, "an event of a kind that this version does not know");
    if (event.kind == EVENT_ALERTS) {
        event.alerts.alerts = replaying->alerts;
        event.alerts.count = replaying->alert_count;
    }
    if (event.kind == EVENT_QUARANTINE) { /* the body was left out, and nothing is decided by it */
        if (event.quarantine.length > BODY_BYTES_MAX)
            return no_line(replaying, err, "a body of more than 64 MiB");
        event.quarantine.body = arena_alloc(replaying->arena, event.quarantine.length + 1);
    }
    if (event.kind == EVENT_RELOAD)
        event.policy = replaying->configs[replaying->config_count - 1]->policy;
    core_step(replaying->core, &event, replaying->now, &replaying->effects);
    replaying->steps++;
    replaying->alert_count = 0;
    arena_reset(replaying->arena);
    return true;
}

static bool take_row(struct replaying *replaying, const struct cJSON *json, struct err *err)
{
    struct record row;

    if (!record_read(json, &row, replaying->arena))
        return no_line(replaying, err, "a row of a kind that this version does not know");
    core_load(replaying->core, &row, replaying->now);
    arena_reset(replaying->arena);
    return true;
}

static void take_state(struct replaying *replaying, const char *recorded)
{
    char now[17];

    recorder_state(replaying->core, now);
    replaying->ended = true;
    if (strcmp(recorded, now) != 0)
        differs(replaying, "another state at the end, although", "no decision told of it, or those above did");
}

static bool take_now(struct replaying *replaying, const struct cJSON *json)
{
    const struct cJSON *steady = json_first(json), *wall = steady ? json_next(steady) : NULL;

    replaying->now = (struct instant){(int64_t)json_number(steady, 0), (int64_t)json_number(wall, 0)};
    return steady && wall;
}

/* One line, which is what its first member says. */
static bool take(struct replaying *replaying, const struct cJSON *json, struct err *err)
{
    const struct cJSON *value = json_is_object(json) ? json_first(json) : NULL;
    const char *key = value ? json_key(value) : "", *text = value ? text_or(json_text(value), "") : "";

    if (replaying->line == 1) {
        const char *seed = json_get_text(json, "seed");
        if (!seed || json_get_int(json, "format", 0) != RECORDER_FORMAT)
            return no_line(replaying, err, "is no record of `notifier serve --record`, or of another version's form");
        replaying->seed = strtoull(seed, NULL, 10);
        return true;
    }
    if (strcmp(key, "did") == 0) {
        compare(replaying, text);
        return true;
    }
    if (strcmp(key, "config") == 0)
        return take_config(replaying, text, err);
    if (!replaying->core)
        return no_line(replaying, err, "comes before any configuration");
    if (strcmp(key, "alert") == 0) {
        keep_alert(replaying, value);
        return true;
    }
    finish_step(replaying);
    if (strcmp(key, "now") == 0)
        return take_now(replaying, value) || no_line(replaying, err, "two times are expected");
    if (strcmp(key, "row") == 0)
        return take_row(replaying, value, err);
    if (strcmp(key, "event") == 0)
        return take_event(replaying, value, err);
    if (strcmp(key, "loaded") == 0)
        core_load_done(replaying->core, replaying->now, &replaying->effects);
    else if (strcmp(key, "tick") == 0)
        core_tick(replaying->core, replaying->now, &replaying->effects);
    else if (strcmp(key, "state") == 0)
        take_state(replaying, text);
    else
        return no_line(replaying, err, "a line that this version does not know");
    return true;
}

static bool replay(struct replaying *replaying, FILE *file, struct err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool ok = true;

    while (ok && (length = getline(&line, &room, file)) > 0) {
        replaying->line++;
        if (line[length - 1] != '\n') /* whoever wrote it ended in the middle */
            break;
        struct cJSON *json = json_parse(line, (size_t)length, err);
        ok = json ? take(replaying, json, err) : err_within(err, "%s:%" PRIu64, replaying->path, replaying->line);
        json_close(json);
    }
    if (ok && ferror(file))
        ok = err_set(err, ERR_INPUT, "%s: %s", replaying->path, strerror(errno));
    if (ok && !replaying->core)
        ok = err_set(err, ERR_INPUT, "%s: there is no record in it", replaying->path);
    free(line); /* what the last step decided beyond the record's end is no difference */
    return ok;
}

static int tell(const struct replaying *replaying)
{
    if (replaying->differences > DIFFERENCES_TOLD_MAX)
        printf("and %" PRIu64 " more\n", replaying->differences - DIFFERENCES_TOLD_MAX);
    printf("%s: %" PRIu64 " events, %" PRIu64 " decisions, %" PRIu64 " differ%s\n", replaying->path, replaying->steps, replaying->decisions,
           replaying->differences, replaying->ended ? "" : "; the record ends while it ran");
    return replaying->differences ? 1 : 0;
}

static int replay_file(const char *path, FILE *file)
{
    struct replaying *replaying = memory_zeroed(1, sizeof *replaying);
    FILE *complaints = fdopen(dup(STDERR_FILENO), "w");
    struct err err = {0};
    int code;

    if (!complaints)
        err_memory();
    replaying->path = path;
    replaying->arena = arena_new();
    effects_init(&replaying->effects);
    if (replay(replaying, file, &err))
        code = tell(replaying);
    else {
        fprintf(complaints, "notifier: %s\n", err.text);
        code = 1;
    }
    fclose(complaints);
    if (replaying->core)
        core_free(replaying->core);
    for (size_t i = 0; i < replaying->config_count; i++)
        config_free(replaying->configs[i]);
    effects_free(&replaying->effects);
    arena_free(replaying->arena);
    free(replaying->alerts);
    free(replaying);
    return code;
}

int command_replay_events(int argc, char **argv)
{
    int status = 0;

    if (argc != 2 || (argv[1][0] == '-' && argv[1][1])) {
        fprintf(stderr, "notifier: replay-events takes one file, written by `notifier serve --record FILE`\n");
        return 2;
    }
    FILE *file = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "r");
    if (!file) {
        fprintf(stderr, "notifier: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was said stays said */
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        int code = replay_file(argv[1], file);
        fflush(stdout);
        fclose(file);
        exit(code);
    }
    if (file != stdin)
        fclose(file);
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        fprintf(stderr, "notifier: no process to replay in: %s\n", strerror(errno));
        return 1;
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    printf("%s: from there on the record does not fit what is decided now, and cannot be followed\n", argv[1]);
    return 1;
}
