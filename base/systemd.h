/* What a service manager hands us and wants to hear: sockets and readiness. Without systemd all of it is a no-op. */
#ifndef BASE_SYSTEMD_H
#define BASE_SYSTEMD_H

int systemd_listen_fd(void);             /* the first socket passed to us, or -1 */
void systemd_ready(const char *status);  /* READY=1 and a status line */
void systemd_reloading(void);
void systemd_stopping(void);
void systemd_watchdog(void);             /* WATCHDOG=1, called by the turn: a stuck turn is a dead service */
long systemd_watchdog_ms(void);          /* how often to call it; 0: not wanted */
#endif
