/* Processes, the machine and its disks into process_metrics. The job looks, the answer is what it saw as it stands in
 * memory, and parsing turns counters into rates by what was seen before. */
#include "base/text.h"
#include "collector/sources/common.h"
#include "collector/sources/proc.h"
#include "collector/sources/registry.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define PROCESSES_MAX 32 /* named processes of one source */
#define DISKS_MAX 32     /* disks of one source */
#define COMM_MAX 15      /* bytes of a process's name in the kernel, proc(5) */

struct named {
    const char *name, *pidfile, *comm, *command; /* one of the last three */
};

struct seen { /* one named process, all that match together */
    int64_t pid_count;
    double start_s; /* of the oldest */
    struct proc_task sum;
    bool fds_known;
};

struct snapshot {
    struct proc_machine machine;
    struct seen processes[PROCESSES_MAX];
    struct proc_disk disks[DISKS_MAX];
    bool disk_known[DISKS_MAX];
    struct err err; /* the last disk that could not be looked at */
};

struct process {
    struct common common;
    const char *root;
    bool host;
    const struct yaml_node *processes;
    struct setting_list disks;
    struct named named[PROCESSES_MAX];
    size_t named_count;

    bool looked; /* before: */
    struct snapshot before;
    double last_start_s[PROCESSES_MAX]; /* 0: never seen running */
    int64_t restarts[PROCESSES_MAX];
};

static const struct setting process_settings[] = {
    SETTING("proc", TEXT, struct process, root, ),
    SETTING("host", BOOL, struct process, host, ),
    SETTING("disks", TEXTS, struct process, disks, ),
    SETTING("processes", NODE, struct process, processes, ),
    {0},
};
static const struct setting named_settings[] = {
    SETTING("name", TEXT, struct named, name, .required = true),
    SETTING("pidfile", TEXT, struct named, pidfile, ),
    SETTING("comm", TEXT, struct named, comm, ),
    SETTING("command", TEXT, struct named, command, ),
    {0},
};

static bool read_named(struct process *process, struct err *err)
{
    static const struct setting *const tables[] = {named_settings, NULL};
    const struct yaml_node *list = process->processes;

    if (list && (list->kind != YAML_LIST || list->count > PROCESSES_MAX))
        return setting_error(list, err, "expected a list of at most %d processes, as in [{name: questdb, command: questdb.jar}]", PROCESSES_MAX);
    for (size_t i = 0; list && i < list->count; i++) {
        struct named *named = &process->named[process->named_count++];
        if (!settings_are_known(list->items[i], tables, err) ||
            !settings_read(list->items[i], named_settings, named, process->common.arena, err))
            return false;
        if ((named->pidfile != NULL) + (named->comm != NULL) + (named->command != NULL) != 1)
            return setting_error(list->items[i], err, "a process is found by one of pidfile, comm (its name in the kernel) and command (part of its command line)");
        if (named->comm && strlen(named->comm) > COMM_MAX)
            return setting_error(list->items[i], err, "comm: the kernel keeps %d bytes of a name: %.*s", COMM_MAX, COMM_MAX, named->comm);
        if (strcmp(named->name, "host") == 0 || strcmp(named->name, "disk") == 0 || !named->name[0])
            return setting_error(list->items[i], err, "name: \"%s\" is taken by the machine's own rows", named->name);
        for (size_t other = 0; other < i; other++)
            if (strcmp(process->named[other].name, named->name) == 0)
                return setting_error(list->items[i], err, "name: \"%.60s\" is there twice", named->name);
    }
    process->processes = NULL; /* the document goes */
    return true;
}

static struct source *process_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {process_settings, NULL};
    static const struct process defaults = {.root = "/proc", .host = true};
    struct process *process = common_open(&source_process, sizeof *process, &defaults, tables, config, context, err);

    if (!process)
        return NULL;
    bool ok = process->disks.count <= DISKS_MAX || setting_error(config, err, "disks: more than %d", DISKS_MAX);
    if (ok && read_named(process, err))
        return &process->common.source;
    common_close(&process->common.source);
    return NULL;
}

struct looking {
    const struct process *process;
    struct snapshot *snapshot;
};

