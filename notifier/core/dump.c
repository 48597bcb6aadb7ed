/* All that is persisted, as text: the mirror in which the simulator compares the living core with one that
 * was built from what the store holds. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const uint64_t *left = *(const uint64_t *const *)a, *right = *(const uint64_t *const *)b;
    return *left < *right ? -1 : *left > *right;
}

/* The members of a map in the order of their ids; id_offset says where an item keeps it. */
static void **sorted(const struct map *map, size_t id_offset, size_t *count)
{
    char **ids = memory_zeroed(map->count + 1, sizeof *ids);
    size_t at = 0;

    *count = 0;
    for (void *item; map_each(map, &at, &item);)
        ids[(*count)++] = (char *)item + id_offset;
    qsort(ids, *count, sizeof *ids, by_id);
    for (size_t i = 0; i < *count; i++)
        ids[i] -= id_offset;
    return (void **)ids;
}

static void dump_labels(const struct kept *kept, struct buf *out)
{
    struct label_room room;
    struct labels labels = kept_open(kept, &room);

    for (size_t i = 0; i < labels.count; i++)
        buf_addf(out, " %s=%s", labels.items[i].name, labels.items[i].value);
    buf_add_char(out, '\n');
}

static int told_order(const void *a, const void *b)
{
    const struct told *left = *(struct told *const *)a, *right = *(struct told *const *)b;
    int order = strcmp(left->lane->target->name, right->lane->target->name);
    return order ? order : (int)left->slot - (int)right->slot;
}

static void dump_alert(const struct alert *alert, struct buf *out)
{
    struct told *tolds[PLACEMENTS_MAX * 2];
    size_t count = 0;

    buf_addf(out, "alert %" PRIu64 " %s %" PRId64 " %s %s status=%d seq=%u starts=%" PRId64 " ends=%" PRId64 " expires=%" PRId64
                  " changed=%" PRId64 " refreshed=%" PRId64 " test=%d hash=%" PRIx64 " why=%s",
             alert->id, alert->domain, alert->org, kept_extra(alert->labels), alert->source, (int)alert->status, alert->seq,
             alert->starts_ms, alert->ends_ms, alert->expires_ms, alert->changed_ms, alert->refreshed_ms, alert->test,
             alert->content_hash, text_or(alert->state_reason, "-"));
    if (alert->shade)
        buf_addf(out, " silence=%" PRIu64 " inhibited=%" PRIu64, alert->shade->silence ? alert->shade->silence->number : 0,
                 alert->shade->inhibited_by);
    flap_dump(alert, out);
    dump_labels(alert->labels, out);
    for (struct told *told = alert->tolds; told && count < LENGTH(tolds); told = told->next_of_alert)
        tolds[count++] = told;
    qsort(tolds, count, sizeof tolds[0], told_order);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "  told %s/%u group=%" PRIu64 " owed=%u since=%" PRId64 " settled=%u status=%d at=%" PRId64
                      " hushed=%d in=%" PRIu64 "\n",
                 tolds[i]->lane->target->name, tolds[i]->slot, tolds[i]->lane->group->id, tolds[i]->owed_seq,
                 tolds[i]->owed_ms, tolds[i]->settled_seq, tolds[i]->status, tolds[i]->told_ms, tolds[i]->hushed,
                 tolds[i]->frozen_in ? tolds[i]->frozen_in->id : 0);
}

static int lane_order(const void *a, const void *b)
{
    return strcmp((*(struct lane *const *)a)->target->name, (*(struct lane *const *)b)->target->name);
}

static void dump_group(const struct group *group, struct buf *out)
{
    struct lane **lanes = memory_zeroed(group->lane_count + 1u, sizeof *lanes);
    buf_addf(out, "group %" PRIu64 " %s node=%s created=%" PRId64 " due=%" PRId64 " flushed=%" PRId64 " incident=%" PRIu64
                  " %s opened=%" PRId64 " severity=%u",
             group->id, kept_extra(group->labels), group->node_id, group->created_ms, group->flush_due.wall_ms, group->flushed.wall_ms,
             group->incident.id, group->incident.reference, group->incident.opened_ms, group->incident.severity);
    dump_labels(group->labels, out);
    for (uint16_t i = 0; i < group->lane_count; i++)
        lanes[i] = lane_at(group, i);
    qsort(lanes, group->lane_count, sizeof *lanes, lane_order);
    for (uint16_t i = 0; i < group->lane_count; i++)
        buf_addf(out, "  lane %s notified=%" PRId64 " root=%s pending=%u calm=%u open=%" PRIu64 "\n", lanes[i]->target->name,
                 lanes[i]->notified.wall_ms, text_or(lanes[i]->root_remote, "-"), lanes[i]->pending_count,
                 lanes[i]->calm_count, lanes[i]->delivery ? lanes[i]->delivery->id : 0);
    free(lanes);
}

