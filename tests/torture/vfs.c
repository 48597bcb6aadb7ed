#include "tests/torture/vfs.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE_SECTORS 8       /* a page of the cache: written to in part, it is dirty as a whole */
#define FILES_MAX 32
#define PATH_SIZE 512

enum sector { CLEAN, DIRTY, LOST }; /* LOST: newer in the cache than on the disk, but nobody will write it */

struct disk_file {
    char path[PATH_SIZE];
    unsigned char *held;     /* what the disk holds */
    int64_t held_size;
    unsigned char *sectors;  /* enum sector each */
    int64_t sector_count;
    bool exists, durable;    /* on the disk; its name too */
    bool renewed;            /* deleted and made anew, which the disk does not know yet */
};

struct file {
    sqlite3_file base;
    struct disk_file *disk;  /* NULL: not one that has to survive (temporary) */
    sqlite3_file *real;
};

static struct {
    sqlite3_vfs vfs, *real;
    struct disk_file files[FILES_MAX];
    size_t file_count;
    int calls[VFS_CALLS], fail_at[VFS_CALLS], fail_more[VFS_CALLS], code[VFS_CALLS];
    bool drops;
    int cut_at, calls_all;   /* 0: never */
    bool cut;
} disk;

static struct disk_file *disk_file(const char *path)
{
    for (size_t i = 0; i < disk.file_count; i++)
        if (strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    assert(disk.file_count < FILES_MAX && strlen(path) < PATH_SIZE);
    struct disk_file *file = &disk.files[disk.file_count++];
    memset(file, 0, sizeof *file);
    memcpy(file->path, path, strlen(path) + 1);
    return file;
}

static void *grown(void *data, size_t from, size_t to)
{
    unsigned char *bytes = calloc(1, to + 1);
    assert(bytes);
    if (data)
        memcpy(bytes, data, from < to ? from : to);
    free(data);
    return bytes;
}

static void cover(struct disk_file *file, int64_t sectors)
{
    if (sectors <= file->sector_count)
        return;
    file->sectors = grown(file->sectors, (size_t)file->sector_count, (size_t)sectors);
    file->sector_count = sectors;
}

static void hold(struct disk_file *file, int64_t size)
{
    assert(size >= 0);
    file->held = grown(file->held, (size_t)file->held_size, (size_t)size);
    file->held_size = size;
}

/* True where this call is to fail; *code says how. Counts it. */
static bool fails(enum vfs_call call, int *code)
{
    disk.calls[call]++;
    disk.calls_all += call != VFS_OPEN; /* the power goes with a write or a sync */
    if (disk.cut_at && disk.calls_all >= disk.cut_at)
        disk.cut = true;
    if (disk.cut) {
        *code = SQLITE_IOERR;
        return true;
    }
    if (!disk.fail_at[call] || disk.calls[call] < disk.fail_at[call] ||
        disk.calls[call] > disk.fail_at[call] + disk.fail_more[call])
        return false;
    *code = disk.code[call];
    return true;
}

static struct file *file_of(sqlite3_file *file)
{
    return (struct file *)(void *)file;
}

static int file_close(sqlite3_file *base)
{
    struct file *file = file_of(base);
    int code = file->real->pMethods->xClose(file->real);
    free(file->real);
    file->real = NULL;
    return code;
}

static int file_read(sqlite3_file *base, void *data, int amount, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    return disk.cut ? SQLITE_IOERR_READ : file->real->pMethods->xRead(file->real, data, amount, offset);
}

static void mark(struct disk_file *file, int64_t offset, int64_t amount)
{
    int64_t first = offset / SECTOR, last = (offset + amount - 1) / SECTOR;

    cover(file, last + 1);
    for (int64_t i = first; i <= last; i++)
        file->sectors[i] = DIRTY;
    /* What was called clean around it goes to the disk with its page. */
    for (int64_t i = first / PAGE_SECTORS * PAGE_SECTORS; i < file->sector_count && i < (last / PAGE_SECTORS + 1) * PAGE_SECTORS; i++)
        if (file->sectors[i] == LOST)
            file->sectors[i] = DIRTY;
}

static int file_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct file *file = file_of(base);
    int code;

    if (file->disk && fails(VFS_WRITE, &code))
        return code;
    if (file->disk)
        mark(file->disk, offset, amount);
    return file->real->pMethods->xWrite(file->real, data, amount, offset);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = file_of(base);
    int code;

    if (file->disk && fails(VFS_WRITE, &code))
        return code;
    /* What is cut off is dirty until the next sync: the disk may still hold it. */
    for (int64_t i = size / SECTOR; file->disk && i < file->disk->sector_count; i++)
        file->disk->sectors[i] = DIRTY;
    return file->real->pMethods->xTruncate(file->real, size);
}

