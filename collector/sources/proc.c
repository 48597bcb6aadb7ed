#include "collector/sources/proc.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PROC_FILE_MAX (4u << 20) /* bytes: /proc/stat has a line a core, a command line up to 2 MiB */
#define PROC_PATH_MAX 4096

static bool read_text(struct buf *out, const char *root, const char *name)
{
    char path[PROC_PATH_MAX];

    buf_clear(out);
    if (snprintf(path, sizeof path, "%s/%s", root, name) >= (int)sizeof path)
        return false;
    return file_read(path, out, NULL);
}

/* The number behind "name:" at the beginning of a line, or -1. */
static int64_t number_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, length) == 0)
            return strtoll(line + length, NULL, 10);
    return -1;
}

double proc_ticks_per_second(void)
{
    long ticks = sysconf(_SC_CLK_TCK);
    return ticks > 0 ? (double)ticks : 100;
}

static int64_t kibibytes(const char *text, const char *name)
{
    int64_t value = number_of(text, name);
    return value < 0 || value > INT64_MAX / 1024 ? -1 : value * 1024;
}

static bool read_cpu(const char *text, struct proc_machine *machine)
{
    uint64_t fields[8] = {0}; /* user nice system idle iowait irq softirq steal; guests are within user and nice */
    char *at;

    if (strncmp(text, "cpu ", 4) != 0)
        return false;
    at = strchr(text, ' ');
    for (size_t i = 0; i < LENGTH(fields); i++) {
        fields[i] = strtoull(at, &at, 10);
        machine->cpu_ticks += fields[i];
    }
    machine->idle_ticks = fields[3];
    machine->iowait_ticks = fields[4];
    return machine->cpu_ticks > 0;
}

bool proc_machine(const char *root, struct proc_machine *machine, struct err *err)
{
    struct buf text = BUF_EMPTY(PROC_FILE_MAX);
    const char *missing = NULL;

    *machine = (struct proc_machine){.fds = -1, .fds_max = -1};
    if (!read_text(&text, root, "uptime") || sscanf(buf_text(&text), "%lf", &machine->uptime_s) != 1)
        missing = "uptime";
    else if (!read_text(&text, root, "loadavg") ||
             sscanf(buf_text(&text), "%lf %lf %lf", &machine->load[0], &machine->load[1], &machine->load[2]) != 3)
        missing = "loadavg";
    else if (!read_text(&text, root, "stat") || !read_cpu(buf_text(&text), machine))
        missing = "stat";
    else if (!read_text(&text, root, "meminfo") || (machine->memory_total = kibibytes(buf_text(&text), "MemTotal:")) <= 0 ||
             (machine->memory_available = kibibytes(buf_text(&text), "MemAvailable:")) < 0)
        missing = "meminfo";
    if (!missing) {
        machine->swap_total = kibibytes(buf_text(&text), "SwapTotal:");
        machine->swap_free = kibibytes(buf_text(&text), "SwapFree:");
        if (read_text(&text, root, "sys/fs/file-nr"))
            sscanf(buf_text(&text), "%ld %*d %ld", &machine->fds, &machine->fds_max);
    }
    buf_free(&text);
    return !missing || err_set(err, ERR_SYSTEM, "%s/%s cannot be read or understood", root, missing);
}

/* PID (comm) S ppid ... : comm may hold anything, so what follows its last parenthesis counts, from field 3. One that has
 * ended and whose parent has not looked yet (Z) is none any more. */
static bool read_stat(const char *text, struct proc_task *task)
{
    const char *at = strrchr(text, ')');
    unsigned long long user, system, start;
    long long threads, pages;
    char state;

    if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %lld %*d %llu %*u %lld", &state, &user, &system,
                      &threads, &start, &pages) != 6 || state == 'Z' || state == 'X')
        return false;
    *task = (struct proc_task){
        .start_s = (double)start / proc_ticks_per_second(),
        .ticks = user + system,
        .memory_bytes = pages * (int64_t)sysconf(_SC_PAGESIZE),
        .threads = threads,
        .fds = -1,
        .fds_max = -1,
    };
    return true;
}

