#include "routes/call.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char webhook_prefix[] = "/api/v1/webhook/";

struct call *call_new(const char *target)
{
    struct call *call = memory_zeroed(1, sizeof *call);

    call->arena = arena_new();
    call->target = arena_text(call->arena, target);
    call->path.text = call->prefix = "";
    call->method = call->version = "";
    buf_init(&call->answer, CALL_ANSWER_MAX);
    return call;
}

void call_list_add(struct call **first, struct call *call)
{
    call->next = *first;
    if (*first)
        (*first)->previous = call;
    *first = call;
}

void call_list_remove(struct call **first, struct call *call)
{
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        *first = call->next;
}

static void call_free(struct call *call)
{
    if (call->stream.closed)
        call->stream.closed(call->stream.context);
    buf_free(&call->body);
    buf_free(&call->answer);
    arena_free(call->arena);
    free(call);
}

void call_connection_gone(struct call *call)
{
    call->gone = true;
    if (!call->owed)
        call_free(call);
}

const char *call_method(const struct call *call) { return call->method; }
const char *call_target(const struct call *call) { return call->target; }
const char *call_prefix(const struct call *call) { return call->prefix; }
const char *call_who(const struct call *call) { return call->who ? call->who : ""; }
const char *call_source(const struct call *call) { return call->source ? call->source : "api"; }
bool call_may(const struct call *call, enum access access) { return call->granted >= access; }

const char *call_via(const struct call *call) { return call->via ? call->via : ""; }
const char *call_csrf_token(const struct call *call) { return call->csrf; }

const char *call_address(struct call *call)
{
    char text[ADDRESS_TEXT_MAX];

    address_write(&call->client, text);
    return arena_text(call->arena, text);
}

bool call_changes(const struct call *call)
{
    return !text_equal(call->method, "GET") && !text_equal(call->method, "HEAD") && !text_equal(call->method, "OPTIONS");
}

bool call_is_browsers(const struct call *call)
{
    const char *accept = call_header(call, "Accept");

    return accept && strstr(accept, "text/html") && !text_starts(call->target, "/api/");
}

static const char *find(const struct path_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const char *call_param(const struct call *call, const char *name)
{
    return find(call->params, call->param_count, name);
}

const char *call_argument(const struct call *call, const char *name)
{
    return find(call->path.arguments, call->path.argument_count, name);
}

size_t call_arguments(const struct call *call, const char *name, const char **out, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < call->path.argument_count && count < max; i++)
        if (strcmp(call->path.arguments[i].name, name) == 0)
            out[count++] = call->path.arguments[i].value;
    return count;
}

/* A body that is no form has no fields. */
static void read_form(struct call *call)
{
    const char *type = text_or(call_header(call, "Content-Type"), "");
    struct err ignored;

    call->form = ARENA_NEW(call->arena, struct path_pair, CALL_ARGUMENTS_MAX);
    if (strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0 || !call->body.length || memchr(call->body.data, 0, call->body.length))
        return;
    if (!path_parse_pairs(call->arena, buf_text(&call->body), call->form, &call->form_count, &ignored))
        call->form_count = 0;
}

const char *call_form(struct call *call, const char *name)
{
    if (!call->form)
        read_form(call);
    return find(call->form, call->form_count, name);
}

size_t call_forms(struct call *call, const char *name, const char **out, size_t max)
{
    size_t count = 0;

    if (!call->form)
        read_form(call);
    for (size_t i = 0; i < call->form_count && count < max; i++)
        if (strcmp(call->form[i].name, name) == 0)
            out[count++] = call->form[i].value;
    return count;
}

static void cut_text(struct buf *text, size_t length)
{
    if (text->length <= length)
        return;
    while (length && (text->data[length] & 0xc0) == 0x80) /* not inside a character */
        length--;
    buf_cut(text, length);
}

void call_describe(struct call *call, const char *format, ...)
{
    struct buf text = BUF_EMPTY(16 * 1024), clean = BUF_EMPTY(64 * 1024);
    va_list args;

    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    text_add_clean(&clean, buf_text(&text), text.length);
    cut_text(&clean, CALL_WHY_MAX - 1);
    call->deed = arena_text(call->arena, buf_text(&clean));
    buf_free(&text);
    buf_free(&clean);
}

