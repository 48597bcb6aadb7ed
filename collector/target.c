#include "collector/target.h"

#include "base/file.h"
#include "base/text.h"
#include "collector/config.h"
#include "collector/settings.h"

#include <stdlib.h>

static const struct setting questdb_settings[] = {
    SETTING("url", TEXT, struct questdb, url, ),
    SETTING("username", TEXT, struct questdb, username, ),
    SETTING("password", SECRET, struct questdb, password, ),
    SETTING("token", SECRET, struct questdb, token, ),
    SETTING("ca_file", TEXT, struct questdb, ca_file, ),
    {0},
};

static const char *variable(const char *name, const char *otherwise)
{
    return text_or(getenv(name), otherwise);
}

static const struct setting token_settings[] = {
    SETTING("token", SECRET, struct target, token, ),
    {0},
};

/* Who has none is told less, so a token that cannot be read is no error. */
static void read_token(struct target *target, const struct yaml_node *auth)
{
    struct err unread;
    const struct yaml_node *tokens = auth && auth->kind == YAML_MAP ? yaml_get(auth, "tokens") : NULL;

    if (tokens && tokens->kind == YAML_LIST && tokens->count && tokens->items[0]->kind == YAML_MAP &&
        !settings_read(tokens->items[0], token_settings, target, target->arena, &unread))
        target->token = NULL;
}

/* What else stands in the file is for `serve` and `check-config`. */
static bool read_config(struct target *target, const char *path, struct err *err)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX);
    struct yaml *yaml = NULL;
    bool ok = file_read(path, &text, err) && (yaml = yaml_parse(path, buf_text(&text), text.length, err));

    if (ok) {
        const struct yaml_node *questdb = yaml_get(yaml_root(yaml), "questdb"), *listen = yaml_get(yaml_root(yaml), "listen");
        ok = (yaml_is_null(questdb) || settings_read(questdb, questdb_settings, &target->questdb, target->arena, err)) &&
             (yaml_is_null(listen) || (target->listen = setting_text(listen, target->arena, err)));
        read_token(target, yaml_get(yaml_root(yaml), "auth"));
        if (!ok)
            err_within(err, "%s", path);
    }
    yaml_close(yaml);
    buf_free(&text);
    return ok;
}

bool target_open(struct target *target, const char *config, const char *url, struct err *err)
{
    const char *path = config_find(config);

    *target = (struct target){.arena = arena_new(), .questdb.url = QUESTDB_URL, .listen = TARGET_LISTEN};
    if (path) {
        if (!read_config(target, path, err))
            return false;
    } else {
        target->questdb.url = variable("QUESTDB_URL", QUESTDB_URL);
        target->questdb.username = variable("QUESTDB_USERNAME", NULL);
        target->questdb.password = variable("QUESTDB_PASSWORD", NULL);
        target->questdb.token = variable("QUESTDB_TOKEN", NULL);
        target->listen = variable("COLLECTOR_LISTEN", TARGET_LISTEN);
        target->token = variable("COLLECTOR_TOKEN", NULL);
    }
    if (url)
        target->questdb.url = url;
    return true;
}

bool target_flag(struct target_flags *flags, int flag, const char *value)
{
    if (flag == 'C')
        flags->config = value;
    else if (flag == 'Q')
        flags->questdb = value;
    return flag == 'C' || flag == 'Q';
}

void target_close(struct target *target)
{
    arena_free(target->arena);
    target->arena = NULL;
}
