/* One long message becomes at most PAGES_MAX, cut between alerts, never inside one. */
#ifndef RENDER_SPLIT_H
#define RENDER_SPLIT_H

#include "notifier/render/message.h"

/* whole: the message without its lines, at most PAGE_LINES_MAX of them. What of it alone is too large is shortened. more: alerts beyond these lines, told as "+N more" on the last page. */
size_t split_pages(const struct page *whole, const struct page_line *lines, size_t line_count, uint32_t more, const char *more_url,
                   const struct page_limits *limits, struct arena *arena, struct page pages[PAGES_MAX]);

#endif
