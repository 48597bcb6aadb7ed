/* Lists for routes: read on the background thread, with what the policy says at the moment of asking, and once all is stored
 * that was decided by then: else a message would be seen as delivered in one place and as under way in another. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/muted.h"
#include "notifier/notifier_private.h"

#include <stdlib.h>
#include <string.h>

struct listing {
    struct notifier *notifier;
    struct history_query query;
    struct arena *arena;
    struct buf out;
    struct err err;
    bool ok;
    notifier_listed done;
    void *context;
    uint64_t batch; /* the number of the one that must be stored before */
    struct listing *next;
};

#define LIST_BYTES_MAX (64u << 20)
#define LISTS_WAITING_MAX 256 /* for a commit; then notifier_list says no */

static void list_run(void *job)
{
    struct listing *listing = job;
    listing->ok = history_run(listing->notifier->options.history, &listing->query, &listing->out, &listing->err);
}

static void list_done(void *job)
{
    struct listing *listing = job;
    listing->done(listing->context, listing->ok, &listing->out, &listing->err);
    buf_free(&listing->out);
    arena_free(listing->arena);
    free(listing);
}

/* Routes one after the other mostly name the same intervals. */
struct receivers {
    struct listing *listing;
    struct history_receiver *items;
    size_t count;
    const struct policy_node *muted_last; /* NULL: none yet */
    struct muted muted;
};

static bool times_equal(const struct policy_times *a, const struct policy_times *b)
{
    return a->count == b->count && (!a->count || memcmp(a->items, b->items, a->count * sizeof a->items[0]) == 0);
}

static bool is_muted(struct receivers *receivers, const struct policy_node *node)
{
    const struct policy_node *last = receivers->muted_last;
    const struct listing *listing = receivers->listing;
    bool with_until = listing->query.list == LIST_NOW || listing->query.list == LIST_LIFE;

    if (last && times_equal(&last->mute, &node->mute) && times_equal(&last->active, &node->active))
        return true;
    if (!muted_at(listing->notifier->config->policy, node, listing->query.now_ms, with_until, listing->arena, &receivers->muted))
        return false;
    receivers->muted_last = node;
    return true;
}

static void list_receivers(struct receivers *receivers, const struct policy_node *node)
{
    struct history_receiver *receiver = &receivers->items[receivers->count];
    struct arena *arena = receivers->listing->arena;

    if (receivers->count == POLICY_NODES_MAX)
        return;
    *receiver = (struct history_receiver){.node_id = arena_text(arena, node->id), .name = arena_text(arena, node->receiver)};
    if (is_muted(receivers, node)) {
        receiver->muted_by = receivers->muted.names;
        receiver->muted_count = receivers->muted.count;
        receiver->outside = receivers->muted.outside;
        receiver->muted_until_ms = receivers->muted.until_ms;
    }
    receivers->count++;
    for (size_t i = 0; i < node->child_count; i++)
        list_receivers(receivers, node->children[i]);
}

/* What lists of alerts say beside the rows: the policy may be another one by the time they are read. */
static void list_with_policy(struct listing *listing)
{
    const struct config *config = listing->notifier->config;
    struct history_query *query = &listing->query;
    enum history_list list = query->list;

    if (list != LIST_API_ALERTS && list != LIST_API_GROUPS && list != LIST_NOW && list != LIST_LIFE && list != LIST_ALERTS)
        return;
    struct receivers receivers = {.listing = listing, .items = ARENA_NEW(listing->arena, struct history_receiver, POLICY_NODES_MAX + 1)};
    query->now_ms = notifier_now_ms(listing->notifier);
    list_receivers(&receivers, config->policy->root);
    receivers.items[receivers.count++] = (struct history_receiver){.node_id = "self", .name = "self"};
    qsort(receivers.items, receivers.count, sizeof receivers.items[0], history_receiver_order);
    query->receivers = receivers.items;
    query->receiver_count = receivers.count;
    query->receiver_regex = arena_text(listing->arena, query->receiver_regex);
    query->resolve_timeout_ms = config->resolve_timeout_ms;
}

/* False: no room. */
static bool begin(struct listing *listing)
{
    struct work *work = listing->notifier->options.work;

    if (work)
        return work_add(work, list_run, list_done, listing);
    list_run(listing);
    list_done(listing);
    return true;
}

/* Nobody waits for a disk that fails: its lists tell what it holds. */
static bool is_waiting(const struct notifier *notifier, const struct listing *listing)
{
    return !notifier->storage_failed && listing->batch > notifier->batches_stored;
}

static bool add_waiting(struct notifier *notifier, struct listing *listing)
{
    struct listing **last = &notifier->listings;
    size_t count = 0;

    for (; *last; last = &(*last)->next)
        count++;
    if (count == LISTS_WAITING_MAX)
        return false;
    *last = listing;
    return true;
}

bool notifier_list(struct notifier *notifier, const struct history_query *query, notifier_listed done, void *context)
{
    struct listing *listing = memory_zeroed(1, sizeof *listing);
    *listing = (struct listing){.notifier = notifier, .query = *query, .arena = arena_new(), .done = done, .context = context};
    buf_init(&listing->out, LIST_BYTES_MAX);
    const char **texts[] = {&listing->query.id, &listing->query.status, &listing->query.channel, &listing->query.source,
                            &listing->query.severity, &listing->query.cursor, &listing->query.text, &listing->query.who};
    for (size_t i = 0; i < LENGTH(texts); i++)
        *texts[i] = arena_text(listing->arena, *texts[i]);
    for (size_t i = 0; i < query->matcher_count; i++)
        listing->query.matchers[i] = arena_text(listing->arena, query->matchers[i]);
    listing->query.severity_label = arena_text(listing->arena, notifier->config->policy->severity_label);
    list_with_policy(listing);
    if (!query->walk || !history_walk_begun(query->walk)) /* its first part says what the rest belongs to */
        listing->batch = notifier->batches_begun + batch_has_rows(notifier->batch);
    if (is_waiting(notifier, listing) ? add_waiting(notifier, listing) : begin(listing))
        return true;
    arena_free(listing->arena);
    free(listing);
    return false;
}

void listings_begin(struct notifier *notifier)
{
    while (notifier->listings && !is_waiting(notifier, notifier->listings)) {
        struct listing *listing = notifier->listings;
        notifier->listings = listing->next;
        if (!begin(listing)) { /* its turn comes when another has ended */
            notifier->listings = listing;
            return;
        }
    }
}

void listings_end(struct notifier *notifier)
{
    while (notifier->listings) {
        struct listing *listing = notifier->listings;
        notifier->listings = listing->next;
        err_set(&listing->err, ERR_SYSTEM, "notifier is stopping");
        list_done(listing);
    }
}
