/* A made /proc, changed between two looks. */
#include "collector/sources/proc.h"
#include "tests/unit/collector/sources/source_test.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/test_process.XXXXXX";

__attribute__((format(printf, 2, 3))) static void put(const char *name, const char *format, ...)
{
    char path[300];
    va_list args;

    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0700);
    }
    FILE *file = fopen(path, "w");
    CHECK(file, "%s", path);
    if (!file)
        return;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fclose(file);
}

static void put_machine(double uptime, int user, int idle, int iowait)
{
    put("uptime", "%.2f 99.00\n", uptime);
    put("loadavg", "0.50 0.25 0.10 1/200 999\n");
    put("stat", "cpu  %d 0 0 %d %d 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\nintr 5\n", user, idle, iowait);
    put("meminfo", "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     600 kB\nSwapTotal:  50 kB\nSwapFree:  20 kB\n");
    put("sys/fs/file-nr", "320\t0\t1000\n");
}

static void put_process(int pid, const char *comm, int ticks, double start_s, int pages, const char *command)
{
    char name[64];

    snprintf(name, sizeof name, "%d/stat", pid);
    put(name, "%d (%s) S 1 1 1 0 -1 4194560 1 2 3 4 %d 0 0 0 20 0 3 0 %.0f 999999 %d 18446744073709551615 1 1\n", pid, comm, ticks,
        start_s * proc_ticks_per_second(), pages);
    snprintf(name, sizeof name, "%d/comm", pid);
    put(name, "%s\n", comm);
    snprintf(name, sizeof name, "%d/cmdline", pid);
    put(name, "%s", command);
    snprintf(name, sizeof name, "%d/status", pid);
    put(name, "Name: x\nVmSwap:\t       4 kB\nThreads:\t3\n");
    snprintf(name, sizeof name, "%d/limits", pid);
    put(name, "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 4096                 files     \n");
    snprintf(name, sizeof name, "%d/fd/0", pid);
    put(name, "x");
    snprintf(name, sizeof name, "%d/fd/1", pid);
    put(name, "x");
}

static void remove_process(int pid)
{
    char command[400];
    snprintf(command, sizeof command, "rm -r %s/%d", root, pid);
    CHECK(system(command) == 0, "%s", command);
}

static struct source *open_source(const char *settings)
{
    struct err err = {0};
    char yaml[900];

    snprintf(yaml, sizeof yaml, "{type: process, proc: %s, %s}", root, settings);
    struct source *source = test_open(yaml, &err);
    CHECK(source, "%s", err.text);
    return source;
}

/* The machine's row and each process's, as two looks 10 s apart see them. */
static void the_machine_is_measured(void)
{
    struct err err = {0};
    bool ok;
    struct source *source = open_source("name: host");

    REQUIRE(source, "%s", root);
    put_machine(100, 100, 800, 100);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK_TEXT(got, "process_metrics,host=h1,env=dev,process=host running=t,memory_bytes=409600i,memory_percent=40,memory_available_bytes=614400i,"
                    "swap_bytes=30720i,fds=320i,fds_max=1000i,uptime_seconds=100,load1=0.5,load5=0.25,load15=0.1 1790000000000000000\n");
    free(got);
    put_machine(110, 150, 840, 110);
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "running=t,cpu_percent=50,iowait_percent=10,memory_bytes"), "%s", got);
    free(got);
    put_machine(120, 160, 830, 111); /* idle went back */
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "cpu_percent=") && !strstr(got, "cpu_percent=-"), "%s", got);
    free(got);
    put("meminfo", "nothing\n");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(!ok && !got[0] && strstr(err.text, "/meminfo cannot be read or understood"), "%s", err.text);
    free(got);
    source->kind->close(source);
}

