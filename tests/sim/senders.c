#include "tests/sim/senders.h"

#include "base/buf.h"
#include "base/text.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (256 * 1024)
#define RETRIES_MAX 8
#define RETRY_MS 5000
#define SCRIPTS 3
#define BELLS "🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔🔔" /* two units each where a message is measured in UTF-16 */

void senders_draw(struct life *life)
{
    struct senders *senders = &life->senders;
    struct dice *dice = &life->dice;

    senders->alert_count = 3 + dice_pick(dice, dice_chance(dice, 30) ? 22 : 8);
    if (life->style.splits)
        senders->alert_count = 12 + dice_pick(dice, 14);
    for (size_t i = 0; i < senders->alert_count; i++) {
        struct sim_alert *alert = &senders->alerts[i];
        snprintf(alert->fingerprint, sizeof alert->fingerprint, "a%015zx", i);
        alert->source = dice_chance(dice, 25) ? "other" : "grafana";
        alert->name = (const char *const[]){"A", "B", "C"}[dice_pick(dice, 3)];
        alert->team = (const char *const[]){"infra", "data", "web", NULL}[dice_pick(dice, 4)];
        alert->severity = (const char *const[]){"critical", "warning", "info", NULL}[dice_pick(dice, 4)];
        alert->instance = (const char *const[]){"one", "two", "three"}[dice_pick(dice, 3)];
        if (life->style.splits)
            snprintf(alert->place, sizeof alert->place, "rack %zu, %s", i, BELLS BELLS BELLS BELLS);
    }
}

void senders_free(struct senders *senders)
{
    for (size_t i = 0; i < senders->post_count; i++) {
        free(senders->posts[i]->body);
        free(senders->posts[i]);
    }
    free(senders->posts);
    *senders = (struct senders){0};
}

int senders_index(const struct life *life, const char *fingerprint)
{
    for (size_t i = 0; i < life->senders.alert_count; i++)
        if (strcmp(life->senders.alerts[i].fingerprint, fingerprint) == 0)
            return (int)i;
    return -1;
}

unsigned senders_marker(const struct labels *annotations)
{
    const char *n = labels_get(annotations, "n");
    return n ? (unsigned)strtoul(n, NULL, 10) : 0;
}

static struct post *post_new(struct senders *senders)
{
    if (senders->post_count == senders->post_capacity) {
        senders->post_capacity = senders->post_capacity ? senders->post_capacity * 2 : 64;
        senders->posts = realloc(senders->posts, senders->post_capacity * sizeof(struct post *));
    }
    struct post *post = calloc(1, sizeof *post);
    if (!post || !senders->posts)
        abort();
    return senders->posts[senders->post_count++] = post;
}

static void add_label(struct buf *body, const char *name, const char *value)
{
    if (value)
        buf_addf(body, ",\"%s\":\"%s\"", name, value);
}

static void add_alert(struct buf *body, const struct sim_alert *alert)
{
    buf_addf(body, "{\"status\":\"%s\",\"labels\":{\"alertname\":\"%s\"", alert->firing ? "firing" : "resolved", alert->name);
    add_label(body, "team", alert->team);
    add_label(body, "severity", alert->severity);
    add_label(body, "instance", alert->instance);
    add_label(body, "id", alert->fingerprint);
    add_label(body, "place", alert->place[0] ? alert->place : NULL);
    add_label(body, "way", alert->place[0] ? alert->place : NULL);
    buf_addf(body, "},\"annotations\":{\"summary\":\"%s is not well %s\",\"n\":\"%u\"},\"startsAt\":\"", alert->fingerprint, alert->place, alert->n);
    zone_add_rfc3339(body, alert->starts_ms);
    buf_add_text(body, "\",\"endsAt\":\"");
    if (alert->firing)
        buf_add_text(body, "0001-01-01T00:00:00Z");
    else
        zone_add_rfc3339(body, alert->ends_ms);
    buf_addf(body, "\",\"values\":{\"A\":%u},\"fingerprint\":\"%s\"}", alert->n, alert->fingerprint);
}

