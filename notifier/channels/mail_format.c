#include "notifier/channels/mail_format.h"

#include "base/sign.h"
#include "base/text.h"

#include <string.h>

#define WORD_BYTES_MAX 39  /* of UTF-8 in one encoded word: "Subject: =?UTF-8?B?...?=" stays within a line */
#define LINE_MAX_OCTETS 76
#define PLAIN_WORD_MAX 60  /* octets of an ASCII word that may stand unencoded: it could not be folded */
#define TONES 6

/* True for what may stand as it is: ASCII, foldable, and not to be mistaken for an encoded word. */
static bool is_plain(const char *value)
{
    size_t word = 0;

    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        word = *c == ' ' ? 0 : word + 1;
        if (*c < 0x20 || *c >= 0x7f || word > PLAIN_WORD_MAX)
            return false;
    }
    return !strstr(value, "=?");
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

/* Base64 whatever it is: no label can then end the message or a MIME part early. Text has CRLF line ends (RFC 2046, 4.1.1). */
static void add_part(struct buf *out, const char *boundary, const char *type, const struct buf *body)
{
    struct buf lines = BUF_EMPTY(4u << 20), encoded = BUF_EMPTY(8u << 20);

    for (const char *c = buf_text(body); *c; c++) {
        if (*c == '\n')
            buf_add_char(&lines, '\r');
        buf_add_char(&lines, *c);
    }
    sign_add_base64(&encoded, buf_text(&lines), lines.length);
    buf_addf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, type);
    for (size_t at = 0; at < encoded.length; at += LINE_MAX_OCTETS) {
        size_t length = encoded.length - at < LINE_MAX_OCTETS ? encoded.length - at : LINE_MAX_OCTETS;
        buf_add(out, encoded.data + at, length);
        buf_add_text(out, "\r\n");
    }
    buf_free(&lines);
    buf_free(&encoded);
}

static void add_text_body(struct buf *out, const struct page *page, const struct sending *sending)
{
    if (page->own.text) {
        buf_addf(out, "%s%s\n", sending->repeat ? "(repeat)\n\n" : "", page->own.text);
        if (page->own.footer)
            buf_addf(out, "\n%s\n", page->own.footer);
        return;
    }
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

static void add_paragraph(struct buf *out, const char *text)
{
    if (!text)
        return;
    buf_add_text(out, "<p style=\"white-space:pre-wrap\">");
    text_add_html(out, text);
    buf_add_text(out, "</p>\n");
}

static void add_anchor(struct buf *out, const char *name, const char *url)
{
    buf_add_text(out, "<a href=\"");
    text_add_html(out, url);
    buf_add_text(out, "\">");
    text_add_html(out, name);
    buf_add_text(out, "</a>");
}

static void add_html_lines(struct buf *out, const struct page *page)
{
    if (page->line_count)
        buf_add_text(out, "<ul>\n");
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "<li>%s ", page->lines[i].icon);
        if (page->lines[i].url)
            add_anchor(out, page->lines[i].text, page->lines[i].url);
        else
            text_add_html(out, page->lines[i].text);
        buf_add_text(out, "</li>\n");
    }
    if (page->line_count)
        buf_add_text(out, "</ul>\n");
    if (!page->more)
        return;
    buf_addf(out, "<p>+%u more", page->more);
    if (page->more_url) {
        buf_add_text(out, ": ");
        add_anchor(out, "all of them", page->more_url);
    }
    buf_add_text(out, "</p>\n");
}

static void add_html_head(struct buf *out, const struct page *page, const struct sending *sending)
{
    static const char *const colours[TONES] = {[TONE_CRITICAL] = "#d92d20", [TONE_WARNING] = "#b54708", [TONE_INFO] = "#175cd3",
                                               [TONE_RESOLVED] = "#027a48", [TONE_STOPPED] = "#475467", [TONE_TEST] = "#5925dc"};

    buf_addf(out, "<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body style=\"font-family:sans-serif;font-size:15px\">\n"
                  "<p style=\"color:%s;font-weight:bold\">", colours[page->tone % TONES]);
    text_add_html(out, text_or(page->status_line, "FIRING"));
    buf_addf(out, "%s</p>\n", sending->repeat ? " (repeat)" : "");
    add_paragraph(out, page->late);
    buf_addf(out, "<p style=\"font-size:17px\">%s ", text_or(page->icon, ""));
    if (page->severity) {
        buf_add_text(out, "<b>");
        text_add_html(out, page->severity);
        buf_add_text(out, "</b> ");
    }
    text_add_html(out, text_or(page->title, ""));
    buf_add_text(out, "</p>\n");
}

