#include "base/file.h"
#include "base/text.h"
#include "tests/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/test_file.XXXXXX";
static char path_text[200];

static const char *in_folder(const char *name)
{
    snprintf(path_text, sizeof path_text, "%s/%s", folder, name);
    return path_text;
}

static size_t names_in_folder(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void written_whole_and_read_whole(void)
{
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};
    struct stat status;

    CHECK(file_write(in_folder("a"), "first\0line", 10, 0640, &err), "%s", err.text);
    CHECK(stat(in_folder("a"), &status) == 0 && (status.st_mode & 0777) == 0640, "mode %o", (unsigned)status.st_mode);
    CHECK(file_read(in_folder("a"), &out, &err), "%s", err.text);
    CHECK(out.length == 10 && memcmp(buf_text(&out), "first\0line", 10) == 0, "read back");
    CHECK(file_write(in_folder("a"), NULL, 0, 0600, &err), "%s", err.text);
    buf_clear(&out);
    CHECK(file_read(in_folder("a"), &out, &err) && out.length == 0, "replaced by nothing");
    CHECK(stat(in_folder("a"), &status) == 0 && (status.st_mode & 0777) == 0600, "the new mode counts");
    CHECK_INT(names_in_folder(), 1); /* no temporary file is left */
    buf_free(&out);
}

static void refusals_say_where(void)
{
    struct buf out = BUF_EMPTY(5);
    struct err err = {0};

    CHECK(!file_read(in_folder("absent"), &out, &err) && strstr(err.text, "/absent: No such file"), "%s", err.text);
    CHECK_INT(err.kind, ERR_INPUT);
    CHECK(!file_read(folder, &out, &err) && strstr(err.text, "directory"), "%s", err.text);
    CHECK(file_write(in_folder("five"), "12345", 5, 0600, &err) && file_read(in_folder("five"), &out, &err), "fits exactly");
    buf_clear(&out);
    CHECK(file_write(in_folder("six"), "123456", 6, 0600, &err), "%s", err.text);
    CHECK(!file_read(in_folder("six"), &out, &err) && err.kind == ERR_LIMIT && strstr(err.text, "5 bytes"), "%s", err.text);
    CHECK(out.length == 0 && !out.data, "nothing half-read is left");
    CHECK(!file_write(in_folder("no/such"), "x", 1, 0600, &err) && err.kind == ERR_SYSTEM, "%s", err.text);
    mkdir(in_folder("dir"), 0700);
    size_t before = names_in_folder();
    CHECK(!file_write(in_folder("dir"), "x", 1, 0600, &err), "a folder is not replaced");
    CHECK_INT(names_in_folder(), before);
    CHECK(!file_read(in_folder("absent"), &out, NULL) && !file_write(in_folder("no/such"), "x", 1, 0600, NULL), "without err");
    buf_free(&out);
}

static void folders(void)
{
    struct err err = {0};
    char longest[5000];

    CHECK(file_make_folder(in_folder("x/y//z/"), 0750, &err), "%s", err.text);
    CHECK(access(in_folder("x/y/z"), F_OK) == 0, "made");
    CHECK(file_make_folder(in_folder("x/y/z"), 0750, &err), "fine if it exists: %s", err.text);
    CHECK(file_make_folder("/", 0750, &err), "%s", err.text);
    file_write(in_folder("plain"), "", 0, 0600, NULL);
    CHECK(!file_make_folder(in_folder("plain"), 0750, &err) && strstr(err.text, "plain: is a file"), "%s", err.text);
    CHECK(!file_make_folder(in_folder("plain/below"), 0750, &err), "%s", err.text);
    CHECK(!file_make_folder("", 0750, &err) && strstr(err.text, "empty"), "%s", err.text);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK(!file_make_folder(longest, 0750, &err) && strstr(err.text, "too long"), "%s", err.text);
}

static void secrets(void)
{
    static const struct {
        const char *name, *content;
        size_t length;
        const char *want; /* NULL: refused */
        const char *says;
    } rows[] = {
        {"one line", "s3cret\n", 7, "s3cret", ""},
        {"no newline", "s3cret", 6, "s3cret", ""},
        {"from Windows", "s3cret\r\n", 8, "s3cret", ""},
        {"only the first line", "one\ntwo\n", 8, "one", ""},
        {"spaces belong to it", " a b \n", 6, " a b ", ""},
        {"empty", "", 0, NULL, "empty"},
        {"empty first line", "\nsecret\n", 8, NULL, "empty"},
        {"binary", "ab\0cd\n", 6, NULL, "text"},
        {"longer than wanted", "12345678901234567890123456789012345678901\n", 42, NULL, "40 bytes"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(40);
        struct err err = {0};
        file_write(in_folder("secret"), rows[i].content, rows[i].length, 0600, NULL);
        bool ok = file_read_secret(in_folder("secret"), &out, &err);
        CHECK(ok == (rows[i].want != NULL) && strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
        CHECK(!strstr(err.text, "12345"), "an error never shows the secret: %s", err.text);
        CHECK_TEXT(buf_text(&out), rows[i].want ? rows[i].want : "");
        buf_free(&out);
    }
    char big[5000];
    struct buf out = BUF_EMPTY(10000);
    struct err err = {0};
    memset(big, 'x', sizeof big);
    file_write(in_folder("secret"), big, sizeof big, 0600, NULL);
    CHECK(!file_read_secret(in_folder("secret"), &out, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    CHECK(!file_read_secret(in_folder("absent"), &out, &err) && strstr(err.text, "No such file"), "%s", err.text);
    buf_free(&out);
}

static void standard_input(void)
{
    struct buf out = BUF_EMPTY(100);
    struct err err = {0};
    int ends[2];

    CHECK(pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO, "pipe");
    CHECK(write(ends[1], "piped", 5) == 5, "write");
    close(ends[1]);
    CHECK(file_read("-", &out, &err), "%s", err.text);
    CHECK_TEXT(buf_text(&out), "piped");
    close(ends[0]);
    buf_free(&out);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    written_whole_and_read_whole();
    refusals_say_where();
    folders();
    secrets();
    standard_input();
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) || test_end();
}