/* A body as of now; which alerts: those of a mask. */
static struct post *write_post(struct life *life, const bool *which, const char *source, unsigned left_out)
{
    struct senders *senders = &life->senders;
    struct post *post = post_new(senders);
    struct buf body = BUF_EMPTY(BODY_MAX);

    post->source = source;
    buf_add_text(&body, "{\"receiver\":\"n\",\"status\":\"firing\",\"orgId\":1,\"alerts\":[");
    for (size_t i = 0; i < senders->alert_count; i++) {
        struct sim_alert *alert = &senders->alerts[i];
        if (!which[i] || !alert->n || strcmp(alert->source, source) != 0)
            continue;
        buf_add_text(&body, post->word_count ? "," : "");
        add_alert(&body, alert);
        post->words[post->word_count++] = (struct word){i, alert->n, alert->firing, alert->starts_ms};
    }
    buf_addf(&body, "],\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},\"externalURL\":\"\",\"version\":\"1\","
                    "\"groupKey\":\"{}:{}\",\"truncatedAlerts\":%u,\"title\":\"t\",\"state\":\"alerting\",\"message\":\"m\"}", left_out);
    post->body = buf_take(&body, &post->length);
    return post;
}

static void post_later(struct life *life, struct post *post, int64_t wait_ms)
{
    size_t index = 0;
    while (life->senders.posts[index] != post)
        index++;
    agenda_add(&life->agenda, life->steady_ms + wait_ms, HAPPENS_POST, index);
}

static void flip(struct life *life, struct sim_alert *alert)
{
    int64_t now_ms = life_true_wall_ms(life);

    alert->firing = !alert->firing;
    alert->n++;
    if (alert->firing) {
        alert->starts_ms = now_ms > alert->ends_ms ? now_ms : alert->ends_ms + 1;
        alert->ends_ms = 0;
    } else
        alert->ends_ms = now_ms > alert->starts_ms ? now_ms : alert->starts_ms + 1;
    life_say(life, "%s %s, state %u", alert->fingerprint, alert->firing ? "fires" : "is well", alert->n);
}

static struct post *write_event(struct life *life, int number, bool firing)
{
    struct post *post = post_new(&life->senders);
    struct buf body = BUF_EMPTY(4096);

    buf_addf(&body, "{\"title\":\"Script %d\",\"severity\":\"%s\",\"labels\":{\"team\":\"data\"},\"status\":\"%s\"}", number,
             dice_chance(&life->dice, 50) ? "critical" : "info", firing ? "firing" : "resolved");
    post->body = buf_take(&body, &post->length);
    post->source = "api";
    post->is_event = true;
    return post;
}

void senders_change(struct life *life)
{
    struct senders *senders = &life->senders;
    struct weather *weather = &life->weather;
    struct dice *dice = &life->dice;
    bool which[SIM_ALERTS_MAX] = {0}, burst = dice_chance(dice, life->style.splits ? 15 : 5), told = dice_chance(dice, 30);
    const char *source = senders->alerts[dice_pick(dice, senders->alert_count)].source;
    unsigned left_out = 0;

    if (dice_chance(dice, 8)) {
        post_later(life, write_event(life, (int)dice_pick(dice, SCRIPTS), dice_chance(dice, 60)), 0);
        MARK(event);
    }
    size_t changes = burst ? senders->alert_count : 1 + dice_pick(dice, 3);
    for (size_t i = 0; i < changes; i++) {
        size_t at = burst ? i : dice_pick(dice, senders->alert_count);
        if (strcmp(senders->alerts[at].source, source) != 0)
            continue;
        flip(life, &senders->alerts[at]);
        which[at] = true;
    }
    for (size_t i = 0; i < senders->alert_count; i++) {
        which[i] = which[i] || (told && dice_chance(dice, 50)); /* the rest of the group, as it stands */
        if (which[i] && dice_chance(dice, weather->left_out)) {
            which[i] = false;
            left_out++;
            MARK(alert_left_out);
        }
    }
    struct post *post = write_post(life, which, source, left_out);
    if (dice_chance(dice, weather->cut) && post->length > 2) {
        post->length = 1 + dice_pick(dice, post->length - 1);
        post->cut = true;
        MARK(body_cut);
    }
    bool late = dice_chance(dice, weather->late);
    if (late)
        MARK(body_late);
    if (!dice_chance(dice, weather->lost))
        post_later(life, post, late ? dice_between(dice, 100, 60000) : 0);
    if (dice_chance(dice, weather->twice)) {
        MARK(body_twice);
        post_later(life, post, dice_between(dice, 0, 90000));
    }
}