static void add_task(struct seen *seen, const struct proc_task *task)
{
    if (!seen->pid_count || task->start_s < seen->start_s)
        seen->start_s = task->start_s;
    seen->fds_known = (!seen->pid_count || seen->fds_known) && task->fds >= 0;
    seen->sum.ticks += task->ticks;
    seen->sum.memory_bytes += task->memory_bytes;
    seen->sum.swap_bytes += task->swap_bytes;
    seen->sum.threads += task->threads;
    seen->sum.fds += task->fds;
    if (!seen->pid_count || task->fds_max < seen->sum.fds_max)
        seen->sum.fds_max = task->fds_max;
    seen->pid_count++;
}

static void look_at(const struct process *process, struct snapshot *snapshot, size_t i, pid_t pid)
{
    struct proc_task task;
    if (proc_task(process->root, pid, &task))
        add_task(&snapshot->processes[i], &task);
}

static void found(void *context, pid_t pid, const char *comm, const char *command)
{
    const struct looking *looking = context;

    for (size_t i = 0; i < looking->process->named_count; i++) {
        const struct named *named = &looking->process->named[i];
        if ((named->comm && strcmp(named->comm, comm) == 0) || (named->command && strstr(command, named->command)))
            look_at(looking->process, looking->snapshot, i, pid);
    }
}

/* On the work thread. */
static bool look(struct source *source, struct buf *answer, struct err *err)
{
    const struct process *process = (const struct process *)(const void *)source;
    struct snapshot snapshot;
    struct looking looking = {process, &snapshot};
    bool search = false;
    pid_t pid;

    memset(&snapshot, 0, sizeof snapshot); /* the gaps as well: its bytes are the answer */
    if (!proc_machine(process->root, &snapshot.machine, err))
        return false;
    for (size_t i = 0; i < process->named_count; i++) {
        search = search || !process->named[i].pidfile;
        if (process->named[i].pidfile && proc_pid_of_file(process->named[i].pidfile, &pid))
            look_at(process, &snapshot, i, pid);
    }
    if (search && !proc_each(process->root, found, &looking, err))
        return false;
    for (size_t i = 0; i < process->disks.count; i++)
        snapshot.disk_known[i] = proc_disk(process->disks.items[i], &snapshot.disks[i], &snapshot.err);
    return buf_add(answer, &snapshot, sizeof snapshot) || err_set(err, ERR_LIMIT, "the answer is too long");
}

static bool process_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    (void)source, (void)wall_ms;
    *fetch = (struct fetch){.job = look};
    return true;
}

static struct point *add_row(const struct process *process, const char *name, const char *mount, bool running, int64_t wall_ms, struct points *points)
{
    struct point *point = common_point(&process->common, points, "process_metrics", wall_ms);

    point_tag(points, point, "process", name);
    point_tag(points, point, "mount", mount);
    point_bool(points, point, "running", running);
    return point;
}

static void add_machine(const struct process *process, const struct proc_machine *now, int64_t wall_ms, struct points *points)
{
    const struct proc_machine *before = &process->before.machine;
    struct point *point = add_row(process, "host", NULL, true, wall_ms, points);
    int64_t used = now->memory_total - now->memory_available;

    if (process->looked && now->cpu_ticks > before->cpu_ticks) {
        double all = (double)(now->cpu_ticks - before->cpu_ticks);
        /* idle and iowait may go back a little (proc(5)) */
        double idle = now->idle_ticks > before->idle_ticks ? (double)(now->idle_ticks - before->idle_ticks) : 0;
        double iowait = now->iowait_ticks > before->iowait_ticks ? (double)(now->iowait_ticks - before->iowait_ticks) : 0;
        point_double(points, point, "cpu_percent", idle + iowait < all ? 100 * (all - idle - iowait) / all : 0);
        point_double(points, point, "iowait_percent", iowait < all ? 100 * iowait / all : 100);
    }
    point_long(points, point, "memory_bytes", used);
    point_double(points, point, "memory_percent", 100 * (double)used / (double)now->memory_total);
    point_long(points, point, "memory_available_bytes", now->memory_available);
    if (now->swap_total >= 0 && now->swap_free >= 0)
        point_long(points, point, "swap_bytes", now->swap_total - now->swap_free);
    if (now->fds >= 0) {
        point_long(points, point, "fds", now->fds);
        point_long(points, point, "fds_max", now->fds_max);
    }
    point_double(points, point, "uptime_seconds", now->uptime_s);
    point_double(points, point, "load1", now->load[0]);
    point_double(points, point, "load5", now->load[1]);
    point_double(points, point, "load15", now->load[2]);
}