static int64_t count_fds(const char *root, pid_t pid)
{
    char path[PROC_PATH_MAX];
    int64_t count = 0;

    snprintf(path, sizeof path, "%s/%ld/fd", root, (long)pid);
    DIR *folder = opendir(path);
    if (!folder)
        return -1;
    for (struct dirent *entry; count < PROC_FDS_MAX && (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

bool proc_task(const char *root, pid_t pid, struct proc_task *task)
{
    struct buf text = BUF_EMPTY(PROC_FILE_MAX);
    char name[64];

    snprintf(name, sizeof name, "%ld/stat", (long)pid);
    bool ok = read_text(&text, root, name) && read_stat(buf_text(&text), task);
    if (ok) {
        task->fds = count_fds(root, pid);
        snprintf(name, sizeof name, "%ld/limits", (long)pid);
        if (read_text(&text, root, name))
            task->fds_max = number_of(buf_text(&text), "Max open files");
        snprintf(name, sizeof name, "%ld/status", (long)pid);
        if (read_text(&text, root, name) && kibibytes(buf_text(&text), "VmSwap:") > 0)
            task->swap_bytes = kibibytes(buf_text(&text), "VmSwap:");
    }
    buf_free(&text);
    return ok;
}

bool proc_disk(const char *path, struct proc_disk *disk, struct err *err)
{
    struct statvfs status;

    if (statvfs(path, &status) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    /* As df counts: what only root may still use is neither free nor used. */
    double used = (double)(status.f_blocks - status.f_bfree), usable = used + (double)status.f_bavail;
    *disk = (struct proc_disk){
        .total_bytes = (int64_t)(status.f_blocks * status.f_frsize),
        .free_bytes = (int64_t)(status.f_bavail * status.f_frsize),
        .used_percent = usable > 0 ? 100 * used / usable : NAN,
        .inodes_used_percent = status.f_files ? 100 * (double)(status.f_files - status.f_ffree) / (double)status.f_files : NAN,
    };
    return true;
}

bool proc_pid_of_file(const char *path, pid_t *pid)
{
    struct buf text = BUF_EMPTY(256);
    long value = 0;
    bool ok = file_read(path, &text, NULL) && (value = strtol(buf_text(&text), NULL, 10)) > 0 && value <= INT32_MAX;

    *pid = (pid_t)value;
    buf_free(&text);
    return ok;
}

/* cmdline: arguments closed by NULs. */
static void read_names(const char *root, const char *pid, struct buf *comm, struct buf *command)
{
    char name[300];

    snprintf(name, sizeof name, "%s/comm", pid);
    if (!read_text(comm, root, name))
        buf_clear(comm);
    buf_cut(comm, strcspn(buf_text(comm), "\n"));
    snprintf(name, sizeof name, "%s/cmdline", pid);
    read_text(command, root, name);
    for (size_t i = 0; i + 1 < command->length; i++)
        if (!command->data[i])
            command->data[i] = ' ';
}

bool proc_each(const char *root, proc_found found, void *context, struct err *err)
{
    DIR *folder = opendir(root);
    struct buf comm = BUF_EMPTY(256), command = BUF_EMPTY(PROC_FILE_MAX);
    size_t count = 0;

    if (!folder)
        return err_set(err, ERR_SYSTEM, "%s: %s", root, strerror(errno));
    for (struct dirent *entry; count < PROC_PIDS_MAX && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end || pid <= 0 || pid == (long)getpid())
            continue;
        count++;
        read_names(root, entry->d_name, &comm, &command);
        found(context, (pid_t)pid, buf_text(&comm), buf_text(&command));
    }
    closedir(folder);
    buf_free(&comm);
    buf_free(&command);
    return true;
}
