/* storage.path alone, of a file whose other settings only the service can read. */
#include "notifier/config.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/test_storage_path.XXXXXX", configuration[64];

static void write_file(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

static const char *nobody_sets(const char *name)
{
    (void)name;
    return NULL;
}

static void the_database_is_found_without_the_rest(void)
{
    static struct config_complaints complaints;
    static const struct {
        const char *name, *file, *want, *complaint;
    } rows[] = {
        {"a secret that only the service has", "storage: {path: \"/a/${B:-c}.db\"}\nchannels: [{name: t, type: telegram, bot_token: \"${NOBODY_SETS_IT}\"}]\n", "/a/c.db", NULL},
        {"none given", "channels: []\n", "data/notifier.db", NULL},
        {"an empty file", "", "data/notifier.db", NULL},
        {"an unknown variable", "storage: {path: \"${NOBODY_SETS_IT}\"}\n", NULL, "NOBODY_SETS_IT is not set"},
        {"no map", "storage: here\n", NULL, "expected settings"},
        {"empty", "storage: {path: \"${NOBODY_SETS_IT:-}\"}\n", NULL, "names no file"},
        {"no YAML", "storage: [\n", NULL, "flow node"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file("notifier.yaml", rows[i].file);
        char *path = config_storage_path(configuration, nobody_sets, &complaints);
        CHECK(test_same(path, rows[i].want), "%s: %s", rows[i].name, path);
        CHECK(!rows[i].complaint || (complaints.errors == 1 && strstr(complaints.items[0].text, rows[i].complaint)), "%s: %s", rows[i].name, complaints.items[0].text);
        free(path);
    }
    CHECK(!config_storage_path("/nonexistent/notifier.yaml", nobody_sets, &complaints) && complaints.errors == 1, "%s", complaints.items[0].text);
    char *path = config_storage_path(NULL, nobody_sets, &complaints);
    CHECK_TEXT(path, "data/notifier.db");
    free(path);
}

int main(void)
{
    char path[128];

    if (!mkdtemp(folder))
        return 1;
    snprintf(configuration, sizeof configuration, "%s/notifier.yaml", folder);
    the_database_is_found_without_the_rest();
    snprintf(path, sizeof path, "%s/notifier.yaml", folder);
    unlink(path);
    rmdir(folder);
    return test_end();
}
