#include "routes/timeline.h"

#include "base/text.h"
#include "base/zone.h"
#include "routes/markup.h"
#include "routes/page.h"

#include <inttypes.h>

#define BARS_MAX 240
#define BAR_WIDTH 10 /* units; the picture is stretched to its place */
#define UP 60        /* units above the axis, for what fired */
#define DOWN 24      /* units below */

struct bars {
    int64_t firing[BARS_MAX], resolved[BARS_MAX], most, fired, ended;
    size_t count;
    int64_t since_ms, until_ms;
};

static int64_t read_bars(const struct cJSON *list, int64_t out[BARS_MAX], size_t *count, int64_t *most)
{
    int64_t sum = 0;

    *count = 0;
    for (const struct cJSON *at = json_is_array(list) ? json_first(list) : NULL; at && *count < BARS_MAX; at = json_next(at)) {
        int64_t number = (int64_t)json_number(at, 0);
        sum += out[(*count)++] = number;
        *most = number > *most ? number : *most;
    }
    return sum;
}

static int64_t time_of(const struct bars *bars, size_t bar)
{
    return bars->since_ms + (bars->until_ms - bars->since_ms) * (int64_t)bar / (int64_t)bars->count;
}

/* At least a unit high where there is anything. */
static int64_t height(int64_t number, int64_t most, int64_t room)
{
    int64_t units = most ? number * room / most : 0;

    return number && !units ? 1 : units;
}

static void add_bar(struct buf *out, const struct bars *bars, size_t i, const char *link)
{
    int64_t up = height(bars->firing[i], bars->most, UP), down = height(bars->resolved[i], bars->most, DOWN);
    struct buf since = BUF_EMPTY(64), until = BUF_EMPTY(64), target = BUF_EMPTY(1u << 20);

    zone_add_rfc3339(&since, time_of(bars, i));
    zone_add_rfc3339(&until, time_of(bars, i + 1));
    buf_add_text(&target, link);
    markup_add_argument(&target, "since", buf_text(&since));
    markup_add_argument(&target, "until", buf_text(&until));
    buf_add_text(out, "<a href=\"");
    text_add_html(out, buf_text(&target));
    buf_addf(out, "\" tabindex=\"-1\"><title>%.16s to %.16s UTC: %" PRId64 " fired, %" PRId64 " resolved</title>",
             buf_text(&since), buf_text(&until), bars->firing[i], bars->resolved[i]);
    if (up)
        buf_addf(out, "<rect class=\"bar-firing\" x=\"%zu\" y=\"%" PRId64 "\" width=\"%d\" height=\"%" PRId64 "\"/>", i * BAR_WIDTH + 1, UP - up,
                 BAR_WIDTH - 2, up);
    if (down)
        buf_addf(out, "<rect class=\"bar-resolved\" x=\"%zu\" y=\"%d\" width=\"%d\" height=\"%" PRId64 "\"/>", i * BAR_WIDTH + 1, UP + 1,
                 BAR_WIDTH - 2, down);
    buf_add_text(out, "</a>");
    buf_free(&since);
    buf_free(&until);
    buf_free(&target);
}

/* What was not looked at must not look calm. */
static void add_unknown(struct buf *out, const struct bars *bars, const struct cJSON *timeline)
{
    int64_t from_ms, width = (int64_t)bars->count * BAR_WIDTH;

    if (json_get_bool(timeline, "complete", true) || !zone_parse_rfc3339(page_text(timeline, "completeFrom"), &from_ms) || from_ms <= bars->since_ms)
        return;
    if (from_ms < bars->until_ms)
        width = width * (from_ms - bars->since_ms) / (bars->until_ms - bars->since_ms);
    buf_addf(out, "<rect class=\"unknown\" x=\"0\" y=\"0\" width=\"%" PRId64 "\" height=\"%d\"><title>not counted</title></rect>", width, UP + DOWN + 1);
}

void timeline_add(struct buf *out, const struct cJSON *timeline, const char *link)
{
    const char *since = page_text(timeline, "since"), *until = page_text(timeline, "until");
    struct bars bars = {0};
    size_t ends;

    bars.fired = read_bars(json_get(timeline, "firing"), bars.firing, &bars.count, &bars.most);
    bars.ended = read_bars(json_get(timeline, "resolved"), bars.resolved, &ends, &bars.most);
    if (!bars.count || ends != bars.count || !zone_parse_rfc3339(since, &bars.since_ms) || !zone_parse_rfc3339(until, &bars.until_ms) ||
        bars.until_ms <= bars.since_ms)
        return;
    /* A group and no image: the bars in it are links, which an image would hide from whoever hears the page. */
    buf_addf(out, "<figure>\n<svg class=\"timeline\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"group\" aria-label=\"%" PRId64
                  " fired and %" PRId64 " resolved between %.16s and %.16s UTC\">",
             bars.count * BAR_WIDTH, UP + DOWN + 1, bars.fired, bars.ended, since, until);
    add_unknown(out, &bars, timeline);
    for (size_t i = 0; i < bars.count; i++)
        if (bars.firing[i] || bars.resolved[i])
            add_bar(out, &bars, i, link);
    buf_addf(out, "<line class=\"axis\" x1=\"0\" x2=\"%zu\" y1=\"%d\" y2=\"%d\"/></svg>\n<figcaption>", bars.count * BAR_WIDTH, UP, UP);
    page_add_time(out, since);
    buf_add_text(out, "<span><span class=\"key\"></span>");
    page_add_number(out, bars.fired);
    buf_add_text(out, " fired<span class=\"key resolved\"></span>");
    page_add_number(out, bars.ended);
    buf_add_text(out, " resolved");
    if (!json_get_bool(timeline, "complete", true)) {
        buf_add_text(out, "; older than ");
        page_add_time(out, page_text(timeline, "completeFrom"));
        buf_add_text(out, " is not counted");
    }
    buf_add_text(out, "</span>");
    page_add_time(out, until);
    buf_add_text(out, "</figcaption>\n</figure>\n");
}
