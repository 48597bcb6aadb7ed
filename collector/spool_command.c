/* collector spool status|drain|verify */
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "base/zone.h"
#include "collector/collector.h"
#include "collector/commands.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int fail(const struct err *err)
{
    fprintf(stderr, "collector: %s\n", err->text);
    return 1;
}

static int status(const struct config *config)
{
    struct spool_report report;
    struct buf age = BUF_EMPTY(64);
    struct err err;

    if (!spool_examine(config->spool_path, false, &report, &err))
        return fail(&err);
    if (report.oldest_ms)
        zone_add_span(&age, clock_now(&clock_system).wall_ms - report.oldest_ms);
    printf("spool      %s\nwaiting    %" PRIu64 " rows%s%s\nsize       %.1f of %.1f MiB in %zu segments\nnext row   %" PRIu64 ", QuestDB has all before %" PRIu64 "\n",
           config->spool_path, report.state.next_row - report.state.acked_row, age.length ? ", the oldest for " : "", buf_text(&age),
           (double)report.state.bytes / 1048576, (double)config->spool_bytes / 1048576, report.state.segments, report.state.next_row,
           report.state.acked_row);
    if (report.pid)
        printf("collector  running, pid %d\n", report.pid);
    else
        printf("collector  not running\n");
    buf_free(&age);
    return 0;
}

static int verify(const struct config *config)
{
    struct spool_report report;
    struct err err;

    if (!spool_examine(config->spool_path, true, &report, &err))
        return fail(&err);
    printf("%" PRIu64 " records, %" PRIu64 " rows, %" PRIu64 " bytes in %zu segments: ", report.records, report.rows, report.state.bytes, report.state.segments);
    if (!report.damaged_bytes) {
        printf("whole\n");
        return 0;
    }
    printf("%" PRIu64 " bytes belong to no whole record\n", report.damaged_bytes);
    fprintf(stderr, "%s\n", report.pid ? "collector: a running collector may be writing just now; try again"
                                       : "collector: the next start passes over them and counts what was lost; nothing needs to be deleted");
    return 1;
}

static void wake(void *context)
{
    loop_wake(context);
}

/* Turns until nothing waits, or QuestDB does not take it. */
static bool turn_until_empty(struct collector *collector, struct loop *loop, struct work *work, struct err *err)
{
    struct collector_state state;

    for (;;) {
        loop_wait(loop, collector_wait_ms(collector));
        work_finish(work);
        collector_turn(collector);
        collector_state(collector, &state);
        if (!state.sender.waiting)
            break;
        if (state.sender.trouble != RETRY_NONE)
            return err_set(err, ERR_NETWORK, "QuestDB does not take rows: %s; %" PRIu64 " rows still wait", state.sender.reason, state.sender.waiting);
    }
    printf("%" PRIu64 " rows taken, %" PRIu64 " in quarantine, none waits\n", state.sender.rows, state.sender.quarantined);
    return true;
}

static int drain(struct config *config)
{
    struct err err = {0};
    struct http *http = http_new(&err);
    struct loop *loop = http ? loop_new(http, &err) : NULL;
    struct work *work = loop ? work_new(wake, loop, &err) : NULL;
    struct collector_options options = {.config = config, .clock = clock_system, .http = http, .work = work, .only_drain = true};

    config->apply_schema = false;
    struct collector *collector = work ? collector_new(&options, &err) : NULL;
    bool ok = collector && turn_until_empty(collector, loop, work, &err);
    if (!collector && err.kind == ERR_CONFLICT)
        err_within(&err, "a running collector sends on by itself");
    if (work)
        work_free(work);
    if (loop)
        loop_free(loop);
    http_free(http);
    collector_free(collector);
    return ok ? 0 : fail(&err);
}

int spool_command(int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {0}};
    struct buf complaints = BUF_EMPTY(CONFIG_COMPLAINTS_BYTES);
    const char *path = NULL;
    int code = 2;

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        if (flag != 'c')
            return 2;
        path = optarg;
    }
    const char *verb = optind + 1 == argc ? argv[optind] : "";
    if (strcmp(verb, "status") != 0 && strcmp(verb, "drain") != 0 && strcmp(verb, "verify") != 0) {
        fprintf(stderr, "usage: collector spool status|drain|verify [--config FILE]\n");
        return 2;
    }
    struct config *config = config_load(config_find(path), &complaints);
    fputs(buf_text(&complaints), stderr);
    if (config)
        code = verb[0] == 's' ? status(config) : verb[0] == 'v' ? verify(config) : drain(config);
    config_free(config);
    buf_free(&complaints);
    return code;
}
