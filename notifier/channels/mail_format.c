#include "notifier/channels/mail_format.h"

#include "base/sign.h"
#include "base/text.h"

#include <string.h>

#define WORD_BYTES_MAX 42  /* of UTF-8 in one encoded word: =?UTF-8?B?…?= stays below 75 */
#define LINE_MAX_OCTETS 76

static bool is_plain(const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c >= 0x7f)
            return false;
    return strlen(value) < 900 && !strstr(value, "=?");
}

/* At most `most` bytes that end on a character's border. */
static size_t chunk(const char *text, size_t most)
{
    size_t length = strlen(text);
    if (length <= most)
        return length;
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void mail_add_header(struct buf *out, const char *name, const char *value)
{
    struct buf clean = BUF_EMPTY(16 * 1024);

    text_add_clean(&clean, value, strnlen(value, 4096));
    for (size_t i = 0; i < clean.length; i++)
        if (clean.data[i] == '\n' || clean.data[i] == '\t')
            clean.data[i] = ' ';
    const char *text = buf_text(&clean);
    buf_addf(out, "%s:", name);
    if (is_plain(text)) {
        /* Folded between words, so that no line passes its bound. */
        size_t column = strlen(name) + 1;
        while (*text) {
            size_t word = strcspn(text, " ");
            if (column + 1 + word > LINE_MAX_OCTETS && column > strlen(name) + 1) {
                buf_add_text(out, "\r\n");
                column = 0;
            }
            buf_add_char(out, ' ');
            buf_add(out, text, word);
            column += 1 + word;
            text += word + strspn(text + word, " ");
        }
    } else
        for (bool first = true; *text; first = false) {
            size_t length = chunk(text, WORD_BYTES_MAX);
            buf_add_text(out, first ? " =?UTF-8?B?" : "\r\n =?UTF-8?B?");
            sign_add_base64(out, text, length);
            buf_add_text(out, "?=");
            text += length;
        }
    buf_add_text(out, "\r\n");
    buf_free(&clean);
}

/* Base64 whatever it is: no label can then end the message or a MIME part early. */
static void add_part(struct buf *out, const char *boundary, const char *type, const struct buf *body)
{
    struct buf encoded = BUF_EMPTY(8u << 20);

    sign_add_base64(&encoded, buf_text(body), body->length);
    buf_addf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, type);
    for (size_t at = 0; at < encoded.length; at += LINE_MAX_OCTETS) {
        size_t length = encoded.length - at < LINE_MAX_OCTETS ? encoded.length - at : LINE_MAX_OCTETS;
        buf_add(out, encoded.data + at, length);
        buf_add_text(out, "\r\n");
    }
    buf_free(&encoded);
}

static void add_text_body(struct buf *out, const struct page *page, const struct sending *sending)
{
    buf_addf(out, "%s%s\n\n", text_or(page->status_line, "FIRING"), sending->repeat ? " (repeat)" : "");
    page_add_plain(out, page);
    if (page->description)
        buf_addf(out, "\n\n%s", page->description);
    if (page->field_count)
        buf_add_text(out, "\n");
    for (size_t i = 0; i < page->field_count; i++)
        buf_addf(out, "\n%s: %s", page->fields[i].name, page->fields[i].value);
    buf_addf(out, "\n\n%s\n", text_or(page->why, ""));
}

static void add_row(struct buf *out, const char *name, const char *value)
{
    buf_add_text(out, "<tr><td style=\"padding:2px 12px 2px 0;color:#667085\">");
    text_add_html(out, name);
    buf_add_text(out, "</td><td>");
    text_add_html(out, value);
    buf_add_text(out, "</td></tr>\n");
}

