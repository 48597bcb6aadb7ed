/* notifier doctor: every credential's form, every path, every mode. Asks no name server, sends nothing. */
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "notifier/commands/colour.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/store/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_LEAST (100u << 20) /* bytes on the database's disk */

struct findings {
    size_t problems;
};

enum finding { FINE, NOTE, PROBLEM };

static void say(struct findings *findings, enum finding finding, const char *what, const char *words)
{
    static const char *const names[] = {[FINE] = "ok", [NOTE] = "note", [PROBLEM] = "PROBLEM"};

    bool colours = colour_wanted(stdout);

    printf("%s%-8s%s %s%s%s\n", colours ? colour_begin(names[finding]) : "", names[finding], colours ? colour_end(names[finding]) : "", what,
           words[0] ? ": " : "", words);
    findings->problems += finding == PROBLEM;
}

/* Whether a folder on the way to PATH keeps everybody else out, whatever the file's own mode says. */
static bool stands_in_closed_folder(const char *path)
{
    char *folder = realpath(path, NULL), *slash;
    struct stat status;
    bool closed = false;

    while (!closed && folder && (slash = strrchr(folder, '/')) && slash != folder) {
        *slash = '\0';
        closed = stat(folder, &status) == 0 && !(status.st_mode & S_IXOTH);
    }
    free(folder);
    return closed;
}

/* A container gets each of its secrets as a mount of that one file: who may open it is decided by the folder on the host, out of our sight. */
static bool is_mounted_alone(const char *path)
{
    struct statx status;
    return statx(AT_FDCWD, path, 0, STATX_TYPE, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) && S_ISREG(status.stx_mode);
}

/* A file with a secret in it: there, readable, and by nobody else. */
static void look_at_secret(struct findings *findings, const char *path)
{
    struct stat status;
    char words[256];

    if (stat(path, &status) != 0 || access(path, R_OK) != 0) {
        snprintf(words, sizeof words, "%s; it must be readable to who runs notifier", strerror(errno));
        say(findings, PROBLEM, path, words);
    } else if (!(status.st_mode & S_IRWXO))
        say(findings, FINE, path, "only its owner and group may read it");
    else if (stands_in_closed_folder(path))
        say(findings, FINE, path, "its folder keeps others out");
    else if (is_mounted_alone(path)) {
        snprintf(words, sizeof words, "mounted by itself with mode %03o, as containers' secrets are; the folder it comes from must keep others out (chmod 700)",
                 (unsigned)status.st_mode & 0777);
        say(findings, NOTE, path, words);
    } else {
        snprintf(words, sizeof words, "everybody on this machine may open it (mode %03o); chmod 600, or 640 with the daemon's group",
                 (unsigned)status.st_mode & 0777);
        say(findings, PROBLEM, path, words);
    }
}

