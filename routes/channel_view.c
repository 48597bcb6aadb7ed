#include "routes/channel_view.h"

#include "base/text.h"
#include "routes/page.h"

#include <math.h>

static const struct core_channel_state *state_of(const struct notifier_health *health, const char *name)
{
    for (size_t i = 0; i < health->channel_count; i++)
        if (text_equal(health->channels[i].name, name))
            return &health->channels[i];
    return NULL;
}

static const struct cJSON *stored_of(const struct cJSON *list, const char *name)
{
    for (const struct cJSON *at = json_first(json_get(list, "channels")); at; at = json_next(at))
        if (text_equal(json_get_text(at, "channel"), name))
            return at;
    return NULL;
}

struct channel_view channel_view(const struct channel_config *channel, const struct notifier_health *health, const struct cJSON *list)
{
    struct channel_view view = {.config = channel, .state = state_of(health, channel->name), .stored = stored_of(list, channel->name)};

    if (view.state && view.state->refused)
        view.class = "bad";
    else if ((view.state && view.state->failures) || page_text(view.stored, "notBefore")[0] ||
             json_get_int(json_get(view.stored, "speed"), "waitingTooLong", 0))
        view.class = "fair";
    else
        view.class = "good";
    return view;
}

void channel_view_add_words(struct buf *out, const struct channel_view *view)
{
    const char *error = page_text(view->stored, "lastError"), *not_before = page_text(view->stored, "notBefore");

    if (view->state && view->state->refused) {
        buf_add_text(out, "<span class=\"bad\">refuses us</span>");
        page_add_fact(out, ": ", error, "");
    } else if (view->state && view->state->failures) {
        buf_addf(out, "<span class=\"fair\">failing</span> (%u %s)", view->state->failures, view->state->failures == 1 ? "time" : "times");
        page_add_fact(out, ": ", error, "");
    } else if (not_before[0])
        buf_add_text(out, "<span class=\"fair\">asked to wait</span>");
    else
        buf_add_text(out, "<span class=\"good\">ok</span>");
    if (not_before[0]) {
        buf_add_text(out, ", next try ");
        page_add_time(out, not_before);
    }
    if (view->state && view->state->pending)
        buf_addf(out, ", %u waiting", view->state->pending);
}

void channel_view_add_share(struct buf *out, const struct cJSON *speed)
{
    double share = json_number(json_get(speed, "share"), -1);

    if (share < 0)
        buf_add_text(out, "nothing to send");
    else if (share >= 1)
        buf_add_text(out, "100&#8239;%");
    else
        buf_addf(out, "%.1f&#8239;%%", floor(share * 1000) / 10); /* never rounded up to 100 */
}

const char *channel_view_share_class(const struct cJSON *speed)
{
    double share = json_number(json_get(speed, "share"), -1);

    return share < 0 ? "" : share >= 1 ? "good" : share >= 0.99 ? "fair" : "bad";
}
