/* collector serve: puts the seams together and turns until told to stop. */
#include "base/log.h"
#include "base/loop.h"
#include "base/systemd.h"
#include "base/text.h"
#include "collector/collector.h"
#include "collector/commands.h"
#include "collector/doors.h"
#include "routes/auth.h"
#include "routes/server.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DRAIN_MS 5000 /* after SIGTERM: how long requests under way and waiting rows may take; the spool keeps the rest */

struct serving {
    const char *config_flag, *listen;
    struct config *config;
    struct http *http;
    struct loop *loop;
    struct work *work;
    struct collector *collector;
    struct auth *auth;
    struct server *server;
    bool stopping;
    int64_t drain_until_ms;
};

static void wake(void *context)
{
    loop_wake(context);
}

static void caught(void *context, int signal)
{
    struct serving *serving = context;

    if (signal == SIGHUP)
        log_say(LOG_WARN, "reload_not_done", "restart the collector to read its configuration anew; the spool loses nothing");
    else
        serving->stopping = true;
}

static bool parse_flags(struct serving *serving, int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {"listen", required_argument, NULL, 'l'}, {0}};

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        switch (flag) {
        case 'c': serving->config_flag = optarg; break;
        case 'l': serving->listen = optarg; break;
        default: return false;
        }
    if (optind < argc)
        fprintf(stderr, "collector serve takes no argument \"%s\"; see collector help\n", argv[optind]);
    return optind >= argc;
}

static bool load(struct serving *serving)
{
    struct buf complaints = BUF_EMPTY(CONFIG_COMPLAINTS_BYTES);

    serving->config = config_load(config_find(serving->config_flag), &complaints);
    fputs(buf_text(&complaints), stderr);
    buf_free(&complaints);
    if (serving->config && serving->listen)
        serving->config->listen = serving->listen;
    if (!serving->config)
        return false;
    if (serving->config->token_count || config_listens_on_loopback(serving->config))
        return true;
    fprintf(stderr, "collector: listen %s is not loopback, and auth.tokens is empty: anybody could push. Add a token, or listen on 127.0.0.1\n",
            serving->config->listen);
    return false;
}

/* A core file would hold tokens, and the spool what was measured. */
static void keep_to_ourselves(void)
{
    umask(0077);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

static bool start_server(struct serving *serving, struct err *err)
{
    static const enum access accesses[] = {[CONFIG_VIEWER] = ACCESS_VIEWER, [CONFIG_OPERATOR] = ACCESS_OPERATOR, [CONFIG_ADMIN] = ACCESS_ADMIN};
    const struct config *config = serving->config;
    struct auth_token tokens[CONFIG_TOKENS_MAX];

    for (size_t i = 0; i < config->token_count; i++)
        tokens[i] = (struct auth_token){config->tokens[i].name, config->tokens[i].token, accesses[config->tokens[i].role]};
    struct auth_options who = {.tokens = tokens, .token_count = config->token_count, .public_url = config->public_url,
                               .listens_on_loopback = config_listens_on_loopback(config)};
    serving->auth = auth_new(&who, serving->work);
    struct server_options options = {.listen = config->listen, .listen_fd = systemd_listen_fd(), .max_body = (uint64_t)config->max_body,
                                     .tables = collector_doors, .context = serving->collector, .auth = serving->auth};
    serving->server = server_start(serving->loop, &options, err);
    return serving->server != NULL;
}

static bool start(struct serving *serving, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    serving->http = http_new(err);
    serving->loop = serving->http ? loop_new(serving->http, err) : NULL;
    if (!serving->loop || !loop_signals(serving->loop, signals, LENGTH(signals), caught, serving, err))
        return false;
    /* Threads after the signals are blocked, so that none of them is interrupted. */
    log_start(LOG_LOGFMT, LOG_INFO);
    serving->work = work_new(wake, serving->loop, err);
    if (!serving->work)
        return false;
    struct collector_options options = {.config = serving->config, .clock = clock_system, .http = serving->http, .work = serving->work};
    serving->collector = collector_new(&options, err);
    return serving->collector && start_server(serving, err);
}

static int64_t wait_ms(struct serving *serving)
{
    int64_t wait = collector_wait_ms(serving->collector), other = server_deadline_ms(serving->server);
    long watchdog = systemd_watchdog_ms();

    if (wait < 0 || (other >= 0 && other < wait))
        wait = other;
    if (watchdog && (wait < 0 || wait > watchdog))
        wait = watchdog;
    if (serving->drain_until_ms && (wait < 0 || wait > 50))
        wait = 50;
    return wait;
}

static bool is_drained(const struct serving *serving)
{
    return (collector_is_drained(serving->collector) && server_open_calls(serving->server) == 0) ||
           clock_now(&clock_system).steady_ms >= serving->drain_until_ms;
}

static void run(struct serving *serving)
{
    while (!serving->drain_until_ms || !is_drained(serving)) {
        loop_wait(serving->loop, wait_ms(serving));
        server_run(serving->server);
        work_finish(serving->work);
        collector_turn(serving->collector);
        server_run(serving->server); /* what was kept is answered */
        systemd_watchdog();
        if (!serving->stopping || serving->drain_until_ms)
            continue;
        log_say(LOG_INFO, "stopping", "what waits may go out within %d s; the spool keeps the rest", DRAIN_MS / 1000);
        systemd_stopping();
        server_quiesce(serving->server);
        collector_stop(serving->collector);
        serving->drain_until_ms = clock_now(&clock_system).steady_ms + DRAIN_MS;
    }
}

static void stop(struct serving *serving)
{
    if (serving->server)
        server_stop(serving->server);
    if (serving->collector)
        collector_stop(serving->collector);
    if (serving->work)
        work_free(serving->work);
    if (serving->auth)
        auth_free(serving->auth);
    if (serving->loop)
        loop_free(serving->loop);
    http_free(serving->http);
    collector_free(serving->collector);
    config_free(serving->config);
}

int serve_command(int argc, char **argv)
{
    struct serving serving = {0};
    struct err err = {0};
    int code = 0;

    if (!parse_flags(&serving, argc, argv))
        return 2;
    keep_to_ourselves();
    if (!load(&serving)) {
        config_free(serving.config);
        return 2;
    }
    if (start(&serving, &err)) {
        printf("collector listening on %s\n", server_address(serving.server));
        fflush(stdout);
        systemd_ready("running");
        run(&serving);
    } else {
        fprintf(stderr, "collector: %s\n", err.text);
        code = 1;
    }
    stop(&serving);
    log_stop();
    return code;
}
