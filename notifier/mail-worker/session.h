/* The two ways a mail leaves: libesmtp (STARTTLS or none) and libcurl (TLS from the first byte). */
#ifndef MAIL_WORKER_SESSION_H
#define MAIL_WORKER_SESSION_H

#include "notifier/mail-worker/mail_job.h"

void esmtp_run(const struct mail_job *job, struct arena *arena, struct mail_verdict *verdict);
void smtps_run(const struct mail_job *job, struct arena *arena, struct mail_verdict *verdict);
/* Says that message bytes leave from here on. */
void mail_mark_data(void);

#endif