static void processes_are_measured(void)
{
    struct err err = {0};
    bool ok;
    char pidfile[300], settings[600];

    snprintf(pidfile, sizeof pidfile, "%s/daemon.pid", root);
    snprintf(settings, sizeof settings, "host: false, processes: [{name: daemon, pidfile: %s}, {name: workers, comm: 'odd) name'}, {name: none, command: no-such}]", pidfile);
    put_machine(100, 100, 800, 100);
    put("daemon.pid", "41\n");
    put_process(41, "daemon", 100, 10, 10, "x");
    put_process(50, "odd) name", 10, 20, 5, "y");
    put_process(51, "odd) name", 10, 21, 5, "y");
    struct source *source = open_source(settings);
    REQUIRE(source, "%s", root);
    char *got = test_job(source, NOW_MS, &ok, &err);
    char want[900];
    snprintf(want, sizeof want,
             "process_metrics,host=h1,env=dev,process=daemon running=t,pid_count=1i,restarts=0i,memory_bytes=%ldi,memory_percent=%g,swap_bytes=4096i,"
             "fds=2i,fds_max=1024i,threads=3i,uptime_seconds=90 1790000000000000000\n"
             "process_metrics,host=h1,env=dev,process=workers running=t,pid_count=2i,restarts=0i,memory_bytes=%ldi,memory_percent=%g,swap_bytes=8192i,"
             "fds=4i,fds_max=1024i,threads=6i,uptime_seconds=80 1790000000000000000\n"
             "process_metrics,host=h1,env=dev,process=none running=f,pid_count=0i,restarts=0i 1790000000000000000\n",
             10 * sysconf(_SC_PAGESIZE), 10.0 * (double)sysconf(_SC_PAGESIZE) / 10240, 10 * sysconf(_SC_PAGESIZE),
             10.0 * (double)sysconf(_SC_PAGESIZE) / 10240);
    CHECK(strcmp(got, want) == 0, "got %s, want %s", got, want);
    free(got);

    put_machine(110, 150, 840, 110);
    put_process(41, "daemon", 100 + 5 * (int)proc_ticks_per_second(), 10, 10, "x");
    remove_process(51);
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=daemon running=t,pid_count=1i,restarts=0i,cpu_percent=50,"), "%s", got);
    CHECK(strstr(got, "process=workers running=t,pid_count=1i,restarts=0i,memory_bytes"), "one went: no rate: %s", got);
    free(got);

    put_machine(120, 160, 850, 110);
    remove_process(41);
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=daemon running=f,pid_count=0i,restarts=0i 1"), "%s", got);
    free(got);
    put("daemon.pid", "43\n");
    put_process(43, "daemon", 1, 118, 10, "");
    put("43/stat", "43 (daemon) Z 1 1 1 0 -1 4194560 1 2 3 4 0 0 0 0 20 0 1 0 11800 0 0 0 0 0\n");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=daemon running=f,pid_count=0i,restarts=0i 1"), "ended, and not yet buried: %s", got);
    free(got);
    put("daemon.pid", "42\n");
    put_process(42, "daemon", 1, 118, 10, "x");
    got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=daemon running=t,pid_count=1i,restarts=1i,memory_bytes"), "%s", got);
    free(got);
    source->kind->close(source);
}

static void a_command_line_is_searched(void)
{
    struct err err = {0};
    bool ok;
    struct source *source = open_source("host: false, processes: [{name: questdb, command: io.questdb}]");

    REQUIRE(source, "%s", root);
    put_machine(130, 160, 850, 110);
    char name[] = "60/cmdline";
    put_process(60, "java", 1, 100, 1, "");
    put(name, "java%c-cp%cio.questdb", 0, 0);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=questdb running=t,pid_count=1i"), "%s", got);
    free(got);
    source->kind->close(source);
}

static void disks_are_measured(void)
{
    struct err err = {0};
    bool ok;
    char settings[400];

    snprintf(settings, sizeof settings, "host: false, disks: [%s, /nonexistent]", root);
    struct source *source = open_source(settings);
    REQUIRE(source, "%s", root);
    char *got = test_job(source, NOW_MS, &ok, &err), *total = strstr(got, "disk_total_bytes="), *free_bytes = strstr(got, "disk_free_bytes=");
    CHECK(!ok && strstr(err.text, "/nonexistent: No such file"), "%s", err.text);
    CHECK(strstr(got, "process=disk,mount=/tmp/test_process.") && total && strtoll(total + 17, NULL, 10) > 0, "%s", got);
    CHECK(total && free_bytes && strtoll(free_bytes + 16, NULL, 10) <= strtoll(total + 17, NULL, 10), "%s", got);
    free(got);
    source->kind->close(source);
}

static void this_machine_can_be_looked_at(void)
{
    struct err err = {0};
    bool ok;
    struct source *source = test_open("{type: process, disks: /, processes: [{name: init, comm: no-such-name}]}", &err);

    REQUIRE(source, "%s", err.text);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK(ok && strstr(got, "process=host running=t,memory_bytes="), "%s %s", err.text, got);
    struct proc_task task;
    CHECK(proc_task("/proc", getpid(), &task) && task.memory_bytes > 0 && task.threads == 1 && task.fds >= 3 && task.fds_max > 0, "ourselves");
    free(got);
    source->kind->close(source);
}

static void wrong_settings_are_named(void)
{
    static const struct test_wrong table[] = {
        {"{type: process, processes: questdb}", "expected a list of at most"},
        {"{type: process, processes: [{name: a}]}", "a process is found by one of pidfile"},
        {"{type: process, processes: [{name: a, comm: b, pidfile: c}]}", "a process is found by one of pidfile"},
        {"{type: process, processes: [{name: a, comm: prometheus-server}]}", "the kernel keeps 15 bytes of a name: prometheus-serv"},
        {"{type: process, processes: [{comm: b}]}", "name is missing"},
        {"{type: process, processes: [{name: host, comm: b}]}", "is taken by the machine's own rows"},
        {"{type: process, processes: [{name: a, comm: b}, {name: a, comm: c}]}", "1:49: name: \"a\" is there twice"},
        {"{type: process, host: maybe}", "\"maybe\" is neither true nor false"},
    };

    test_are_refused(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    char command[300];

    if (!mkdtemp(root))
        return 1;
    the_machine_is_measured();
    processes_are_measured();
    a_command_line_is_searched();
    disks_are_measured();
    this_machine_can_be_looked_at();
    wrong_settings_are_named();
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command) == 0 ? test_end() : 1;
}
