#include "collector/session.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/sign.h"
#include "base/socket.h"
#include "base/text.h"
#include "base/websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_FRAME 1006 /* RFC 6455, section 7.4.1: it ended without a close frame; never sent */

enum session_state { SESSION_WAITS, SESSION_CONNECTS, SESSION_UPGRADES, SESSION_OPEN, SESSION_STOPPED };

struct session {
    struct session_plan plan;
    struct http *http;
    struct clock clock;
    session_ended ended;
    void (*returned)(void *context);
    void *ended_context, *returned_context;

    enum session_state state;
    struct socket *socket;
    struct buf in, out; /* in: the answer to the upgrade; what comes of frames is not kept */
    struct websocket websocket;
    int64_t due_ms;      /* steady: of the next attempt, the end of this one, or the next ping */
    int64_t opened_ms;   /* steady */
    int64_t retry_ms;    /* before the next attempt */
    double asked_us, pinged_us; /* monotonic: of the upgrade, of the ping */
    uint64_t ping;       /* number of the ping under way, 0: none */
    uint64_t pings;
    bool opened_once, changed;
    bool closed;         /* its close frame came: code and reason stand in the report */
    struct session_report report;
    char words[ERR_TEXT_MAX], told[ERR_TEXT_MAX]; /* told: what the log has heard of this outage */
};

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct session *session_new(struct http *http, const struct clock *clock, const struct session_plan *plan, session_ended ended, void *context)
{
    struct session *session = memory_zeroed(1, sizeof *session);

    session->plan = *plan;
    session->http = http;
    session->clock = *clock;
    session->ended = ended;
    session->ended_context = context;
    session->retry_ms = SESSION_RETRY_MS;
    session->report.words = session->words;
    buf_init(&session->in, WEBSOCKET_ANSWER_MAX + SOCKET_READ_MAX);
    buf_init(&session->out, SESSION_OUT_MAX);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    socket_close(session->socket);
    buf_free(&session->in);
    buf_free(&session->out);
    free(session);
}

/* --- ending */

static void hang_up(struct session *session)
{
    socket_close(session->socket);
    session->socket = NULL;
    session->websocket = (struct websocket){0};
    session->ping = 0;
    buf_free(&session->in);
    buf_free(&session->out);
}

/* The log hears of an outage's beginning, and of each other reason; not of each attempt. */
static void tell_end(struct session *session, bool was_open, int64_t lasted_ms)
{
    if (was_open)
        log_say(LOG_WARN, "session_ended", "%s: %s, after %lld s; connecting again in %lld ms", session->plan.name, session->words,
                (long long)(lasted_ms / 1000), (long long)session->retry_ms);
    else if (strcmp(session->words, session->told) != 0)
        log_say(LOG_WARN, "session_failed", "%s: %s; trying again, at least every %d s", session->plan.name, session->words, SESSION_RETRY_MAX_MS / 1000);
    snprintf(session->told, sizeof session->told, "%s", session->words);
}

static void end(struct session *session, const char *words)
{
    struct instant now = clock_now(&session->clock);
    struct session_report *report = &session->report;
    bool was_open = session->state == SESSION_OPEN;
    int64_t lasted_ms = was_open ? now.steady_ms - session->opened_ms : 0;

    hang_up(session);
    snprintf(session->words, sizeof session->words, "%s", words);
    if (lasted_ms >= SESSION_RETRY_MAX_MS)
        session->retry_ms = SESSION_RETRY_MS;
    tell_end(session, was_open, lasted_ms);
    if (was_open) {
        if (!session->closed)
            report->close_code = NO_FRAME;
        session->ended(session->ended_context, report->close_code);
    }
    session->changed = session->changed || was_open || !report->is_known;
    report->is_known = true;
    report->connected = false;
    if (!report->down_ms)
        report->down_ms = now.wall_ms;
    session->closed = false;
    session->state = SESSION_WAITS;
    session->due_ms = now.steady_ms + session->retry_ms;
    session->retry_ms = session->retry_ms * 2 < SESSION_RETRY_MAX_MS ? session->retry_ms * 2 : SESSION_RETRY_MAX_MS;
}

/* --- speaking */

static bool flush(struct session *session)
{
    struct err err = {0};

    if (session->out.full) {
        end(session, "more pings than can be answered, or it does not read what we send");
        return false;
    }
    if (!session->out.length || socket_write(session->socket, &session->out, &err))
        return true;
    end(session, err.text);
    return false;
}

