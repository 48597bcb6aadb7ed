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
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELOAD_WORDS_MAX 16384 /* bytes of what a reload changed */
#define DRAIN_MS 5000 /* after SIGTERM: how long requests under way and waiting rows may take; the spool keeps the rest */
#define CLOSE_MAX_S 5 /* then: how long closing may take */

struct serving {
    const char *config_flag, *listen;
    struct config *config;
    struct http *http;
    struct loop *loop;
    struct work *work;
    struct collector *collector;
    struct auth *auth;
    struct server *server;
    bool stopping, reload_wanted;
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
        serving->reload_wanted = true;
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

static bool keeps_strangers_out(const struct config *config, struct err *err)
{
    return config->token_count || config_listens_on_loopback(config) ||
           err_set(err, ERR_INPUT, "listen %s is not loopback, and auth.tokens is empty: anybody could push. Add a token, or listen on 127.0.0.1",
                   config->listen);
}

/* The complaints go to stderr, and their first line into err: whoever asked for a reload reads it there. */
static struct config *load(const struct serving *serving, struct err *err)
{
    struct buf complaints = BUF_EMPTY(CONFIG_COMPLAINTS_BYTES);
    struct config *config = config_load(config_find(serving->config_flag), &complaints);

    fputs(buf_text(&complaints), stderr);
    if (!config)
        err_set(err, ERR_INPUT, "%.*s", (int)strcspn(buf_text(&complaints), "\n"), buf_text(&complaints));
    buf_free(&complaints);
    if (!config)
        return NULL;
    if (serving->listen)
        config->listen = serving->listen;
    if (keeps_strangers_out(config, err))
        return config;
    fprintf(stderr, "collector: %s\n", err->text);
    config_free(config);
    return NULL;
}

/* A core file would hold tokens, and the spool what was measured. */
static void keep_to_ourselves(void)
{
    umask(0077);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

static struct auth_options auth_options(const struct config *config, struct auth_token tokens[CONFIG_TOKENS_MAX])
{
    static const enum access accesses[] = {[CONFIG_VIEWER] = ACCESS_VIEWER, [CONFIG_OPERATOR] = ACCESS_OPERATOR, [CONFIG_ADMIN] = ACCESS_ADMIN};

    for (size_t i = 0; i < config->token_count; i++)
        tokens[i] = (struct auth_token){config->tokens[i].name, config->tokens[i].token, accesses[config->tokens[i].role]};
    return (struct auth_options){.tokens = tokens, .token_count = config->token_count, .public_url = config->public_url,
                                 .listens_on_loopback = config_listens_on_loopback(config)};
}

static bool start_server(struct serving *serving, struct err *err)
{
    const struct config *config = serving->config;
    struct auth_token tokens[CONFIG_TOKENS_MAX];
    struct auth_options who = auth_options(config, tokens);

    serving->auth = auth_new(&who, serving->work);
    struct server_options options = {.listen = config->listen, .listen_fd = systemd_listen_fd(), .max_body = (uint64_t)config->max_body,
                                     .max_body_setting = " (max_body)", .tables = collector_doors, .context = serving->collector, .auth = serving->auth};
    serving->server = server_start(serving->loop, &options, err);
    return serving->server != NULL;
}

static bool take_over(struct serving *serving, struct buf *words, struct err *err)
{
    struct auth_token tokens[CONFIG_TOKENS_MAX];
    struct config *next, *before = serving->config;

    if (before->path && !config_find(serving->config_flag))
        return err_set(err, ERR_INPUT, "%s is gone", before->path);
    next = load(serving, err);
    if (!next)
        return false;
    collector_keep_fixed(next, before, words);
    if (!keeps_strangers_out(next, err) || !collector_reload(serving->collector, next, words, err)) {
        config_free(next);
        return false;
    }
    struct auth_options who = auth_options(next, tokens);
    auth_replace(serving->auth, &who);
    server_set_max_body(serving->server, (uint64_t)next->max_body);
    serving->config = next;
    config_free(before);
    return true;
}

/* All of it or nothing. */
static bool reload(void *context, struct err *err)
{
    struct serving *serving = context;
    struct buf words = BUF_EMPTY(RELOAD_WORDS_MAX);

    systemd_reloading();
    bool ok = take_over(serving, &words, err);
    if (ok)
        log_say(LOG_INFO, "reloaded", "%s%s", text_or(serving->config->path, "environment"), buf_text(&words));
    else {
        collector_count_reload(serving->collector, false);
        err_within(err, "nothing was changed");
        log_say(LOG_ERROR, "reload_failed", "%s", err->text);
    }
    systemd_ready("running");
    buf_free(&words);
    return ok;
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
    struct collector_options options = {.config = serving->config, .clock = clock_system, .http = serving->http, .work = serving->work,
                                        .reload = reload, .reload_context = serving};
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
        if (serving->reload_wanted && !serving->stopping) {
            struct err ignored; /* it has been logged */
            serving->reload_wanted = false;
            reload(serving, &ignored);
        }
        if (!serving->stopping || serving->drain_until_ms)
            continue;
        log_say(LOG_INFO, "stopping", "what waits may go out within %d s; the spool keeps the rest", DRAIN_MS / 1000);
        systemd_stopping();
        server_quiesce(serving->server);
        collector_stop(serving->collector);
        serving->drain_until_ms = clock_now(&clock_system).steady_ms + DRAIN_MS;
    }
}

/* A source that reads from a file system that hangs, or walks a large one, is waited for, and would hold up our end. It is
 * as a kill then, and loses nothing: what was answered 204 is in the spool. */
static void end_at_once(int signal)
{
    static const char words[] = "level=warn event=stop_hangs text=\"a source still reads; ended without waiting for it\"\n";

    (void)signal;
    ssize_t put = write(STDERR_FILENO, words, sizeof words - 1);
    (void)put;
    _exit(0);
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
    serving.config = load(&serving, &err);
    if (!serving.config)
        return 2;
    if (start(&serving, &err)) {
        printf("collector listening on %s\n", server_address(serving.server));
        fflush(stdout);
        systemd_ready("running");
        run(&serving);
        signal(SIGALRM, end_at_once);
        alarm(CLOSE_MAX_S);
    } else {
        fprintf(stderr, "collector: %s\n", err.text);
        code = 1;
    }
    stop(&serving);
    log_stop();
    return code;
}
