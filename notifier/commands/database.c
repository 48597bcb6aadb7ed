/* backup, restore, migrate: the database as a file. */
#include "base/clock.h"
#include "base/db.h"
#include "base/json.h"
#include "base/text.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/commands/progress.h"
#include "notifier/store/backup.h"
#include "notifier/store/migrate.h"
#include "notifier/store/store.h"

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKUP_TIMEOUT_MS (4LL * 3600 * 1000) /* of a daemon's copy: a full disk of a hundred gigabytes */

struct errand {
    struct client client;
    const char *config_flag, *storage_flag;
    const char *file;         /* the command's argument; NULL: it takes none */
    char *configured;         /* the database of the configuration; NULL: not looked for */
    const char *database;
};

static bool parse(struct errand *errand, int argc, char **argv, bool wants_file)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {"storage", required_argument, NULL, 's'},
                                          {"url", required_argument, NULL, 'u'}, {0}};
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1)
        switch (flag) {
        case 'c': errand->config_flag = optarg; break;
        case 's': errand->storage_flag = optarg; break;
        case 'u': errand->client.url = optarg; break;
        default: return false;
        }
    if (optind + (wants_file ? 1 : 0) != argc) {
        fprintf(stderr, "notifier: %s takes %s; see `notifier help %s`\n", argv[0], wants_file ? "one file" : "no argument", argv[0]);
        return false;
    }
    errand->file = wants_file ? argv[optind] : NULL;
    return true;
}

/* Which database: the flag's, else the configuration's. */
static bool find_database(struct errand *errand)
{
    errand->database = errand->storage_flag;
    if (errand->database)
        return true;
    errand->configured = local_storage(config_find(errand->config_flag));
    errand->database = errand->configured;
    return errand->configured != NULL;
}

static int ended(struct errand *errand, int code)
{
    free(errand->configured);
    return code;
}

static bool make_absolute(const char *file, struct buf *out)
{
    char *folder = file[0] == '/' ? NULL : getcwd(NULL, 0);

    if (file[0] != '/' && !folder) {
        fprintf(stderr, "notifier: the current folder has no name: %s; give the file's whole path\n", strerror(errno));
        return false;
    }
    buf_addf(out, "%s%s%s", folder ? folder : "", folder ? "/" : "", file);
    free(folder);
    if (out->full)
        fprintf(stderr, "notifier: the file's path is too long\n");
    return !out->full;
}

struct daemons_copy { /* looked at from here, as far as it can be: it may be another machine's, or closed to us */
    struct progress progress;
    const char *file;
    char *unfinished; /* pattern of its name until it is whole: db_backup's */
    char *database;   /* NULL: no configuration says which */
};

static int64_t size_of(const char *file)
{
    struct stat status;
    return file && stat(file, &status) == 0 ? status.st_size : 0;
}

static void look_at_copy(void *context)
{
    struct daemons_copy *copy = context;
    glob_t found = {0};
    bool there = glob(copy->unfinished, 0, NULL, &found) == 0;
    int64_t bytes = there ? size_of(found.gl_pathv[0]) : 0;

    progress_go_on(&copy->progress, there || !size_of(copy->file) ? "copying" : "checking", bytes, bytes ? size_of(copy->database) : 0);
    globfree(&found);
}

static void watch_copy(struct errand *errand, struct daemons_copy *copy, const char *file)
{
    const char *configuration = config_find(errand->config_flag);
    struct buf pattern = BUF_EMPTY(BACKUP_PATH_MAX * 2 + 64);

    for (const char *at = file; *at; at++)
        buf_addf(&pattern, strchr("*?[\\", *at) ? "\\%c" : "%c", *at);
    buf_add_text(&pattern, ".??????");
    copy->file = file;
    copy->unfinished = buf_take(&pattern, NULL);
    copy->database = configuration && access(configuration, R_OK) == 0 ? local_storage(configuration) : NULL;
    errand->client.waiting = look_at_copy;
    errand->client.waiting_context = copy;
}

