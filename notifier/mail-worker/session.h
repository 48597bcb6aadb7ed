/* The two ways a mail leaves: libesmtp (STARTTLS or none) and libcurl (TLS from the first byte). */
#ifndef MAIL_WORKER_SESSION_H
#define MAIL_WORKER_SESSION_H

#include "notifier/mail-worker/mail_job.h"

#define MAIL_QUIT_S 2 /* how long a server may take over our good-bye, once all is known */

/* Each runs one session and says its verdict as soon as all is known, before the good-byes. */
void esmtp_run(const struct mail_job *job, struct arena *arena);
void smtps_run(const struct mail_job *job, struct arena *arena);
/* Says that message bytes leave from here on. */
void mail_mark_data(void);
/* Hands the verdict to the daemon, once; the process then has MAIL_QUIT_S left. */
void mail_say_verdict(const struct mail_verdict *verdict);

#endif
