/* What passes between the daemon and its mail worker: a job one way, a verdict back, both JSON. */
#ifndef MAIL_WORKER_MAIL_JOB_H
#define MAIL_WORKER_MAIL_JOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define MAIL_JOB_MAX (8u << 20)        /* bytes of an encoded job */
#define MAIL_VERDICT_MAX (256u << 10)  /* bytes of an encoded verdict */
#define MAIL_JOB_RECIPIENTS_MAX 50
#define MAIL_CREDENTIAL_MAX 255        /* bytes: the PLAIN plugin's buffer holds no more */
#define MAIL_HOST_MAX 253              /* bytes of a host's name, RFC 1035 */

enum mail_tls { MAIL_TLS_REQUIRED, MAIL_TLS_IMPLICIT, MAIL_TLS_OFF };

struct mail_job { /* borrowed texts; secrets among them */
    const char *host, *helo, *from;
    int port;
    enum mail_tls tls;
    const char *ca_file;               /* NULL: the system's */
    bool insecure_skip_verify;
    const char *username, *password;   /* NULL: no AUTH */
    const char *recipients[MAIL_JOB_RECIPIENTS_MAX];
    size_t recipient_count;
    const char *message;               /* complete, CRLF line ends */
    int64_t timeout_ms;                /* of one phase; the whole is the daemon's to watch */
};

/* What is sure about a recipient's mail. */
enum mail_end { MAIL_ANSWERED, MAIL_NOT_SENT, MAIL_UNCLEAR };

struct mail_recipient {
    int code;                          /* last SMTP code that decided; 0: none */
    bool complete;
    enum mail_end end;
    const char *text;                  /* the server's words, its enhanced code ("5.1.1") before them */
};

struct mail_verdict {
    bool session_failed;               /* credentials or TLS: nothing about this mail */
    bool encrypted, authenticated;     /* what the session got to */
    const char *error;                 /* NULL: none */
    struct mail_recipient recipients[MAIL_JOB_RECIPIENTS_MAX];
    size_t recipient_count;
};

/* Written to stdout before the first byte of a message: from here on a silent end is unclear, before it nothing was sent. */
#define MAIL_DATA_MARK "D\n"

void mail_job_write(const struct mail_job *job, struct buf *out);
bool mail_job_read(const char *text, size_t length, struct arena *arena, struct mail_job *job, struct err *err);
void mail_verdict_write(const struct mail_verdict *verdict, struct buf *out);
bool mail_verdict_read(const char *text, size_t length, struct arena *arena, struct mail_verdict *verdict, struct err *err);
/* What must hold of a job before anything is sent. Recipients are judged one by one: a bad one keeps no other waiting. */
bool mail_job_is_sound(const struct mail_job *job, struct err *err);
struct mail_recipient mail_unusable_recipient(void); /* what an unsound address is answered, without asking a server */
/* No recipient's mail was sent, for this reason (borrowed). */
void mail_verdict_none(const struct mail_job *job, const char *error, struct mail_verdict *verdict);

#endif