/* The daemon's copy: its exit code, or -1 where no daemon answers. */
static int ask_daemon(struct errand *errand, const char *file)
{
    struct daemons_copy copy = {.unfinished = NULL};
    struct buf body = BUF_EMPTY(64 * 1024);
    struct json_out out = json_out(&body);
    struct http_reply reply;
    struct err err;
    int code = -1;

    json_open(&out, '{');
    json_set_text(&out, "file", file);
    json_shut(&out, '}');
    errand->client.timeout_ms = BACKUP_TIMEOUT_MS;
    if (isatty(STDERR_FILENO))
        watch_copy(errand, &copy, file);
    int status = client_call(&errand->client, "POST", "/api/v1/backup", buf_text(&body), &reply, &err);
    buf_free(&body);
    progress_end(&copy.progress);
    free(copy.unfinished);
    free(copy.database);
    if (status == 200) {
        struct cJSON *json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
        printf("%s: %lld bytes, read over\n", file, (long long)json_get_int(json, "bytes", 0));
        json_close(json);
        code = 0;
    } else if (status)
        code = client_refused(&reply);
    else if (reply.end == HTTP_UNCLEAR || errand->client.url) /* it was there, or was named: nothing behind its back */
        code = client_failed(&err);
    http_reply_free(&reply);
    return code;
}

static int copy_file(struct errand *errand, const char *file)
{
    struct progress progress = {0};
    struct db_watch watch = {progress_go_on, &progress};
    struct backup_made made;
    struct err err = {0};

    if (!find_database(errand))
        return 2;
    bool ok = backup_make(errand->database, file, &watch, &made, &err);
    progress_end(&progress);
    if (!ok)
        return client_failed(&err);
    printf("%s: %lld bytes, read over\n", file, (long long)made.bytes);
    return 0;
}

int command_backup(int argc, char **argv)
{
    struct errand errand = {0};
    struct buf file = BUF_EMPTY(BACKUP_PATH_MAX);
    int code = 2;

    umask(0077);
    if (!parse(&errand, argc, argv, true))
        return 2;
    if (make_absolute(errand.file, &file)) {
        code = errand.storage_flag ? -1 : ask_daemon(&errand, buf_text(&file));
        if (code < 0 && !errand.storage_flag && text_or(getenv("NOTIFIER_URL"), NULL))
            fprintf(stderr, "notifier: no daemon answers at $NOTIFIER_URL; the copy is made from the file itself\n");
        if (code < 0)
            code = copy_file(&errand, buf_text(&file));
    }
    buf_free(&file);
    return ended(&errand, code);
}

int command_restore(int argc, char **argv)
{
    struct errand errand = {0};
    struct progress progress = {0};
    struct db_watch watch = {progress_go_on, &progress};
    struct backup_restored restored;
    struct err err = {0};

    umask(0077);
    if (!parse(&errand, argc, argv, true) || !find_database(&errand))
        return 2;
    bool ok = store_make_folder(errand.database, &err) &&
              backup_restore(errand.file, errand.database, clock_now(&clock_system).wall_ms, &watch, &restored, &err);
    progress_end(&progress);
    if (!ok)
        return ended(&errand, client_failed(&err));
    printf("%s is in place as %s\n", errand.file, errand.database);
    if (restored.aside[0])
        printf("what was there is kept as %s; delete it when all is well\n", restored.aside);
    if (restored.schema < SCHEMA_NEWEST)
        printf("it has the older schema %lld; `notifier serve` will migrate it, after a copy\n", (long long)restored.schema);
    return ended(&errand, 0);
}

static void say(void *context, const char *event, const char *words)
{
    bool *said = context;

    (void)event;
    *said = true;
    printf("%s\n", words);
}

int command_migrate(int argc, char **argv)
{
    struct errand errand = {0};
    struct progress progress = {0};
    struct db_watch watch = {progress_go_on, &progress};
    struct store store = {0};
    struct err err = {0};
    bool said = false;

    umask(0077);
    if (!parse(&errand, argc, argv, false) || !find_database(&errand))
        return 2;
    bool is_new = access(errand.database, F_OK) != 0 && errno == ENOENT;
    if (is_new && errand.storage_flag) { /* a slip of the pen must not make an empty database somewhere */
        fprintf(stderr, "notifier: %s: there is no such database; `notifier serve` makes one\n", errand.database);
        return ended(&errand, 1);
    }
    struct store_sqlite_options options = {.path = errand.database, .migrate = true, .watch = &watch, .said = say, .said_context = &said};
    bool ok = store_open_sqlite(&options, &store, &err);
    progress_end(&progress);
    if (!ok)
        return ended(&errand, client_failed(&err));
    store.close(store.context);
    if (is_new)
        printf("%s is made, with schema %d; there was none\n", errand.database, SCHEMA_NEWEST);
    else if (!said)
        printf("%s has schema %d, this version's own; nothing was to do\n", errand.database, SCHEMA_NEWEST);
    return ended(&errand, 0);
}
