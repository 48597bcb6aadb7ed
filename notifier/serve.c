/* notifier serve: puts the seams together and turns until told to stop. */
#include "base/db.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/sign.h"
#include "base/systemd.h"
#include "base/text.h"
#include "notifier/backups.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/progress.h"
#include "notifier/heartbeat.h"
#include "notifier/notifier.h"
#include "notifier/push.h"
#include "notifier/reconcile.h"
#include "notifier/recorder.h"
#include "notifier/store/writer.h"
#include "routes/accounts.h"
#include "routes/auth.h"
#include "routes/context.h"
#include "routes/listen.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/server.h"
#include "routes/stream.h"
#include "routes/tables.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAIN_MS 10000        /* after SIGTERM: how long requests and sends under way may take */
#define CLOSE_MAX_S 10        /* then: how long closing may take */
#define RETIRED_MAX 64        /* configurations replaced while some request still reads them */
#define CERTIFICATE_SOON_S (14 * 86400) /* then its end is worth a word in the log */
#define CERTIFICATE_MAX (1u << 20)
#define IDLE_EVERY_MS 1000    /* housekeeping of the store while nothing is to do */

struct serving {
    const char *config_flag, *listen, *storage, *record;
    const struct config *config;
    const struct config *retired[RETIRED_MAX];
    size_t retired_count;
    struct http *http;
    struct loop *loop;
    struct wires *wires;
    struct work *work;
    struct backups *backups;
    struct push *push;
    struct heartbeat *heartbeat;
    struct reconcile *reconcile;
    struct recorder *recorder;
    struct store store;
    struct history *history;
    struct metrics *metrics;
    struct notifier *notifier;
    struct auth *auth;
    struct server *server;
    struct routes_context routes;
    struct buf certificates[3];
    struct buf damaged;      /* what people are to hear of the database that was set aside */
    bool stopping, reload_wanted;
    int64_t drain_until_ms;
};

static void wake(void *context)
{
    loop_wake(context);
}

static void reply(void *context, uint64_t tag, const struct reply *got, int64_t latency_ms)
{
    struct serving *serving = context;
    notifier_hear_reply(serving->notifier, tag, got, latency_ms);
}

static void rejected(void *context, const char *source, int status, const char *why)
{
    struct routes_context *routes = context;
    notifier_source_rejected(routes->notifier, source, status, why);
}

/* The complaints go to stderr, and their first line into err: whoever asked for a reload reads it there. */
static struct config *load(struct serving *serving, struct err *err)
{
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);
    /* Whoever runs on a file keeps to it, there or not: another place, or none, would be another configuration. */
    const char *path = serving->config && serving->config->path ? serving->config->path : config_find(serving->config_flag);
    struct buf words = BUF_EMPTY(1u << 20);
    char handed[LISTEN_ADDRESS_MAX];

    struct config *config = config_load(path, (const char *(*)(const char *))getenv, complaints);
    config_complaints_write(complaints, path ? path : "environment", &words);
    if (words.length)
        fprintf(stderr, "%s", buf_text(&words));
    err_set(err, ERR_INPUT, "%.*s", (int)strcspn(buf_text(&words), "\n"), buf_text(&words));
    buf_free(&words);
    free(complaints);
    if (!config)
        return NULL;
    bool ok = listen_handed(systemd_listen_fd(), handed, err);
    const char *listen = handed[0] ? handed : serving->listen;
    if (!ok || (listen && !config_set_listen(config, listen, err))) {
        fprintf(stderr, "notifier: %s: %s\n", !ok || handed[0] ? "the socket of the service manager" : "--listen", err->text);
        config_free(config);
        return NULL;
    }
    if (serving->storage)
        config->storage_path = arena_text(config->arena, serving->storage);
    return config;
}

static enum access access_of(enum role role)
{
    switch (role) {
    case ROLE_VIEWER: return ACCESS_VIEWER;
    case ROLE_OPERATOR: return ACCESS_OPERATOR;
    case ROLE_ADMIN: return ACCESS_ADMIN;
    case ROLE_NONE: break;
    }
    return ACCESS_VIEWER;
}

