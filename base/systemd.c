#include "base/systemd.h"

#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

int systemd_listen_fd(void)
{
    return sd_listen_fds(1) > 0 ? SD_LISTEN_FDS_START : -1;
}

void systemd_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void systemd_reloading(void)
{
    sd_notify(0, "RELOADING=1");
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
    return sd_watchdog_enabled(0, &us) > 0 ? (long)(us / 1000) : 0;
}
