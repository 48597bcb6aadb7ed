/* TLS from the first byte (port 465), which libesmtp cannot: libcurl's SMTP. It tells of no recipient's fate, so the
 * commands and answers are read as they pass. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/mail-worker/session.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES 512

enum step { STEP_HELLO, STEP_AUTH, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_BODY };

struct upload {
    const struct mail_job *job;
    struct arena *arena;
    struct mail_verdict verdict;
    size_t asked[MAIL_JOB_RECIPIENTS_MAX]; /* recipients in the order of their RCPT */
    size_t asked_count, answered, sent;    /* sent: bytes of the message */
    enum step step;                        /* whose answer comes next */
    bool leaving;                          /* QUIT was said: what comes now tells nothing */
    int code;                              /* of the answer to it; 0: none yet */
    char words[LINE_MAX_BYTES];            /* behind the code */
};

/* curl would go on without AUTH where a server does not offer it. */
static size_t give(char *out, size_t size, size_t count, void *context)
{
    struct upload *upload = context;
    size_t room = size * count, left = strlen(upload->job->message) - upload->sent, take = left < room ? left : room;

    if (upload->job->username && !upload->verdict.authenticated)
        return CURL_READFUNC_ABORT;
    mail_mark_data();
    upload->step = STEP_BODY;
    memcpy(out, upload->job->message + upload->sent, take);
    upload->sent += take;
    return take;
}

static void see_command(struct upload *upload, const char *text, size_t size)
{
    static const struct {
        const char *verb;
        enum step step;
    } verbs[] = {{"AUTH ", STEP_AUTH}, {"MAIL FROM:", STEP_MAIL}, {"RCPT TO:", STEP_RCPT}, {"DATA", STEP_DATA}};

    upload->leaving = upload->leaving || (size >= 4 && strncasecmp(text, "QUIT", 4) == 0);
    for (size_t i = 0; i < LENGTH(verbs); i++)
        if (size >= strlen(verbs[i].verb) && strncasecmp(text, verbs[i].verb, strlen(verbs[i].verb)) == 0) {
            upload->step = verbs[i].step;
            upload->code = 0; /* not answered yet */
            upload->words[0] = '\0';
        }
}

static void see_answer(struct upload *upload, const char *text, size_t size)
{
    struct buf line = BUF_EMPTY(LINE_MAX_BYTES - 1);
    char code[4] = {0};

    if (upload->leaving || size < 3 || (size > 3 && text[3] == '-'))
        return; /* with '-' more lines come */
    upload->verdict.encrypted = true;
    memcpy(code, text, 3);
    upload->code = (int)strtol(code, NULL, 10);
    while (size && strchr("\r\n", text[size - 1]))
        size--;
    text_add_clean(&line, size > 4 ? text + 4 : "", size > 4 ? (size < LINE_MAX_BYTES / 4 ? size : LINE_MAX_BYTES / 4) - 4 : 0);
    snprintf(upload->words, sizeof upload->words, "%s", buf_text(&line));
    buf_free(&line);
    if (upload->step == STEP_AUTH && upload->code == 235)
        upload->verdict.authenticated = true;
    if (upload->step == STEP_RCPT && upload->answered < upload->asked_count)
        upload->verdict.recipients[upload->asked[upload->answered++]] = (struct mail_recipient){
            upload->code, upload->code >= 500, MAIL_ANSWERED, arena_text(upload->arena, upload->words)};
}

static int watch(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        see_command(context, data, size);
    if (type == CURLINFO_HEADER_IN)
        see_answer(context, data, size);
    return 0;
}

static void judge_recipient(struct upload *upload, CURLcode result, struct mail_recipient *recipient)
{
    bool refused = upload->code >= 400 && (upload->step == STEP_MAIL || upload->step == STEP_DATA || upload->step == STEP_BODY);

    if (recipient->code >= 400)
        return;
    bool accepted = recipient->code >= 200;
    *recipient = (struct mail_recipient){.end = MAIL_NOT_SENT, .text = arena_text(upload->arena, upload->words)};
    if ((result == CURLE_OK && accepted) || (refused && (accepted || upload->step == STEP_MAIL))) {
        recipient->end = MAIL_ANSWERED;
        recipient->code = upload->code;
        recipient->complete = result == CURLE_OK || upload->code >= 500;
    } else if (accepted && upload->step == STEP_BODY)
        recipient->end = MAIL_UNCLEAR;
}

static void judge(struct upload *upload, CURLcode result)
{
    struct mail_verdict *verdict = &upload->verdict;
    const struct mail_job *job = upload->job;
    bool unasked = job->username && !verdict->authenticated && result == CURLE_ABORTED_BY_CALLBACK;

    verdict->session_failed = unasked || result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
                              (result == CURLE_LOGIN_DENIED && upload->code >= 500) ||
                              (upload->step == STEP_MAIL && upload->code == 530);
    if (unasked)
        verdict->error = "the server offers no way to give username and password";
    else if (result == CURLE_LOGIN_DENIED)
        verdict->error = arena_printf(upload->arena, "the server refused username and password: %d %s", upload->code, upload->words);
    else if (result != CURLE_OK)
        verdict->error = arena_printf(upload->arena, "%s%s%s", curl_easy_strerror(result), upload->words[0] ? ": " : "", upload->words);
    for (size_t i = 0; i < job->recipient_count; i++)
        judge_recipient(upload, result, &verdict->recipients[i]);
}

static struct curl_slist *add_recipients(struct upload *upload)
{
    struct curl_slist *list = NULL;

    for (size_t i = 0; i < upload->job->recipient_count; i++) {
        if (!text_is_address(upload->job->recipients[i])) {
            upload->verdict.recipients[i] = mail_unusable_recipient();
            continue;
        }
        list = curl_slist_append(list, upload->job->recipients[i]);
        upload->asked[upload->asked_count++] = i;
    }
    upload->verdict.recipient_count = upload->job->recipient_count;
    return list;
}

static void configure(CURL *easy, struct upload *upload, struct curl_slist *recipients)
{
    const struct mail_job *job = upload->job;

    curl_easy_setopt(easy, CURLOPT_URL, arena_printf(upload->arena, "smtps://%s:%d/%s", job->host, job->port, text_or(job->helo, "")));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, job->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, upload);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* what it says, secrets too, goes to watch() alone */
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, upload);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)job->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((job->timeout_ms + 999) / 1000));
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
}

void smtps_run(const struct mail_job *job, struct arena *arena)
{
    struct upload upload = {.job = job, .arena = arena};
    struct curl_slist *recipients = add_recipients(&upload);

    curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_get, free, memory_resized, memory_text, memory_zeroed);
    CURL *easy = curl_easy_init();
    if (!easy)
        err_memory();
    configure(easy, &upload, recipients);
    if (recipients)
        judge(&upload, curl_easy_perform(easy));
    mail_say_verdict(&upload.verdict);
    curl_easy_cleanup(easy); /* says good-bye */
    curl_slist_free_all(recipients);
}