static bool holds_secret(const char *key)
{
    static const char *const keys[] = {"bot_token", "webhook_url", "token", "password", "hmac_secret", "bearer_token"};
    for (size_t i = 0; i < LENGTH(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static bool is_secret_file(const char *key)
{
    static const char *const public[] = {"cert_file", "ca_file", "client_ca_file"};
    for (size_t i = 0; i < LENGTH(public); i++)
        if (strcmp(public[i], key) == 0)
            return false;
    return text_ends(key, "_file");
}

/* Follows the file itself: the configuration keeps secrets, not where they came from. True if one stands in it in clear. */
static bool walk(struct findings *findings, const struct yaml_node *node)
{
    bool inline_secret = false;

    for (size_t i = 0; node->kind != YAML_SCALAR && i < node->count; i++) {
        const struct yaml_node *value = node->items[i];
        const char *key = node->kind == YAML_MAP ? node->keys[i]->text : "";
        if (value->kind != YAML_SCALAR)
            inline_secret = walk(findings, value) || inline_secret;
        else if (is_secret_file(key) && !yaml_is_null(value) && !strstr(value->text, "${"))
            look_at_secret(findings, value->text);
        else if (holds_secret(key) && !yaml_is_null(value) && !strstr(value->text, "${"))
            inline_secret = true;
    }
    return inline_secret;
}

static void look_at_file(struct findings *findings, const char *path)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct err err;

    if (!path) {
        say(findings, FINE, "configuration", "defaults and environment; no file was found");
        return;
    }
    struct yaml *yaml = file_read(path, &text, &err) ? yaml_parse(path, buf_text(&text), text.length, &err) : NULL;
    say(findings, FINE, "configuration", path);
    if (yaml && walk(findings, yaml_root(yaml)))
        look_at_secret(findings, path);
    yaml_close(yaml);
    if (text.data)
        explicit_bzero(text.data, text.length);
    buf_free(&text);
}

static void look_at_storage(struct findings *findings, const struct config *config)
{
    const char *path = config->storage_path, *slash = strrchr(path, '/');
    struct buf folder = BUF_EMPTY(4096);
    struct statvfs disk;
    struct stat status;
    struct err err;
    char words[256] = "";

    buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + (slash == path) : 1);
    bool there = access(path, F_OK) == 0, folder_there = access(buf_text(&folder), F_OK) == 0;
    if (there && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        say(findings, PROBLEM, path, "is a folder; name a file in it as storage.path");
    else if (!damage_is_ours(path, &err))
        say(findings, PROBLEM, err.text, "");
    else if (there && access(path, R_OK | W_OK) != 0)
        say(findings, PROBLEM, path, "cannot be written; chown it to who runs notifier");
    else if (folder_there && access(buf_text(&folder), W_OK | X_OK) != 0)
        say(findings, PROBLEM, path, "its folder cannot be written; chown it to who runs notifier");
    else
        say(findings, FINE, path, there ? "the database, can be written" : "the database, will be made");
    if (folder_there && statvfs(buf_text(&folder), &disk) == 0) {
        unsigned long long free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
        snprintf(words, sizeof words, "%llu MiB free", free_bytes >> 20);
        say(findings, free_bytes < FREE_LEAST ? PROBLEM : FINE, "its disk", words);
    }
    buf_free(&folder);
}

static void look_at_listener(struct findings *findings, const struct config *config)
{
    bool loopback = config_listens_on_loopback(config);
    char words[256];

    say(findings, FINE, "listener", config->listen);
    if (!loopback && !config->tls_cert_file)
        say(findings, NOTE, "listener", "without server.tls tokens travel in clear; put a proxy with TLS before it");
    if (config->tls_cert_file)
        say(findings, access(config->tls_cert_file, R_OK) == 0 ? FINE : PROBLEM, config->tls_cert_file, access(config->tls_cert_file, R_OK) == 0 ? "" : "cannot be read");
    bool no_links = strstr(config->public_url, "//127.") || strstr(config->public_url, "//localhost") || strstr(config->public_url, "//[::1]");
    if (no_links)
        say(findings, NOTE, "links", "messages will have none to our pages: server.public_url leads to this machine only");
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        bool secured = source->hmac_secret || source->bearer_token || source->username;
        bool usable = secured || loopback || source->auth_none || text_equal(source->name, "api");
        snprintf(words, sizeof words, "source %.100s", source->name);
        say(findings, usable ? FINE : PROBLEM, words,
            secured ? "has a credential" : source->auth_none && !loopback ? "open to everybody, as configured" : loopback ? "open, on loopback only"
            : usable ? "takes people's tokens" : "has no credential and the listener is not loopback: nothing it posts is taken; give it auth:");
    }
}

static void look_at_channels(struct findings *findings, const struct config *config)
{
    for (size_t i = 0; i < config->channel_count; i++) {
        const struct channel_config *channel = &config->channels[i];
        char name[128], words[256];
        snprintf(name, sizeof name, "channel %.60s (%.20s)", channel->name, channel->type);
        snprintf(words, sizeof words, "is complete; `notifier test --channel %.60s` sends a real message", channel->name);
        say(findings, FINE, name, words);
        if (channel->ca_file && access(channel->ca_file, R_OK) != 0)
            say(findings, PROBLEM, channel->ca_file, "cannot be read; tls.ca_file must name a file of certificates");
    }
}

int command_doctor(int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'f'}, {0}};
    struct findings findings = {0};
    const char *path = NULL;
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1) {
        if (flag != 'f')
            return 2;
        path = optarg;
    }
    if (optind < argc) {
        fprintf(stderr, "notifier: doctor takes --config FILE and nothing else\n");
        return 2;
    }
    path = config_find(path);
    struct config *config = local_config(path, true);
    if (!config) {
        say(&findings, PROBLEM, "configuration", "has the errors above");
        return 2;
    }
    look_at_file(&findings, path);
    look_at_storage(&findings, config);
    look_at_listener(&findings, config);
    look_at_channels(&findings, config);
    config_free(config);
    if (findings.problems)
        printf("%zu problem%s; nothing was sent\n", findings.problems, findings.problems == 1 ? "" : "s");
    else
        printf("all well; nothing was sent\n");
    return findings.problems ? 1 : 0;
}