/* The answer, or the news that there will be none. */
static void answered(struct life *life, struct post *post, int status)
{
    post->waiting = false;
    if (status == 200) {
        if (post->stubborn && !post->answered)
            life->senders.waiting--;
        post->answered = true;
        for (size_t i = 0; i < post->word_count && !post->cut; i++) {
            struct sim_alert *alert = &life->senders.alerts[post->words[i].alert];
            alert->late = alert->late || post->words[i].n < alert->accepted_n;
            if (post->words[i].n > alert->accepted_n)
                alert->accepted_n = post->words[i].n;
        }
        return;
    }
    if (status == 503)
        MARK(refused_503);
    if (post->stubborn || post->tries < RETRIES_MAX)
        post_later(life, post, RETRY_MS);
}

static void done(void *context, const struct notifier_answer *answer)
{
    struct life *life = life_current();
    struct post *post = context;

    if (life->dead || post->epoch != life->epoch || !post->waiting)
        return; /* words of a process that is gone */
    life_say(life, "answer %d to a body of %zu alerts %s", answer->status, post->word_count, answer->words ? answer->words : "");
    judge_answer(life, post, answer->status);
    answered(life, post, answer->status);
}

void senders_post(struct life *life, size_t index)
{
    struct post *post = life->senders.posts[index];

    if (post->waiting)
        return; /* its first copy has no answer yet */
    if (life->weather.calm && !post->stubborn && (life->setup->alerts_max || post->is_event))
        return; /* so few alerts are held that the ends are forgotten, or it does not say when it began: late copies cannot be known */
    post->tries++;
    if (!life->notifier) {
        answered(life, post, 0);
        return;
    }
    post->waiting = true;
    post->epoch = life->epoch;
    post->sent_ms = life->steady_ms;
    life_say(life, "a body of %zu alerts from %s%s", post->word_count, post->source, post->cut ? ", cut" : "");
    for (size_t i = 0; i < post->word_count; i++)
        life_say(life, "    %s state %u %s", life->senders.alerts[post->words[i].alert].fingerprint, post->words[i].n,
                 post->words[i].firing ? "fires" : "is well");
    (post->is_event ? notifier_events : notifier_webhook)(life->notifier, post->source, post->body, post->length, done, post);
}

void senders_crash(struct life *life)
{
    for (size_t i = 0; i < life->senders.post_count; i++)
        if (life->senders.posts[i]->waiting)
            answered(life, life->senders.posts[i], 0);
}

void senders_tell_all(struct life *life, bool resolve)
{
    struct senders *senders = &life->senders;
    bool which[SIM_ALERTS_MAX];

    for (size_t i = 0; i < senders->alert_count; i++) {
        which[i] = true;
        if (resolve && senders->alerts[i].firing)
            flip(life, &senders->alerts[i]);
    }
    for (int s = 0; s < 2 + (resolve ? SCRIPTS : 0); s++) {
        struct post *post = s > 1 ? write_event(life, s - 2, false) : write_post(life, which, s ? "other" : "grafana", 0);
        post->stubborn = true;
        senders->waiting++;
        post_later(life, post, 0);
    }
}
