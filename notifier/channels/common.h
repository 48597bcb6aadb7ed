/* What the codecs share. */
#ifndef CHANNELS_COMMON_H
#define CHANNELS_COMMON_H

#include "base/json.h"
#include "notifier/channels/channel.h"

#define CONTENT_MAX (256u << 10) /* bytes of one stored part */
#define WORDS_RUNES_MAX 300      /* of a provider's words kept in a receipt */

/* The usual parts of a chat message: the pages as posts; or, beneath a first message, what is news and an edit of it. */
size_t compose_chat(const struct channel_config *config, const struct view *view, struct arena *arena,
                    struct rendered_part parts[CHANNEL_PARTS_MAX]);
/* The page a part's content holds. False (never in practice) where it cannot be read. */
bool content_page(const struct rendered_part *part, struct arena *arena, struct page *page);
const char *page_content(const struct page *page, struct arena *arena);
/* "K7Q2" or "K7Q2 (repeat)". */
const char *page_mark(const struct page *page, const struct sending *sending, struct arena *arena);
/* What a message says when nothing richer is taken: at most 200 characters. */
const char *page_minimal(const struct page *page, const struct sending *sending, struct arena *arena);
const char *page_plain(const struct page *page, const struct sending *sending, struct arena *arena);
size_t page_plain_size(const struct page *page); /* bytes */

void request_header(struct request *request, const char *name, const char *value);
void request_json(struct request *request, const char *method, const char *url, struct buf *body_take, struct arena *arena);

/* The same verdict for every part of the attempt; words are cleaned and redacted. */
void verdict_all(struct verdict *out, size_t part_count, enum outcome outcome, const char *words,
                 const struct channel_config *config, struct arena *arena);
/* NOT_SENT and UNCLEAR ends; true where one of them it was. */
bool verdict_of_end(struct verdict *out, size_t part_count, const struct reply *reply, const struct channel_config *config,
                    struct arena *arena);

#endif
