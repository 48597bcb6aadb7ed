#include "collector/sources/storage.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct walk {
    const char *suffix;
    struct storage_size *size;
    int64_t end_ms;
    const char *stopped; /* the bound that was reached */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True as long as the walk may go on. */
static bool may_go_on(struct walk *walk, unsigned depth)
{
    if (depth >= STORAGE_DEPTH_MAX)
        walk->stopped = "32 folders deep";
    else if (walk->size->entries >= STORAGE_ENTRIES_MAX)
        walk->stopped = "2000000 files";
    else if (walk->size->entries % 256 == 0 && now_ms() > walk->end_ms)
        walk->stopped = "10 s";
    return !walk->stopped;
}

static bool walk_folder(struct walk *walk, int fd, unsigned depth);

static void walk_entry(struct walk *walk, int folder, const char *name, unsigned depth)
{
    struct stat status;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    walk->size->entries++;
    if (S_ISDIR(status.st_mode)) {
        int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            walk_folder(walk, fd, depth + 1);
        else if (errno == EACCES)
            walk->stopped = "a folder that we may not read";
    } else if (S_ISREG(status.st_mode) && (!walk->suffix || text_ends(name, walk->suffix))) {
        walk->size->files++;
        walk->size->bytes += (uint64_t)status.st_size;
    }
}

/* Takes fd. */
static bool walk_folder(struct walk *walk, int fd, unsigned depth)
{
    DIR *folder = fdopendir(fd);

    if (!folder) {
        close(fd);
        return false;
    }
    for (struct dirent *entry; may_go_on(walk, depth) && (entry = readdir(folder));)
        walk_entry(walk, dirfd(folder), entry->d_name, depth);
    closedir(folder);
    return !walk->stopped;
}

bool storage_measure(const char *path, const char *suffix, struct storage_size *size, struct err *err)
{
    struct walk walk = {.suffix = suffix, .size = size, .end_ms = now_ms() + STORAGE_TIME_MAX_MS};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *size = (struct storage_size){0};
    if (fd < 0)
        return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
    if (walk_folder(&walk, fd, 0))
        return true;
    return err_set(err, ERR_LIMIT, "%s: not measured: the walk met %s", path, walk.stopped ? walk.stopped : strerror(errno));
}