static void add_html_body(struct buf *out, const struct page *page, const struct sending *sending)
{
    add_html_head(out, page, sending);
    add_paragraph(out, page->context);
    add_html_lines(out, page);
    add_paragraph(out, page->when);
    add_paragraph(out, page->description);
    if (page->field_count)
        buf_add_text(out, "<table>\n");
    for (size_t i = 0; i < page->field_count; i++)
        add_row(out, page->fields[i].name, page->fields[i].value);
    buf_addf(out, "%s<p>", page->field_count ? "</table>\n" : "");
    for (size_t i = 0; i < page->link_count; i++) {
        buf_add_text(out, i ? " · " : "");
        add_anchor(out, page->links[i].name, page->links[i].url);
    }
    buf_add_text(out, "</p>\n");
    add_paragraph(out, page->footer);
    buf_add_text(out, "<p style=\"color:#667085;font-size:12px\">");
    text_add_html(out, text_or(page->why, ""));
    buf_add_text(out, " · ");
    text_add_html(out, text_or(page->reference, ""));
    buf_add_text(out, "</p>\n</body></html>\n");
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

/* The right side of a Message-ID: whatever the machine is called, nothing but a host's characters. */
static const char *host_of(const struct sending *sending, struct arena *arena)
{
    char *host = arena_text(arena, text_or(sending->host_name, "")), *to = host;

    for (const char *c = host; *c; c++)
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.')
            *to++ = *c;
    *to = '\0';
    return strlen(host) <= 200 ? text_or(host, "notifier.invalid") : "notifier.invalid";
}

/* An incident's first mail has the id its later ones refer to (RFC 5322, 3.6.4); a repeat has the id it had. */
static void add_ids(struct buf *out, const struct sending *sending, const struct content *content, const char *host)
{
    unsigned long long incident = sending->incident_id, delivery = sending->delivery_id;

    if (content->first)
        buf_addf(out, "Message-ID: <g-%llu@%s>\r\n", incident, host);
    else
        buf_addf(out, "Message-ID: <d-%llu@%s>\r\nIn-Reply-To: <g-%llu@%s>\r\nReferences: <g-%llu@%s>\r\n", delivery, host,
                 incident, host, incident, host);
}

/* As they are: an encoded word is no address (RFC 2047, 5), and the check of the settings lets no other bytes through. */
static void add_addresses(struct buf *out, const char *name, const char *const *addresses, size_t count)
{
    buf_addf(out, "%s: ", name);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? ",\r\n " : "", addresses[i]);
    buf_add_text(out, "\r\n");
}

void mail_format(const struct channel_config *config, const struct sending *sending, const struct content *content,
                 const char *const *to, size_t to_count, struct arena *arena, struct buf *out)
{
    const struct page *page = &content->page;
    struct buf text = BUF_EMPTY(1u << 20), html = BUF_EMPTY(1u << 20);
    const char *host = host_of(sending, arena);
    const char *boundary = arena_printf(arena, "=_notifier_%llu_%llu", (unsigned long long)sending->delivery_id,
                                        (unsigned long long)sending->message_id);

    add_date(out, sending);
    add_addresses(out, "From", &config->from, 1);
    add_addresses(out, "To", to, to_count);
    mail_add_header(out, "Subject", text_or(page->own.title, text_or(page->subject, page->title)));
    add_ids(out, sending, content, host);
    buf_addf(out, "List-Id: <alerts.%s>\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n", host);
    if (page->tone == TONE_CRITICAL)
        buf_add_text(out, "Importance: high\r\nX-Priority: 1\r\n");
    buf_addf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
    if (sending->form == FORM_MINIMAL)
        buf_add_text(&text, page_minimal(page, sending, arena));
    else
        add_text_body(&text, page, sending);
    add_part(out, boundary, "text/plain", &text);
    if (sending->form == FORM_RICH && !(page->own.text && !page->own.html)) { /* a text of one's own without HTML is a text mail */
        if (page->own.html)
            buf_addf(&html, "%s%s\n", sending->repeat ? "<p>(repeat)</p>\n" : "", page->own.html);
        else
            add_html_body(&html, page, sending);
        add_part(out, boundary, "text/html", &html);
    }
    buf_addf(out, "--%s--\r\n", boundary);
    buf_free(&text);
    buf_free(&html);
}
