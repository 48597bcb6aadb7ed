/* TLS from the first byte (port 465), which libesmtp cannot: libcurl's SMTP. It tells of no recipient's fate, so the
 * server's lines are read as they pass. */
#include "base/text.h"
#include "notifier/mail-worker/session.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct upload {
    const struct mail_job *job;
    struct arena *arena;
    struct mail_verdict *verdict;
    size_t sent, asked, answered; /* bytes; RCPT commands; their replies */
    bool data_sent;
    int last_code;
    char last_reply[512];
};

static size_t give(char *out, size_t size, size_t count, void *context)
{
    struct upload *upload = context;
    size_t room = size * count, left = strlen(upload->job->message) - upload->sent, take = left < room ? left : room;

    mail_mark_data();
    upload->data_sent = true;
    memcpy(out, upload->job->message + upload->sent, take);
    upload->sent += take;
    return take;
}

static int watch(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    struct upload *upload = context;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT && size > 8 && strncasecmp(data, "RCPT TO:", 8) == 0)
        upload->asked++;
    if (type != CURLINFO_HEADER_IN || size < 4 || data[3] == '-')
        return 0;
    size_t length = size < sizeof upload->last_reply - 1 ? size : sizeof upload->last_reply - 1;
    memcpy(upload->last_reply, data, length);
    upload->last_reply[length] = '\0';
    upload->last_reply[strcspn(upload->last_reply, "\r\n")] = '\0';
    upload->last_code = (int)strtol(upload->last_reply, NULL, 10);
    if (upload->answered < upload->asked && upload->answered < upload->job->recipient_count) {
        struct mail_recipient *recipient = &upload->verdict->recipients[upload->answered++];
        *recipient = (struct mail_recipient){upload->last_code, upload->last_code >= 500, MAIL_ANSWERED,
                                             arena_text(upload->arena, upload->last_reply)};
    }
    return 0;
}

static void judge(struct upload *upload, CURLcode code)
{
    struct mail_verdict *verdict = upload->verdict;

    verdict->session_failed = code == CURLE_LOGIN_DENIED || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    if (code != CURLE_OK)
        verdict->error = arena_printf(upload->arena, "%s%s%s", curl_easy_strerror(code), upload->last_reply[0] ? ": " : "",
                                      upload->last_reply);
    for (size_t i = 0; i < upload->job->recipient_count; i++) {
        struct mail_recipient *recipient = &verdict->recipients[i];
        if (recipient->code >= 400)
            continue;
        recipient->complete = code == CURLE_OK;
        if (code == CURLE_OK || (upload->data_sent && upload->last_code >= 400)) {
            recipient->code = upload->last_code;
            recipient->end = MAIL_ANSWERED;
            recipient->text = arena_text(upload->arena, upload->last_reply);
        } else {
            recipient->code = 0;
            recipient->end = upload->data_sent ? MAIL_UNCLEAR : MAIL_NOT_SENT;
        }
    }
    verdict->recipient_count = upload->job->recipient_count;
}

void smtps_run(const struct mail_job *job, struct arena *arena, struct mail_verdict *verdict)
{
    struct upload upload = {.job = job, .arena = arena, .verdict = verdict};
    struct curl_slist *recipients = NULL;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    if (!easy)
        abort();
    for (size_t i = 0; i < job->recipient_count; i++) {
        recipients = curl_slist_append(recipients, job->recipients[i]);
        verdict->recipients[i].end = MAIL_NOT_SENT;
    }
    curl_easy_setopt(easy, CURLOPT_URL, arena_printf(arena, "smtps://%s:%d/%s", job->host, job->port, text_or(job->helo, "")));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, job->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, &upload);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* what it says goes to watch() alone */
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &upload);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)job->timeout_ms);
    if (job->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca_file);
    if (job->insecure_skip_verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (job->username) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, job->username);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, job->password);
    }
    judge(&upload, curl_easy_perform(easy));
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
}
