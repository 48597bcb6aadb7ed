/* The file `environment` beside a configuration, as systemd reads it. */
#include "base/variables.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/test_variables.XXXXXX", configuration[64];

static void write_file(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

static void the_service_and_the_shell_see_the_same(void)
{
    static const struct {
        const char *name, *file, *want;
    } rows[] = {
        {"a plain value", "A_TOKEN=abc\n", "abc"},
        {"without a newline at the end", "A_TOKEN=abc", "abc"},
        {"quoted", "A_TOKEN=\"a b\"\r\n", "a b"},
        {"in single quotes, indented", "  A_TOKEN='a#b' \n", "a#b"},
        {"the last one counts", "A_TOKEN=1\nA_TOKEN=2\n", "2"},
        {"a remark", "#A_TOKEN=1\n;A_TOKEN=2\n", NULL},
        {"a longer name", "A_TOKEN_2=1\nNOT_A_TOKEN=2\n", NULL},
        {"one quote is itself", "A_TOKEN=\"\n", "\""},
        {"nothing", "A_TOKEN=\n", ""},
        {"an empty file", "", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file("environment", rows[i].file);
        variables_open(configuration, "environment", "none.service");
        CHECK(test_same(variables_get("A_TOKEN"), rows[i].want), "%s: %s", rows[i].name, variables_get("A_TOKEN"));
        variables_close();
    }
    write_file("environment", "A_TOKEN=file\n");
    setenv("A_TOKEN", "shell", 1);
    variables_open(configuration, "environment", "none.service");
    CHECK_TEXT(variables_get("A_TOKEN"), "shell");
    unsetenv("A_TOKEN");
    CHECK_TEXT(variables_get("A_TOKEN"), "file");
    variables_open(NULL, "environment", "none.service");
    CHECK_TEXT(variables_get("A_TOKEN"), NULL);
    variables_open("/nonexistent/notifier.yaml", "environment", "none.service");
    CHECK_TEXT(variables_get("A_TOKEN"), NULL);
    variables_close();
}

int main(void)
{
    char path[128];

    if (!mkdtemp(folder))
        return 1;
    snprintf(configuration, sizeof configuration, "%s/notifier.yaml", folder);
    the_service_and_the_shell_see_the_same();
    snprintf(path, sizeof path, "%s/environment", folder);
    unlink(path);
    rmdir(folder);
    return test_end();
}
