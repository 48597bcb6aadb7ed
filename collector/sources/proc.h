/* What Linux tells of the machine and its processes in /proc, and of its disks through statvfs. Blocks: for the work
 * thread. root is "/proc", or a folder made like it. */
#ifndef COLLECTOR_SOURCES_PROC_H
#define COLLECTOR_SOURCES_PROC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_PIDS_MAX 65536 /* processes looked at */
#define PROC_FDS_MAX 1048576

struct proc_machine {
    double uptime_s, load[3];
    uint64_t cpu_ticks, idle_ticks, iowait_ticks; /* since boot, of all cores; idle without iowait */
    int64_t memory_total, memory_available, swap_total, swap_free; /* bytes */
    int64_t fds, fds_max; /* -1: unknown */
};

struct proc_task {
    double start_s; /* after boot */
    uint64_t ticks; /* of the processor, user and system */
    int64_t memory_bytes, swap_bytes, threads;
    int64_t fds, fds_max; /* -1: we may not look */
};

struct proc_disk {
    int64_t total_bytes, free_bytes; /* free: for programs without privileges */
    double used_percent, inodes_used_percent; /* inodes: NaN where the file system has none */
};

bool proc_machine(const char *root, struct proc_machine *machine, struct err *err);
bool proc_task(const char *root, pid_t pid, struct proc_task *task); /* false: there is none (any more) */
bool proc_disk(const char *path, struct proc_disk *disk, struct err *err);
bool proc_pid_of_file(const char *path, pid_t *pid); /* false: no file, or no number in it */

/* Calls found for every process but our own. comm: the kernel's 15 bytes; command: its arguments joined by spaces, or
 * empty. False where root cannot be read. */
typedef void (*proc_found)(void *context, pid_t pid, const char *comm, const char *command);
bool proc_each(const char *root, proc_found found, void *context, struct err *err);

double proc_ticks_per_second(void);

#endif