const char *call_header(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++)
        if (strcasecmp(call->headers[i].name, name) == 0)
            return call->headers[i].value;
    return NULL;
}

size_t call_count_headers(const struct call *call, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < call->header_count; i++)
        count += strcasecmp(call->headers[i].name, name) == 0;
    return count;
}

bool call_add_header(struct call *call, const char *name, const char *value)
{
    if (call->header_count == CALL_HEADERS_MAX)
        return false;
    call->headers[call->header_count++] =
        (struct path_pair){arena_text(call->arena, name), arena_text(call->arena, value ? value : "")};
    return true;
}

const void *call_body(const struct call *call, size_t *length)
{
    *length = call->body.length;
    return buf_text(&call->body);
}

bool call_is_webhook(const struct call *call)
{
    return text_starts(call->target, webhook_prefix);
}

bool call_content_length(const struct call *call, uint64_t *length)
{
    const char *text = call_header(call, "Content-Length");

    *length = 0;
    if (!text)
        return false;
    for (; *text >= '0' && *text <= '9' && *length < UINT64_MAX / 100; text++)
        *length = *length * 10 + (uint64_t)(*text - '0');
    return true;
}

/* RFC 9110, 5.6.2. A name with a blank in it is another header to the next server in line. */
static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return text[0] && strspn(text, allowed) == strlen(text);
}