static struct auth_options auth_options(const struct config *config, struct arena *arena)
{
    struct auth_source *sources = ARENA_NEW(arena, struct auth_source, config->source_count + 1);
    struct auth_token *tokens = ARENA_NEW(arena, struct auth_token, config->token_count + 1);
    struct auth_user *users = ARENA_NEW(arena, struct auth_user, config->user_count + 1);

    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        sources[i] = (struct auth_source){source->name, source->auth_none, source->hmac_secret, source->hmac_header,
                                          source->hmac_timestamp_header, source->max_skew_ms, source->bearer_token,
                                          source->username, source->password};
    }
    for (size_t i = 0; i < config->token_count; i++)
        tokens[i] = (struct auth_token){config->tokens[i].name, config->tokens[i].token, access_of(config->tokens[i].role)};
    for (size_t i = 0; i < config->user_count; i++)
        users[i] = (struct auth_user){config->users[i].name, config->users[i].password_hash, access_of(config->users[i].role)};
    return (struct auth_options){.sources = sources, .source_count = config->source_count, .tokens = tokens,
                                 .token_count = config->token_count, .users = users, .user_count = config->user_count,
                                 .trusted_proxies = config->trusted_proxies, .trusted_proxy_count = config->trusted_proxy_count,
                                 .identity_header = config->identity_header,
                                 .identity_access = config->identity_role == ROLE_NONE ? ACCESS_OPEN : access_of(config->identity_role),
                                 .public_url = config->public_url, .listens_on_loopback = config_listens_on_loopback(config)};
}

static bool do_reload(void *context, struct buf *words, struct err *err)
{
    struct serving *serving = context;

    if (serving->retired_count == RETIRED_MAX)
        return err_set(err, ERR_LIMIT, "%d earlier configurations are still in use; try again in a minute", RETIRED_MAX);
    struct config *config = load(serving, err);
    if (!config)
        return err_within(err, "nothing was changed, the configuration has errors");
    if (!config_keep_fixed(config, serving->config, words, err)) {
        config_free(config);
        return err_within(err, "nothing was changed");
    }
    notifier_reload(serving->notifier, config);
    server_set_max_body(serving->server, config->max_body);
    struct arena *arena = arena_new();
    struct auth_options options = auth_options(config, arena);
    auth_replace(serving->auth, &options);
    arena_free(arena);
    serving->retired[serving->retired_count++] = serving->config;
    serving->config = config;
    log_say(LOG_INFO, "reloaded", "%s%s%s", config->path ? config->path : "environment", words->length ? ": " : "", buf_text(words));
    return true;
}

static void free_retired(struct serving *serving)
{
    for (size_t i = 0; i < serving->retired_count; i++)
        if (!notifier_uses(serving->notifier, serving->retired[i])) {
            config_free((struct config *)(uintptr_t)serving->retired[i]);
            serving->retired[i--] = serving->retired[--serving->retired_count];
        }
}

static void caught(void *context, int signal)
{
    struct serving *serving = context;

    if (signal == SIGHUP)
        serving->reload_wanted = true;
    else if (signal != SIGCHLD)
        serving->stopping = true;
}

static bool parse_flags(struct serving *serving, int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {"listen", required_argument, NULL, 'l'},
                                          {"storage", required_argument, NULL, 's'}, {"record", required_argument, NULL, 'r'}, {0}};
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1)
        switch (flag) {
        case 'r': serving->record = optarg; break;
        case 'c': serving->config_flag = optarg; break;
        case 'l': serving->listen = optarg; break;
        case 's': serving->storage = optarg; break;
        default: return false;
        }
    if (optind < argc) {
        struct buf clean = BUF_EMPTY(16384);
        text_add_terminal(&clean, argv[optind], false);
        fprintf(stderr, "notifier: serve takes no argument \"%s\"; see `notifier help serve`\n", buf_text(&clean));
        buf_free(&clean);
        return false;
    }
    return true;
}

