/* Mail jobs in worker processes: started, watched, killed at their deadline. The deadline is the channel's timeout,
 * for the wait in our queue and for the session each. */
#ifndef TRANSPORT_MAIL_H
#define TRANSPORT_MAIL_H

#include "notifier/transport/transport.h"

#define MAIL_WORKERS_MAX 4       /* processes at once for one server: one that hangs holds up no other */
#define MAIL_WORKERS_ALL_MAX 32  /* processes at once */
#define MAIL_QUEUE_MAX 1000      /* jobs waiting for a place; one more is answered as not sent */

struct mail;

struct mail *mail_new(struct loop *loop, transport_reply reply, void *context, struct err *err);
void mail_send(struct mail *mail, const struct channel_config *config, const struct request *request, uint64_t tag);
void mail_run(struct mail *mail);      /* each turn, and by a timer of its own: deadlines, and jobs that now find a place */
size_t mail_in_flight(const struct mail *mail);
void mail_free(struct mail *mail);     /* kills what runs; no more replies */

#endif