static void dump_delivery(const struct delivery *delivery, struct buf *out)
{
    buf_addf(out, "delivery %" PRIu64 " %s group=%" PRIu64 " incident=%" PRIu64 " reason=%d form=%d opened=%" PRId64
                  " accepted=%" PRId64 " due=%" PRId64 " tries=%u maybe=%d message=%" PRIu64 " severity=%u words=%s test=%s",
             delivery->id, delivery->lane->target->name, delivery->lane->group->id, delivery->incident_id,
             (int)delivery->reason, (int)delivery->form, delivery->opened_ms, delivery->accepted.wall_ms, delivery->due.wall_ms,
             delivery->tries, delivery->maybe_sent, delivery->message_id, delivery->severity, text_or(delivery->words, "-"),
             text_or(delivery->only_test, "-"));
    if (delivery->attempt_id)
        buf_addf(out, " attempt=%" PRIu64 " %" PRId64 " %u+%u", delivery->attempt_id, delivery->attempt_started.wall_ms,
                 delivery->attempt_first, delivery->attempt_count);
    buf_addf(out, " items=%u\n", delivery->item_count);
    for (uint16_t i = 0; i < delivery->part_count; i++)
        buf_addf(out, "  part %u kind=%d state=%d optional=%d tries=%u\n", i, (int)delivery->parts[i].kind,
                 (int)delivery->parts[i].state, delivery->parts[i].optional, delivery->parts[i].tries);
}

static void dump_target(const struct target *target, struct buf *out)
{
    if (target->last_error || target->last_ok_ms || target->moved_to || target->away_count)
        buf_addf(out, "target %s not_before=%" PRId64 " failures=%u ok=%" PRId64 " error=%" PRId64 " %s moved=%s away=%u/%u %" PRId64 "-%" PRId64 " %s\n",
                 target->name, target->not_before.wall_ms, target->failures, target->last_ok_ms, target->last_error_ms,
                 text_or(target->last_error, "-"), text_or(target->moved_to, "-"), target->away_count, target->away_summed, target->away_since_ms,
                 target->away_until_ms, text_or(target->away_to, "-"));
}

static int target_order(const void *a, const void *b)
{
    return strcmp((*(struct target *const *)a)->name, (*(struct target *const *)b)->name);
}

static void dump_silence(const struct silence *silence, struct buf *out)
{
    buf_addf(out, "silence %" PRIu64 " %s %s %" PRId64 "-%" PRId64 " updated=%" PRId64 " %s: %s", silence->number, silence->id,
             silence_state_text(silence->state), silence->starts_ms, silence->ends_ms, silence->updated_ms, silence->author,
             silence->comment);
    for (size_t i = 0; i < silence->matcher_count; i++) {
        buf_add_char(out, ' ');
        matcher_write(silence->matchers[i], out);
    }
    buf_add_char(out, '\n');
}

void core_dump(const struct core *core, struct buf *out)
{
    size_t count;

    buf_addf(out, "next %" PRIu64 "\n", core->next_id);
    for (size_t i = 0; i < core->silence_count; i++)
        dump_silence(core->silences[i], out);
    void **items = sorted(&core->alert_ids, offsetof(struct alert, id), &count);
    for (size_t i = 0; i < count; i++)
        dump_alert(items[i], out);
    free(items);
    items = sorted(&core->group_ids, offsetof(struct group, id), &count);
    for (size_t i = 0; i < count; i++)
        dump_group(items[i], out);
    free(items);
    items = sorted(&core->deliveries, offsetof(struct delivery, id), &count);
    for (size_t i = 0; i < count; i++)
        dump_delivery(items[i], out);
    free(items);
    struct target **targets = memory_zeroed(core->target_count + 1, sizeof *targets);
    for (size_t i = 0; i < core->target_count; i++)
        targets[i] = core->targets[i];
    qsort(targets, core->target_count, sizeof *targets, target_order);
    for (size_t i = 0; i < core->target_count; i++)
        dump_target(targets[i], out);
    free(targets);
}