/* A core file would hold tokens; the database, its log and its lock hold what people are told. */
static void keep_to_ourselves(void)
{
    umask(0077);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

static void store_said(void *context, const char *event, const char *words)
{
    struct serving *serving = context;
    bool damaged = text_equal(event, "database_damaged");

    log_say(damaged ? LOG_ERROR : LOG_WARN, event, "%s", words);
    if (damaged)
        buf_add_text(&serving->damaged, words);
}

static bool start_store(struct serving *serving, struct err *err)
{
    const struct config *config = serving->config;
    struct progress progress = {0};
    struct db_watch watch = {progress_go_on, &progress};
    struct store_sqlite_options options = {.path = config->storage_path, .migrate = true, .retention = config->retention,
                                           .now_wall_ms = clock_now(&clock_system).wall_ms, .watch = &watch,
                                           .said = store_said, .said_context = serving};

    bool opened = store_open_sqlite(&options, &serving->store, err);
    progress_end(&progress);
    if (!opened || !(serving->backups = backups_new(config->storage_path, wake, serving->loop, err)))
        return false;
    serving->history = history_open(config->storage_path);
    return writer_new(&serving->store, wake, serving->loop, &serving->store, err);
}

static bool start_notifier(struct serving *serving, struct err *err)
{
    struct notifier_options options = {.config = serving->config, .clock = clock_system, .store = serving->store,
                                       .transport = wires_transport(serving->wires), .metrics = serving->metrics,
                                       .history = serving->history, .work = serving->work, .recorder = serving->recorder};

    sign_random(&options.seed, sizeof options.seed);
    serving->notifier = notifier_new(&options, err);
    if (serving->notifier && serving->damaged.length)
        notifier_database_damaged(serving->notifier, buf_text(&serving->damaged));
    return serving->notifier != NULL;
}

static void close_store(struct serving *serving)
{
    backups_free(serving->backups);
    history_close(serving->history);
    if (serving->store.close)
        serving->store.close(serving->store.context);
    serving->backups = NULL;
    serving->history = NULL;
    serving->store = (struct store){0};
}

/* What opening took for good may turn out damaged when it is read: then it is opened once more, and looked over whole. */
static bool start_on_store(struct serving *serving, struct err *err)
{
    if (!start_store(serving, err))
        return false;
    if (start_notifier(serving, err))
        return true;
    if (!store_is_suspect(serving->config->storage_path))
        return false;
    close_store(serving);
    return start_store(serving, err) && start_notifier(serving, err);
}

static bool read_certificates(struct serving *serving, struct server_options *options, struct err *err)
{
    const char *paths[3] = {serving->config->tls_cert_file, serving->config->tls_key_file, serving->config->tls_client_ca_file};
    const char **texts[3] = {&options->tls_cert_pem, &options->tls_key_pem, &options->tls_client_ca_pem};

    for (size_t i = 0; i < 3; i++) {
        if (!paths[i])
            continue;
        buf_init(&serving->certificates[i], CERTIFICATE_MAX);
        if (!file_read(paths[i], &serving->certificates[i], err))
            return false;
        *texts[i] = buf_text(&serving->certificates[i]);
    }
    return true;
}

static bool start_server(struct serving *serving, struct err *err)
{
    struct arena *arena = arena_new();
    struct auth_options who = auth_options(serving->config, arena);

    serving->auth = auth_new(&who, serving->work);
    arena_free(arena);
    serving->routes = (struct routes_context){.auth = serving->auth, .notifier = serving->notifier,
                                                .started_ms = notifier_now_ms(serving->notifier), .reload = do_reload, .reload_context = serving,
                                                .backup = backups_start, .backup_context = serving->backups};
    serving->routes.streams = streams_new(serving->notifier);
    markup_templates(); /* a mistake in one shows now */
    struct server_options options = {.listen = serving->config->listen, .listen_fd = systemd_listen_fd(),
                                     .max_body = serving->config->max_body, .tables = route_tables, .context = &serving->routes,
                                     .auth = serving->auth, .change_begins = accounts_begin, .change_ends = accounts_end,
                                     .refuse = page_refuse, .rejected = rejected};
    if (!accounts_start(&serving->routes, err) || !read_certificates(serving, &options, err))
        return false;
    serving->routes.certificate_ends_s = options.tls_cert_pem ? sign_certificate_ends_s(options.tls_cert_pem) : 0;
    if (options.tls_cert_pem && serving->routes.certificate_ends_s < notifier_now_ms(serving->notifier) / 1000 + CERTIFICATE_SOON_S)
        log_say(LOG_WARN, "certificate_ends", "the certificate %s holds for less than %d days", serving->config->tls_cert_file, CERTIFICATE_SOON_S / 86400);
    serving->server = server_start(serving->loop, &options, err);
    return serving->server != NULL;
}

/* What goes out beside the alerts: what we tell about ourselves, and what we ask of others. */
static void start_outward(struct serving *serving)
{
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    serving->push = push_new(serving->http, serving->metrics, host, text_or(getenv("MONITORING_ENV"), "dev"));
    serving->heartbeat = heartbeat_new(serving->http, serving->metrics);
    serving->reconcile = reconcile_new(serving->http, serving->metrics);
}

static bool start(struct serving *serving, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

    serving->http = http_new(err);
    serving->loop = serving->http ? loop_new(serving->http, err) : NULL;
    if (!serving->loop || !loop_signals(serving->loop, signals, LENGTH(signals), caught, serving, err))
        return false;
    /* Threads after the signals are blocked, so that none of them is interrupted. */
    log_start(LOG_LOGFMT, LOG_INFO);
    serving->work = work_new(wake, serving->loop, err);
    serving->wires = serving->work ? wires_new(serving->http, serving->loop, reply, serving, err) : NULL;
    serving->metrics = metrics_new();
    start_outward(serving);
    if (serving->record && !(serving->recorder = recorder_open(serving->record, 0, err)))
        return false;
    return serving->wires && start_on_store(serving, err) && start_server(serving, err);
}

static void begin_stop(struct serving *serving)
{
    log_say(LOG_INFO, "stopping", "no new connections; what is under way may end within %d s", DRAIN_MS / 1000);
    systemd_stopping();
    server_quiesce(serving->server);
    backups_stop(serving->backups);
    serving->drain_until_ms = clock_now(&clock_system).steady_ms + DRAIN_MS;
}

static bool is_drained(const struct serving *serving)
{
    bool idle = wires_in_flight(serving->wires) == 0 && server_open_calls(serving->server) == 0 &&
                notifier_is_idle(serving->notifier);
    return idle || clock_now(&clock_system).steady_ms >= serving->drain_until_ms;
}

static int64_t wait_ms(struct serving *serving, bool housekeeping)
{
    int64_t wait = notifier_deadline_ms(serving->notifier), other = server_deadline_ms(serving->server);

    if (wait < 0 || (other >= 0 && other < wait))
        wait = other;
    if ((housekeeping || serving->drain_until_ms) && (wait < 0 || wait > 50))
        wait = 50;
    return wait < 0 || wait > IDLE_EVERY_MS ? IDLE_EVERY_MS : wait;
}

static void run(struct serving *serving)
{
    int64_t next_idle_ms = 0;
    size_t free_bytes = 0;
    bool more = false;

    while (!serving->drain_until_ms || !is_drained(serving)) {
        loop_wait(serving->loop, wait_ms(serving, more));
        notifier_collect(serving->notifier);
        server_run(serving->server);
        wires_run(serving->wires);
        work_finish(serving->work);
        backups_run(serving->backups);
        notifier_turn(serving->notifier);
        push_run(serving->push, serving->notifier, clock_now(&clock_system));
        heartbeat_run(serving->heartbeat, serving->notifier, clock_now(&clock_system));
        reconcile_run(serving->reconcile, serving->notifier, clock_now(&clock_system));
        server_run(serving->server);
        systemd_watchdog();
        if (serving->reload_wanted) {
            struct buf words = BUF_EMPTY(4096);
            struct err err;
            serving->reload_wanted = false;
            systemd_reloading();
            if (!do_reload(serving, &words, &err))
                log_say(LOG_ERROR, "reload_failed", "%s", err.text);
            systemd_ready("running");
            buf_free(&words);
        }
        if (serving->stopping && !serving->drain_until_ms)
            begin_stop(serving);
        free_retired(serving);
        int64_t now_ms = clock_now(&clock_system).steady_ms;
        if (serving->store.idle && now_ms >= next_idle_ms && notifier_is_idle(serving->notifier)) {
            more = serving->store.idle(serving->store.context, notifier_now_ms(serving->notifier));
            if (!more)
                memory_give_back(&free_bytes);
            next_idle_ms = now_ms + (more ? 0 : IDLE_EVERY_MS);
        }
    }
}

/* Threads and files are waited for, and a disk that hangs would hold up our end for ever. It is as a kill then, after which nothing
 * that was answered is missing. */
static void end_at_once(int signal)
{
    static const char words[] = "level=error event=stop_hangs text=\"the disk does not answer; ended without closing the database\"\n";

    (void)signal;
    ssize_t put = write(STDERR_FILENO, words, sizeof words - 1);
    (void)put;
    _exit(1);
}

static void stop(struct serving *serving)
{
    server_stop(serving->server);
    streams_free(serving->routes.streams);
    wires_free(serving->wires);
    work_free(serving->work);
    notifier_free(serving->notifier);
    recorder_close(serving->recorder);
    auth_free(serving->auth);
    close_store(serving);
    buf_free(&serving->damaged);
    push_free(serving->push);
    heartbeat_free(serving->heartbeat);
    reconcile_free(serving->reconcile);
    metrics_free(serving->metrics);
    loop_free(serving->loop);
    http_free(serving->http);
    for (size_t i = 0; i < serving->retired_count; i++)
        config_free((struct config *)(uintptr_t)serving->retired[i]);
    config_free((struct config *)(uintptr_t)serving->config);
    for (size_t i = 0; i < LENGTH(serving->certificates); i++)
        buf_free(&serving->certificates[i]);
}

int command_serve(int argc, char **argv)
{
    struct serving serving = {.damaged = BUF_EMPTY(16 * 1024)};
    struct err err = {0};
    int code = 0;

    if (!parse_flags(&serving, argc, argv))
        return 2;
    keep_to_ourselves();
    serving.config = load(&serving, &err);
    if (!serving.config)
        return 2;
    if (start(&serving, &err)) {
        printf("notifier listening on %s\n", server_address(serving.server));
        fflush(stdout);
        systemd_ready("running");
        run(&serving);
        code = notifier_health(serving.notifier).storage_failed; /* not all is stored */
        signal(SIGALRM, end_at_once);
        alarm(CLOSE_MAX_S);
    } else {
        fprintf(stderr, "notifier: %s\n", err.text);
        code = 1;
    }
    stop(&serving);
    log_stop();
    return code;
}