static void add_frame(struct session *session, enum websocket_code code, const void *data, size_t length)
{
    unsigned char mask[4];

    sign_random(mask, sizeof mask);
    websocket_add(&session->out, code, data, length, mask);
}

static void say_goodbye(struct session *session, enum websocket_end code)
{
    unsigned char mask[4];
    struct err err;

    sign_random(mask, sizeof mask);
    websocket_add_end(&session->out, code, "", mask);
    socket_write(session->socket, &session->out, &err); /* as far as it goes: nobody waits for the answer */
}

static void send_ping(struct session *session, int64_t steady_ms)
{
    session->ping = ++session->pings;
    session->pinged_us = now_us();
    session->due_ms = steady_ms + session->plan.timeout_ms;
    add_frame(session, WEBSOCKET_PING, &session->ping, sizeof session->ping);
    flush(session);
}

/* --- hearing */

static void hear_close(struct session *session, const char *body, size_t length)
{
    struct session_report *report = &session->report;
    struct buf reason = BUF_EMPTY(3 * SESSION_REASON_MAX);
    char words[ERR_TEXT_MAX];
    const char *said;

    report->close_code = websocket_end_code(body, length, &said);
    text_add_clean(&reason, said, strlen(said));
    snprintf(report->close_reason, sizeof report->close_reason, "%.*s",
             (int)(reason.length < SESSION_REASON_MAX ? reason.length : text_prefix(buf_text(&reason), (SESSION_REASON_MAX - 1) / 4)), buf_text(&reason));
    buf_free(&reason);
    const char *known = websocket_end_words(report->close_code);
    snprintf(words, sizeof words, "closed by the exchange: %d%s%s%s%s%s%s", report->close_code, known[0] ? " (" : "", known, known[0] ? ")" : "",
             report->close_reason[0] ? ", \"" : "", report->close_reason, report->close_reason[0] ? "\"" : "");
    session->closed = true;
    if (report->close_code >= 1000 && report->close_code != 1005)
        add_frame(session, WEBSOCKET_CLOSE, body, 2); /* the same code back, section 5.5.1 */
    else
        add_frame(session, WEBSOCKET_CLOSE, "", 0);
    struct err err;
    socket_write(session->socket, &session->out, &err);
    end(session, words);
}

static bool take(void *context, enum websocket_code code, const char *body, size_t length)
{
    struct session *session = context;
    struct instant now = clock_now(&session->clock);

    if (code == WEBSOCKET_CLOSE) {
        hear_close(session, body, length);
        return false;
    }
    if (code == WEBSOCKET_PING)
        add_frame(session, WEBSOCKET_PONG, body, length);
    else if (code == WEBSOCKET_PONG && session->ping && length == sizeof session->ping && memcmp(body, &session->ping, length) == 0) {
        session->report.has_pong = true;
        session->report.ping_ms = (now_us() - session->pinged_us) / 1000;
        session->ping = 0;
        session->due_ms = now.steady_ms + session->plan.ping_ms;
    } else if (code == WEBSOCKET_TEXT || code == WEBSOCKET_BINARY)
        session->report.heard_ms = now.wall_ms;
    return true;
}

static bool hear_frames(struct session *session, const char *data, size_t length)
{
    struct err err = {0};

    if (websocket_hear(&session->websocket, data, length, take, session, &err))
        return session->state == SESSION_OPEN; /* else a close frame was among them */
    say_goodbye(session, WEBSOCKET_WRONG);
    end(session, err.text);
    return false;
}

static void open_session(struct session *session, struct instant now)
{
    struct session_report *report = &session->report;

    report->steps.wait = (now_us() - session->asked_us) / 1000;
    report->has_steps = true; /* a look since the connection may have taken the others */
    report->is_known = report->connected = session->changed = true;
    report->reconnects += session->opened_once;
    log_say(LOG_INFO, "session_open", "%s: connected%s", session->plan.name, session->opened_once ? " again" : "");
    session->opened_once = true;
    report->down_ms = 0;
    session->words[0] = session->told[0] = '\0';
    session->state = SESSION_OPEN;
    session->opened_ms = now.steady_ms;
    if (session->plan.subscribe)
        add_frame(session, WEBSOCKET_TEXT, session->plan.subscribe, strlen(session->plan.subscribe));
    send_ping(session, now.steady_ms); /* how long it takes is wanted at once */
}

