/* What the codecs share. */
#ifndef CHANNELS_COMMON_H
#define CHANNELS_COMMON_H

#include "base/json.h"
#include "notifier/channels/channel.h"

#define CONTENT_MAX (1u << 20)   /* bytes of one stored part */
#define WORDS_RUNES_MAX 300      /* of a provider's words kept in a receipt */

/* A part as it is stored: a page, and what of the moment of wording its sending needs. */
struct content {
    struct page page;
    const char *severity; /* whose mention goes along; NULL: none does */
    bool silent;          /* the channel is configured to be silent about this */
    bool reply;           /* goes beneath the first message */
    bool first;           /* nothing of this incident was told here before: mail's root */
};

const char *content_write(const struct content *content, struct arena *arena);
/* False (never in practice) where it cannot be read; content then says so in words. */
bool content_read(const struct rendered_part *part, struct arena *arena, struct content *content);
/* The configured mention that this part carries; NULL: none. */
const char *content_mention(const struct channel_config *config, const struct content *content);
/* True where nothing of what a view tells was told before. */
bool view_is_first(const struct view *view);

/* The usual parts of a chat message: the pages as posts; or, beneath a first message, what is news and an edit of it. */
size_t compose_chat(const struct channel_config *config, const struct view *view, struct arena *arena,
                    struct rendered_part parts[CHANNEL_PARTS_MAX]);
/* One page for what cannot be sent as several: the first, counting what stands on the others as "+N more". */
void pages_fold(struct page *pages, size_t count);
/* "K7Q2" or "K7Q2 (repeat)". */
const char *page_mark(const struct page *page, const struct sending *sending, struct arena *arena);
/* What a message says when nothing richer is taken: at most 200 characters. */
const char *page_minimal(const struct page *page, const struct sending *sending, struct arena *arena);
/* The lower two rungs as text without markup, at most `runes` long. */
const char *page_lower(const struct page *page, const struct sending *sending, size_t runes, struct arena *arena);
size_t page_plain_size(const struct page *page); /* bytes */

void request_header(struct request *request, const char *name, const char *value);
void request_json(struct request *request, const char *method, const char *url, struct buf *body_take, struct arena *arena);
/* A base URL without its closing slashes. */
const char *url_base(const char *url, struct arena *arena);

/* The same verdict for every part of the attempt; words are cleaned and redacted. */
void verdict_all(struct verdict *out, size_t part_count, enum outcome outcome, const char *words,
                 const struct channel_config *config, struct arena *arena);
/* NOT_SENT and UNCLEAR ends; true where one of them it was. */
bool verdict_of_end(struct verdict *out, size_t part_count, const struct reply *reply, const struct channel_config *config,
                    struct arena *arena);
/* A provider's wish of so many seconds in ms, at most an hour; -1 where it is no number. */
int64_t wish_ms(double seconds);

#endif