bool call_check_framing(const struct call *call, struct err *err)
{
    const char *length = call_header(call, "Content-Length"), *coding = call_header(call, "Transfer-Encoding");

    if (!text_equal(call->version, "HTTP/1.1") && !text_equal(call->version, "HTTP/1.0"))
        return err_set(err, ERR_INPUT, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (!is_token(call->method))
        return err_set(err, ERR_INPUT, "the method is no word");
    for (size_t i = 0; i < call->header_count; i++)
        if (!is_token(call->headers[i].name))
            return err_set(err, ERR_INPUT, "a header's name is no word");
    if (call_count_headers(call, "Host") > 1)
        return err_set(err, ERR_INPUT, "more than one Host header");
    if (length && coding)
        return err_set(err, ERR_INPUT, "both Content-Length and Transfer-Encoding");
    if (call_count_headers(call, "Content-Length") > 1 || call_count_headers(call, "Transfer-Encoding") > 1)
        return err_set(err, ERR_INPUT, "Content-Length or Transfer-Encoding more than once");
    if (length && (!length[0] || strspn(length, "0123456789") != strlen(length) || strlen(length) > 18))
        return err_set(err, ERR_INPUT, "Content-Length is not a number");
    if (coding && (strcasecmp(coding, "chunked") != 0 || text_equal(call->version, "HTTP/1.0")))
        return err_set(err, ERR_INPUT, "the only Transfer-Encoding understood is chunked");
    return true;
}

void call_set_header(struct call *call, const char *name, const char *value)
{
    size_t index = 0;

    if (call->abandoned)
        return;
    while (index < call->answer_header_count && strcasecmp(call->answer_headers[index].name, name) != 0)
        index++;
    assert(index < CALL_ANSWER_HEADERS_MAX);
    char *clean = arena_text(call->arena, value);
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    call->answer_headers[index] = (struct path_pair){arena_text(call->arena, name), clean};
    if (index == call->answer_header_count)
        call->answer_header_count++;
}

void call_explain(struct call *call, const char *why)
{
    struct buf clean = BUF_EMPTY(CALL_WHY_MAX * 4);

    text_add_clean(&clean, why, strnlen(why, CALL_WHY_MAX));
    snprintf(call->why, sizeof call->why, "%s", buf_text(&clean));
    buf_free(&clean);
}

static void answer_done(struct call *call)
{
    if (call->abandoned) { /* its caller has long been told 503 */
        call->owed = false;
        if (call->gone)
            call_free(call);
        return;
    }
    assert(!call->answered);
    call->answered = true;
    if (call->told && call->audit_id)
        call->told(call->told_context, call);
    call->owed = false;
    if (call->gone)
        call_free(call);
    else if (call->wake)
        call->wake(call);
}

static void answer(struct call *call, int status, const char *content_type, const void *body, size_t length)
{
    if (!call->abandoned) {
        call->status = status;
        call->content_type = arena_text(call->arena, content_type);
        buf_clear(&call->answer);
        if (!buf_add(&call->answer, body ? body : "", body ? length : 0)) {
            call->status = 500;
            call->content_type = "text/plain; charset=utf-8";
            buf_clear(&call->answer);
            buf_add_text(&call->answer, "the answer is too long; ask for less with limit=\n");
        }
    }
    answer_done(call);
}

void call_answer(struct call *call, int status, const char *content_type, const void *body, size_t length)
{
    assert(status >= 200 && status < 600 && (status < 300 || status == 304 || status >= 400)); /* never a redirect */
    answer(call, status, content_type, body, length);
}

void call_answer_stream(struct call *call, const char *content_type, const struct call_stream *stream)
{
    if (call->abandoned || call->gone) {
        stream->closed(stream->context);
        answer_done(call);
        return;
    }
    call->stream = *stream;
    answer(call, 200, content_type, NULL, 0);
}

void call_stream_wake(struct call *call)
{
    if (call->wake)
        call->wake(call);
}

void call_see_page(struct call *call, const char *path)
{
    static const char done[] = "done\n";

    assert(path[0] == '/' && path[1] != '/' && path[1] != '\\');
    assert(strcmp(call->method, "POST") == 0 && call->route->access != ACCESS_SOURCE && !text_starts(call->target, "/api/"));
    call_set_header(call, "Location", arena_printf(call->arena, "%s%s", call->prefix, path));
    answer(call, 303, "text/plain; charset=utf-8", done, sizeof done - 1);
}

void call_answer_text(struct call *call, int status, const char *text)
{
    const char *line = arena_printf(call->arena, "%s\n", text);

    call_answer(call, status, "text/plain; charset=utf-8", line, strlen(line));
}

void call_answer_json(struct call *call, int status, const struct buf *json)
{
    call_answer(call, status, "application/json", buf_text(json), json->length);
}

/* Grafana shows the first 1024 bytes of a refusal to its user: one plain line. API clients read JSON, people a page. */
static void write_failure(struct call *call, int status, const char *error, const char *detail)
{
    if (call->refuse && call_is_browsers(call)) {
        void (*refuse)(struct call *, int, const char *, const char *) = call->refuse;
        char *title = arena_text(call->arena, error);
        title[0] = (char)toupper((unsigned char)title[0]);
        call->refuse = NULL; /* a page that fails itself ends in plain words */
        refuse(call, status, title, detail[0] ? detail : error);
        return;
    }
    if (call_is_webhook(call) || !text_starts(call->target, "/api/")) {
        call_answer_text(call, status, detail[0] ? detail : error);
        return;
    }
    struct buf json = BUF_EMPTY(16 * 1024);
    struct json_out out = json_out(&json);
    json_open(&out, '{');
    json_set_text(&out, "error", error);
    json_set_text(&out, "detail", detail);
    json_shut(&out, '}');
    buf_add_char(&json, '\n');
    call_answer_json(call, status, &json);
    buf_free(&json);
}

void call_fail(struct call *call, int status, const char *error, const char *format, ...)
{
    struct buf detail = BUF_EMPTY(16 * 1024);
    va_list args;

    va_start(args, format);
    buf_addv(&detail, format, args);
    va_end(args);
    struct buf clean = BUF_EMPTY(64 * 1024);
    text_add_clean(&clean, buf_text(&detail), detail.length);
    cut_text(&clean, CALL_WHY_MAX - 1);
    if (!call->abandoned)
        snprintf(call->why, sizeof call->why, "%s", buf_text(&clean));
    write_failure(call, status, error, buf_text(&clean));
    buf_free(&clean);
    buf_free(&detail);
}

void call_abandon(struct call *call, int status, const char *error, const char *detail)
{
    bool owed = call->owed;
    void (*wake)(struct call *) = call->wake;

    assert(!call->answered);
    call->wake = NULL;
    call->owed = true; /* not freed in between */
    write_failure(call, status, error, detail);
    call->owed = owed;
    call->abandoned = true;
    call->wake = wake;
    wake(call);
}