/* The answer to the upgrade, and whatever came behind it in the same piece. */
static void hear_answer(struct session *session)
{
    struct err err = {0};
    size_t used;
    int status;

    switch (websocket_answer(buf_text(&session->in), session->in.length, &used, &status, &err)) {
    case WEBSOCKET_WAITS:
        return;
    case WEBSOCKET_REFUSED:
        end(session, err.text);
        return;
    case WEBSOCKET_OPEN:
        open_session(session, clock_now(&session->clock));
    }
    if (session->state != SESSION_OPEN)
        return;
    size_t length;
    char *frames = buf_take(&session->in, &length);
    bool goes_on = length == used || hear_frames(session, frames + used, length - used);
    free(frames);
    if (goes_on)
        flush(session);
}

static void hear(void *context)
{
    struct session *session = context;
    struct err err = {0};
    bool stands = socket_read(session->socket, &session->in, &err);

    if (session->state == SESSION_UPGRADES && session->in.length)
        hear_answer(session);
    else if (session->state == SESSION_OPEN && (!session->in.length || hear_frames(session, session->in.data, session->in.length))) {
        buf_clear(&session->in);
        flush(session);
    }
    if (!stands && (session->state == SESSION_OPEN || session->state == SESSION_UPGRADES))
        end(session, err.text);
}

/* --- connecting */

static void hear_connected(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct session *session = context;
    struct err err = {0};

    (void)tag;
    if (session->state == SESSION_STOPPED) {
        socket_close(reply->socket);
        session->returned(session->returned_context);
        return;
    }
    session->report.steps = reply->steps_ms;
    session->report.has_steps = true; /* how far it came is worth knowing where it failed, too */
    if (reply->end != HTTP_ANSWERED) {
        end(session, reply->err.text);
        return;
    }
    session->socket = reply->socket;
    session->state = SESSION_UPGRADES;
    session->asked_us = now_us();
    if (!websocket_ask(&session->out, session->plan.url, &err)) {
        end(session, err.text);
        return;
    }
    socket_watch(session->socket, hear, session);
    flush(session);
}

static void connect_to(struct session *session, struct instant now)
{
    struct http_request request = {.method = "GET", .url = session->plan.url, .timeout_ms = session->plan.timeout_ms,
                                   .ca_file = session->plan.ca_file, .connect_only = true};
    struct err err = {0};

    session->state = SESSION_CONNECTS;
    session->due_ms = now.steady_ms + session->plan.timeout_ms;
    if (!http_start(session->http, &request, 0, hear_connected, session, &err))
        end(session, err.text);
}

/* --- time */

bool session_turn(struct session *session)
{
    struct instant now = clock_now(&session->clock);
    char words[80];

    if (session->due_ms <= now.steady_ms && session->state == SESSION_WAITS)
        connect_to(session, now);
    else if (session->due_ms <= now.steady_ms && session->state == SESSION_UPGRADES)
        end(session, "Timeout was reached: the upgrade was not answered");
    else if (session->due_ms <= now.steady_ms && session->state == SESSION_OPEN && session->ping) {
        snprintf(words, sizeof words, "no pong within %lld ms", (long long)session->plan.timeout_ms);
        say_goodbye(session, WEBSOCKET_LEAVES);
        end(session, words);
    } else if (session->due_ms <= now.steady_ms && session->state == SESSION_OPEN)
        send_ping(session, now.steady_ms);
    bool changed = session->changed;
    session->changed = false;
    return changed;
}

int64_t session_wait_ms(const struct session *session)
{
    if (session->changed)
        return 0;
    if (session->state == SESSION_CONNECTS || session->state == SESSION_STOPPED) /* libcurl has its own clock */
        return -1;
    int64_t left = session->due_ms - clock_now(&session->clock).steady_ms;
    return left > 0 ? left : 0;
}

void session_look(struct session *session, struct session_report *report)
{
    *report = session->report;
    session->report.has_steps = session->report.has_pong = false;
    session->report.close_code = 0;
    session->report.close_reason[0] = '\0';
}

bool session_stop(struct session *session, void (*returned)(void *context), void *context)
{
    bool connects = session->state == SESSION_CONNECTS;

    if (session->state == SESSION_OPEN)
        say_goodbye(session, WEBSOCKET_LEAVES);
    if (session->socket)
        hang_up(session);
    session->state = SESSION_STOPPED;
    session->returned = returned;
    session->returned_context = context;
    return !connects;
}