static void add_html_body(struct buf *out, const struct page *page, const struct sending *sending)
{
    static const char *const colours[] = {[TONE_CRITICAL] = "#d92d20", [TONE_WARNING] = "#b54708", [TONE_INFO] = "#175cd3",
                                          [TONE_RESOLVED] = "#027a48", [TONE_STOPPED] = "#475467", [TONE_TEST] = "#5925dc"};

    buf_add_text(out, "<!doctype html>\n<html><body style=\"font-family:sans-serif;font-size:15px\">\n");
    buf_addf(out, "<p style=\"color:%s;font-weight:bold\">%s%s</p>\n<p style=\"font-size:17px\">%s ", colours[page->tone],
             text_or(page->status_line, "FIRING"), sending->repeat ? " (repeat)" : "", text_or(page->icon, ""));
    text_add_html(out, text_or(page->title, ""));
    buf_add_text(out, "</p>\n");
    const char *paragraphs[] = {page->late, page->context, page->when, page->description, page->footer};
    for (size_t i = 0; i < LENGTH(paragraphs); i++)
        if (paragraphs[i]) {
            buf_add_text(out, "<p style=\"white-space:pre-wrap\">");
            text_add_html(out, paragraphs[i]);
            buf_add_text(out, "</p>\n");
        }
    if (page->line_count)
        buf_add_text(out, "<ul>\n");
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "<li>%s ", page->lines[i].icon);
        text_add_html(out, page->lines[i].text);
        buf_add_text(out, "</li>\n");
    }
    if (page->line_count)
        buf_add_text(out, "</ul>\n");
    if (page->more)
        buf_addf(out, "<p>+%u more</p>\n", page->more);
    buf_add_text(out, "<table>\n");
    for (size_t i = 0; i < page->field_count; i++)
        add_row(out, page->fields[i].name, page->fields[i].value);
    buf_add_text(out, "</table>\n<p>");
    for (size_t i = 0; i < page->link_count; i++) {
        buf_addf(out, "%s<a href=\"", i ? " · " : "");
        text_add_html(out, page->links[i].url);
        buf_add_text(out, "\">");
        text_add_html(out, page->links[i].name);
        buf_add_text(out, "</a>");
    }
    buf_add_text(out, "</p>\n<p style=\"color:#667085;font-size:12px\">");
    text_add_html(out, text_or(page->why, ""));
    buf_addf(out, " · %s</p>\n</body></html>\n", text_or(page->reference, ""));
}

static void add_date(struct buf *out, const struct sending *sending)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil t = zone_civil(NULL, sending->now_wall_ms + sending->zone_offset_s * 1000LL);
    int minutes = sending->zone_offset_s / 60;

    buf_addf(out, "Date: %s, %d %s %04d %02d:%02d:%02d %c%02d%02d\r\n", days[t.weekday], t.day, months[t.month - 1], t.year, t.hour,
             t.minute, t.second, minutes < 0 ? '-' : '+', (minutes < 0 ? -minutes : minutes) / 60,
             (minutes < 0 ? -minutes : minutes) % 60);
}

/* An incident's first mail has the id its later ones refer to; a repeat has the id it had. */
static void add_ids(struct buf *out, const struct sending *sending, const struct page *page)
{
    const char *host = text_or(sending->host_name, "notifier.invalid");
    unsigned long long incident = sending->incident_id, message = sending->message_id;
    bool root = page->reason == REASON_FIRST || page->reason == REASON_FIRED_AND_RESOLVED;

    if (root && !sending->root_remote)
        buf_addf(out, "Message-ID: <g-%llu@%s>\r\n", incident, host);
    else
        buf_addf(out, "Message-ID: <d-%llu-%llu@%s>\r\nIn-Reply-To: <g-%llu@%s>\r\nReferences: <g-%llu@%s>\r\n",
                 (unsigned long long)sending->delivery_id, message, host, incident, host, incident, host);
}

static void add_recipients(struct buf *out, const char *const *to, size_t count)
{
    buf_add_text(out, "To: ");
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? ",\r\n " : "", to[i]);
    buf_add_text(out, "\r\n");
}

void mail_format(const struct channel_config *config, const struct sending *sending, const struct page *page, const char *const *to,
                 size_t to_count, struct arena *arena, struct buf *out)
{
    struct buf text = BUF_EMPTY(1u << 20), html = BUF_EMPTY(1u << 20);
    const char *boundary = arena_printf(arena, "=_notifier_%llu_%llu", (unsigned long long)sending->delivery_id,
                                        (unsigned long long)sending->message_id);
    bool plain = sending->form != FORM_RICH;

    add_date(out, sending);
    mail_add_header(out, "From", config->from);
    add_recipients(out, to, to_count);
    mail_add_header(out, "Subject", text_or(page->subject, page->title));
    add_ids(out, sending, page);
    buf_addf(out, "List-Id: <alerts.%s>\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n",
             text_or(sending->host_name, "notifier.invalid"));
    if (page->tone == TONE_CRITICAL)
        buf_add_text(out, "Importance: high\r\nX-Priority: 1\r\n");
    buf_addf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
    if (sending->form == FORM_MINIMAL)
        buf_add_text(&text, page_minimal(page, sending, arena));
    else
        add_text_body(&text, page, sending);
    add_part(out, boundary, "text/plain", &text);
    if (!plain) {
        add_html_body(&html, page, sending);
        add_part(out, boundary, "text/html", &html);
    }
    buf_addf(out, "--%s--\r\n", boundary);
    buf_free(&text);
    buf_free(&html);
}