/* A process that started later than the one we knew is another one. */
static void count_restart(struct process *process, size_t i, const struct seen *now)
{
    if (!now->pid_count)
        return;
    process->restarts[i] += process->last_start_s[i] > 0 && now->start_s > process->last_start_s[i];
    process->last_start_s[i] = now->start_s > 0 ? now->start_s : 0.001;
}

static void add_process(struct process *process, size_t i, const struct snapshot *snapshot, int64_t wall_ms, struct points *points)
{
    const struct seen *now = &snapshot->processes[i], *before = &process->before.processes[i];
    double passed_s = snapshot->machine.uptime_s - process->before.machine.uptime_s;
    bool running = now->pid_count > 0;
    struct point *point = add_row(process, process->named[i].name, NULL, running, wall_ms, points);

    count_restart(process, i, now);
    point_long(points, point, "pid_count", now->pid_count);
    point_long(points, point, "restarts", process->restarts[i]);
    if (!running)
        return;
    /* The same processes as before, or the sum of their times means nothing. */
    if (process->looked && before->pid_count == now->pid_count && before->start_s >= now->start_s && now->sum.ticks >= before->sum.ticks && passed_s > 0)
        point_double(points, point, "cpu_percent", 100 * (double)(now->sum.ticks - before->sum.ticks) / proc_ticks_per_second() / passed_s);
    point_long(points, point, "memory_bytes", now->sum.memory_bytes);
    point_double(points, point, "memory_percent", 100 * (double)now->sum.memory_bytes / (double)snapshot->machine.memory_total);
    point_long(points, point, "swap_bytes", now->sum.swap_bytes);
    if (now->fds_known)
        point_long(points, point, "fds", now->sum.fds);
    if (now->sum.fds_max > 0)
        point_long(points, point, "fds_max", now->sum.fds_max);
    point_long(points, point, "threads", now->sum.threads);
    point_double(points, point, "uptime_seconds", snapshot->machine.uptime_s - now->start_s);
}

static void add_disk(const struct process *process, const char *mount, const struct proc_disk *disk, int64_t wall_ms, struct points *points)
{
    struct point *point = add_row(process, "disk", mount, true, wall_ms, points);

    point_long(points, point, "disk_total_bytes", disk->total_bytes);
    point_long(points, point, "disk_free_bytes", disk->free_bytes);
    point_double(points, point, "disk_used_percent", disk->used_percent);
    point_double(points, point, "inodes_used_percent", disk->inodes_used_percent);
}

static bool process_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    struct process *process = (struct process *)(void *)source;
    struct snapshot snapshot;
    bool ok = true;

    if (answer->failed)
        return err_set(err, answer->failed->kind, "%s", answer->failed->text);
    if (answer->length != sizeof snapshot)
        return err_set(err, ERR_INPUT, "the answer is not what the job wrote");
    memcpy(&snapshot, answer->data, sizeof snapshot);
    if (process->host)
        add_machine(process, &snapshot.machine, wall_ms, points);
    for (size_t i = 0; i < process->named_count; i++)
        add_process(process, i, &snapshot, wall_ms, points);
    for (size_t i = 0; i < process->disks.count; i++) {
        ok = ok && snapshot.disk_known[i];
        if (snapshot.disk_known[i])
            add_disk(process, process->disks.items[i], &snapshot.disks[i], wall_ms, points);
    }
    process->before = snapshot;
    process->looked = true;
    return ok || err_set(err, snapshot.err.kind, "%s", snapshot.err.text);
}

const struct source_kind source_process = {
    .type = "process",
    .open = process_open,
    .close = common_close,
    .plan = process_plan,
    .parse = process_parse,
};
