/* A process of its own for one mail: libesmtp blocks, has no total deadline and crashes on a second session
 * with its own TLS context; here it can do none of that to the daemon, which kills the worker at the deadline. */
#ifndef MAIL_WORKER_MAIL_WORKER_H
#define MAIL_WORKER_MAIL_WORKER_H

/* Reads one job from stdin, runs it, writes its verdict to stdout. Returns the exit code. */
int mail_worker_main(void);

#endif
