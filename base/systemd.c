#include "base/systemd.h"

#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

int systemd_listen_fd(void)
{
    return sd_listen_fds(0) > 0 ? SD_LISTEN_FDS_START : -1;
}

void systemd_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status ? status : "");
}

void systemd_reloading(void)
{
    struct timespec now;

    /* Type=notify-reload wants the time, so that it can tell this reload's READY=1 from an earlier one. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void systemd_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void systemd_watchdog(void)
{
    if (systemd_watchdog_ms() > 0)
        sd_notify(0, "WATCHDOG=1");
}

long systemd_watchdog_ms(void)
{
    uint64_t us = 0;
    /* Half of what the manager allows, as sd_watchdog_enabled(3) asks for. */
    return sd_watchdog_enabled(0, &us) > 0 ? (long)(us / 2000) + 1 : 0;
}
