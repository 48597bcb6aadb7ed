/* A temporary folder for one test, and what is done to spools in it. */
#ifndef TESTS_COLLECTOR_FOLDER_H
#define TESTS_COLLECTOR_FOLDER_H

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_PATH_MAX 512

struct folder {
    char path[FOLDER_PATH_MAX / 2];
};

static inline struct folder folder_new(void)
{
    struct folder folder = {"/tmp/collector-test-XXXXXX"};
    if (!mkdtemp(folder.path))
        abort();
    return folder;
}

static inline const char *folder_join(const char *folder, const char *name, char out[FOLDER_PATH_MAX])
{
    snprintf(out, FOLDER_PATH_MAX, "%s/%s", folder, name);
    return out;
}

static inline void folder_empty(const char *path)
{
    char inner[FOLDER_PATH_MAX];
    DIR *dir = opendir(path);

    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            unlink(folder_join(path, entry->d_name, inner));
    if (dir)
        closedir(dir);
}

static inline void folder_remove(const struct folder *folder)
{
    folder_empty(folder->path);
    rmdir(folder->path);
}

/* Every file of one folder, in another. */
static inline void folder_copy(const char *from, const char *to)
{
    char inner[FOLDER_PATH_MAX];
    DIR *dir = opendir(from);

    folder_empty(to);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct buf bytes = BUF_EMPTY(64u << 20);
        struct err err;
        if (entry->d_name[0] == '.')
            continue;
        if (!file_read(folder_join(from, entry->d_name, inner), &bytes, &err) ||
            !file_write(folder_join(to, entry->d_name, inner), buf_text(&bytes), bytes.length, 0600, &err))
            abort();
        buf_free(&bytes);
    }
    if (dir)
        closedir(dir);
}

/* The last segment's name by order; its size. */
static inline size_t folder_last_segment(const char *path, char out[FOLDER_PATH_MAX], size_t *count)
{
    char best[256] = "";
    DIR *dir = opendir(path);
    struct buf bytes = BUF_EMPTY(64u << 20);
    struct err err;

    *count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strstr(entry->d_name, ".seg")) {
            ++*count;
            if (strcmp(entry->d_name, best) > 0)
                snprintf(best, sizeof best, "%s", entry->d_name);
        }
    if (dir)
        closedir(dir);
    if (!file_read(folder_join(path, best, out), &bytes, &err))
        abort();
    size_t size = bytes.length;
    buf_free(&bytes);
    return size;
}

#endif
