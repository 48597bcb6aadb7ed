/* RFC 5322 and MIME: a page as a mail that threads, displays and cannot be broken by a label. */
#ifndef CHANNELS_MAIL_FORMAT_H
#define CHANNELS_MAIL_FORMAT_H

#include "notifier/channels/common.h"

/* The whole message, CRLF line ends, lines of at most 76 octets. */
void mail_format(const struct channel_config *config, const struct sending *sending, const struct content *content, const char *const *to,
                 size_t to_count, struct arena *arena, struct buf *out);
/* RFC 2047: encoded words of at most 75 octets, folded; as it is where it is plain ASCII in words that can be folded.
 * No value can end its line: control characters are taken out before. */
void mail_add_header(struct buf *out, const char *name, const char *value);

#endif