/* Deletions happen in order with syncs, as in a file system with a journal: what was deleted before one that succeeded
 * does not come back. */
static void settle_deletions(void)
{
    for (size_t i = 0; i < disk.file_count; i++) {
        struct disk_file *file = &disk.files[i];
        if (file->exists && !file->renewed)
            continue;
        hold(file, 0);
        file->durable = file->renewed = false;
    }
}

static void drop_dirty(struct disk_file *on)
{
    for (int64_t i = 0; disk.drops && !disk.cut && i < on->sector_count; i++)
        if (on->sectors[i] == DIRTY)
            on->sectors[i] = LOST;
}

/* A sync that succeeds: what is dirty reaches the disk, and the file's name with it. */
static bool settle_sectors(struct disk_file *on, sqlite3_file *real)
{
    sqlite3_int64 size = 0;

    if (real->pMethods->xFileSize(real, &size) != SQLITE_OK)
        return false;
    settle_deletions();
    hold(on, size);
    for (int64_t i = 0; i < on->sector_count; i++) {
        int64_t at = i * SECTOR, length = size - at < SECTOR ? size - at : SECTOR;
        if (on->sectors[i] != DIRTY)
            continue;
        if (length > 0 && real->pMethods->xRead(real, on->held + at, (int)length, at) != SQLITE_OK)
            return false;
        on->sectors[i] = CLEAN;
    }
    on->durable = true;
    return true;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = file_of(base);
    int code;

    if (!file->disk)
        return SQLITE_OK;
    if (fails(VFS_SYNC, &code)) {
        drop_dirty(file->disk);
        return code;
    }
    (void)flags; /* the real file need not be synced: our cuts are not the machine's */
    return settle_sectors(file->disk, file->real) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static sqlite3_file *real_of(sqlite3_file *base) { return file_of(base)->real; }
static int file_size(sqlite3_file *base, sqlite3_int64 *size) { return real_of(base)->pMethods->xFileSize(real_of(base), size); }
static int file_lock(sqlite3_file *base, int level) { return real_of(base)->pMethods->xLock(real_of(base), level); }
static int file_unlock(sqlite3_file *base, int level) { return real_of(base)->pMethods->xUnlock(real_of(base), level); }
static void file_shm_barrier(sqlite3_file *base) { real_of(base)->pMethods->xShmBarrier(real_of(base)); }
static int file_shm_unmap(sqlite3_file *base, int remove) { return real_of(base)->pMethods->xShmUnmap(real_of(base), remove); }

static int file_check_lock(sqlite3_file *base, int *out)
{
    return real_of(base)->pMethods->xCheckReservedLock(real_of(base), out);
}

static int file_control(sqlite3_file *base, int op, void *argument)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return real_of(base)->pMethods->xFileControl(real_of(base), op, argument);
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

static int file_abilities(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
    return real_of(base)->pMethods->xShmMap(real_of(base), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return real_of(base)->pMethods->xShmLock(real_of(base), offset, count, flags);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
    .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock, .xFileControl = file_control, .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_abilities, .xShmMap = file_shm_map, .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *out_flags)
{
    struct file *file = file_of(base);
    struct stat info;

    (void)vfs;
    *file = (struct file){0};
    if (disk.cut)
        return SQLITE_CANTOPEN;
    int code = SQLITE_OK;
    if (fails(VFS_OPEN, &code))
        return code;
    bool survives = name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
    bool is_new = name && stat(name, &info) != 0;
    file->real = calloc(1, (size_t)disk.real->szOsFile);
    assert(file->real);
    code = disk.real->xOpen(disk.real, name, file->real, flags, out_flags);
    if (code != SQLITE_OK) {
        free(file->real);
        return code;
    }
    file->base.pMethods = &methods;
    if (!survives)
        return SQLITE_OK;
    file->disk = disk_file(name);
    file->disk->exists = true;
    if (is_new) {
        file->disk->renewed = file->disk->durable;
        file->disk->sector_count = 0;
        if (!file->disk->durable)
            hold(file->disk, 0);
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    if (disk.cut)
        return SQLITE_IOERR_DELETE;
    struct disk_file *file = disk_file(name);
    file->exists = false;
    file->sector_count = 0;
    if (sync_folder)
        file->durable = false;
    return disk.real->xDelete(disk.real, name, 0);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    return disk.real->xAccess(disk.real, name, flags, out);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    return disk.real->xFullPathname(disk.real, name, size, out);
}

void vfs_install(void)
{
    if (disk.real)
        return;
    disk.real = sqlite3_vfs_find(NULL);
    assert(disk.real);
    disk.vfs = *disk.real; /* time, randomness and errors are the default's */
    disk.vfs.szOsFile = (int)sizeof(struct file);
    disk.vfs.zName = VFS_NAME;
    disk.vfs.pNext = NULL;
    disk.vfs.xOpen = vfs_open;
    disk.vfs.xDelete = vfs_delete;
    disk.vfs.xAccess = vfs_access;
    disk.vfs.xFullPathname = vfs_full_path;
    int code = sqlite3_vfs_register(&disk.vfs, 0);
    assert(code == SQLITE_OK && "registered");
}

void vfs_heal(void)
{
    memset(disk.fail_at, 0, sizeof disk.fail_at);
    disk.drops = false;
}

void vfs_forget(void)
{
    for (size_t i = 0; i < disk.file_count; i++) {
        free(disk.files[i].held);
        free(disk.files[i].sectors);
    }
    disk.file_count = 0;
    memset(disk.calls, 0, sizeof disk.calls);
    disk.cut_at = disk.calls_all = 0;
    disk.cut = false;
    vfs_heal();
}

void vfs_fail(enum vfs_call call, int nth, int more, int code, bool drops)
{
    disk.fail_at[call] = disk.calls[call] + nth;
    disk.fail_more[call] = more;
    disk.code[call] = code;
    disk.drops = drops;
}

int vfs_count(enum vfs_call call)
{
    return disk.calls[call];
}

void vfs_cut_after(int nth)
{
    disk.cut_at = disk.calls_all + nth;
    if (nth == 0)
        disk.cut = true;
}

bool vfs_is_cut(void)
{
    return disk.cut;
}

static uint64_t chance(uint64_t *seed)
{
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t x = *seed;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Bytes of a closed file as programs saw them. */
static int64_t see(const char *path, unsigned char **bytes)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *bytes = NULL;
    if (fd < 0)
        return 0;
    int64_t size = fstat(fd, &info) == 0 ? (int64_t)info.st_size : 0;
    *bytes = calloc(1, (size_t)size + SECTOR);
    assert(*bytes);
    ssize_t got = pread(fd, *bytes, (size_t)size, 0);
    assert(got == size);
    close(fd);
    return size;
}

/* A third of the sectors in the air arrive, a third do not, a third do in part; some seeds go to an extreme. */
static void land(struct disk_file *file, uint64_t *seed)
{
    unsigned char *seen;
    int64_t size = see(file->path, &seen);
    uint64_t mood = chance(seed) % 6;

    for (int64_t i = 0; i < file->sector_count; i++) {
        int64_t at = i * SECTOR, length = size - at < SECTOR ? size - at : SECTOR;
        uint64_t luck = mood == 0 ? 0 : mood == 1 ? 1 : chance(seed) % 3;
        if (file->sectors[i] != DIRTY || length <= 0 || luck == 0)
            continue;
        if (luck == 2)
            length = (int64_t)(chance(seed) % (uint64_t)length);
        if (file->held_size < at + length)
            hold(file, at + length);
        memcpy(file->held + at, seen + at, (size_t)length);
    }
    if (size < file->held_size && chance(seed) % 2)
        hold(file, size); /* a truncation that had arrived */
    free(seen);
}

int vfs_rewritten(const char *path)
{
    struct disk_file *file = disk_file(path);
    unsigned char *seen;
    int code = SQLITE_OK;

    if (access(path, F_OK) != 0)
        return SQLITE_OK;
    if (fails(VFS_WRITE, &code))
        return code;
    int64_t size = see(path, &seen);
    if (size)
        mark(file, 0, size);
    if (fails(VFS_SYNC, &code))
        drop_dirty(file);
    else {
        settle_deletions();
        hold(file, size);
        memcpy(file->held, seen, (size_t)size);
        for (int64_t i = 0; i < file->sector_count; i++)
            file->sectors[i] = CLEAN;
        file->durable = true;
    }
    free(seen);
    return code;
}

static void put_back(const struct disk_file *file)
{
    unlink(file->path);
    int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0);
    ssize_t put = pwrite(fd, file->held, (size_t)file->held_size, 0);
    assert(put == file->held_size);
    (void)put;
    close(fd);
}

void vfs_restart(uint64_t seed)
{
    char shm[PATH_SIZE + 8];

    for (size_t i = 0; i < disk.file_count; i++) {
        struct disk_file *file = &disk.files[i];
        bool old_stays = file->durable && (!file->exists || file->renewed) && chance(&seed) % 2;
        snprintf(shm, sizeof shm, "%s-shm", file->path);
        unlink(shm);
        if (!old_stays) {
            if (!file->exists || file->renewed)
                hold(file, 0);
            if (file->exists)
                land(file, &seed);
        }
        file->exists = file->exists ? file->durable || file->held_size : old_stays;
        if (file->exists)
            put_back(file);
        else
            unlink(file->path);
        file->durable = file->exists;
        file->renewed = false;
        file->sector_count = 0;
    }
    disk.cut = false;
    disk.cut_at = 0;
    vfs_heal();
}
