#include "tests/sim/pack.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 7
#define AT(field) (offsetof(struct record, field) + 1) /* 0: none */

/* Where a record of each kind keeps texts and labels. */
static const struct {
    size_t texts[TEXTS_MAX], labels;
} shapes[RECORD_COUNT] = {
    [RECORD_ALERT] = {{AT(alert.domain), AT(alert.source), AT(alert.fingerprint), AT(alert.state_reason)}, AT(alert.labels)},
    [RECORD_TRANSITION] = {{AT(transition.source), AT(transition.state_reason), AT(transition.rule)}, 0},
    [RECORD_GROUP] = {{AT(group.key), AT(group.node_id)}, AT(group.labels)},
    [RECORD_INCIDENT] = {{AT(incident.reference), AT(incident.severity_name), AT(incident.title)}, 0},
    [RECORD_TOLD] = {{AT(told.channel)}, 0},
    [RECORD_LANE] = {{AT(lane.channel), AT(lane.root_remote)}, 0},
    [RECORD_DELIVERY] = {{AT(delivery.channel), AT(delivery.words), AT(delivery.only_test)}, 0},
    [RECORD_MESSAGE] = {{AT(message.channel), AT(message.text)}, 0},
    [RECORD_PART] = {{AT(part.address), AT(part.content), AT(part.remote_id)}, 0},
    [RECORD_ATTEMPT] = {{AT(attempt.channel), AT(attempt.words)}, 0},
    [RECORD_TARGET] = {{AT(target.channel), AT(target.last_error), AT(target.moved_to), AT(target.away_to)}, 0},
    [RECORD_QUARANTINE] = {{AT(quarantine.source), AT(quarantine.why)}, 0},
    [RECORD_SETTLEMENT] = {{AT(settlement.channel), AT(settlement.rule)}, 0},
    [RECORD_FLAP] = {{AT(flap.times)}, 0},
    [RECORD_SILENCE] = {{AT(silence.id), AT(silence.author), AT(silence.comment)}, 0},
};

static const size_t input_texts[] = {
    offsetof(struct alert_input, fingerprint), offsetof(struct alert_input, generator_url), offsetof(struct alert_input, silence_url),
    offsetof(struct alert_input, dashboard_url), offsetof(struct alert_input, panel_url), offsetof(struct alert_input, image_url),
    offsetof(struct alert_input, rule_uid), offsetof(struct alert_input, values), offsetof(struct alert_input, value_string),
    offsetof(struct alert_input, state_reason),
};

/* Without a block it only measures. */
struct packer {
    char *at;
    size_t size;
};

static const char *pack_text(struct packer *packer, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    const char *copy = packer->at ? memcpy(packer->at + packer->size, text, size) : text;
    packer->size += size;
    return copy;
}

static void pack_labels(struct packer *packer, const struct labels *from, struct labels *to)
{
    packer->size = (packer->size + 15) / 16 * 16;
    struct label *items = packer->at ? (struct label *)(void *)(packer->at + packer->size) : NULL;
    packer->size += from->count * sizeof *items;
    for (size_t i = 0; i < from->count; i++) {
        const char *name = pack_text(packer, from->items[i].name), *value = pack_text(packer, from->items[i].value);
        if (items)
            items[i] = (struct label){name, value};
    }
    *to = (struct labels){items, from->count};
}

static void pack_matchers(struct packer *packer, const struct record_silence *from, struct record_silence *to)
{
    packer->size = (packer->size + 15) / 16 * 16;
    struct silence_matcher *items = packer->at ? (struct silence_matcher *)(void *)(packer->at + packer->size) : NULL;
    packer->size += from->matcher_count * sizeof *items;
    for (size_t i = 0; i < from->matcher_count; i++) {
        struct silence_matcher one = from->matchers[i];
        one.name = pack_text(packer, one.name);
        one.value = pack_text(packer, one.value);
        if (items)
            items[i] = one;
    }
    to->matchers = items;
}

static void pack_fields(struct packer *packer, const struct record *from, struct record *to)
{
    *to = *from;
    for (size_t i = 0; i < TEXTS_MAX && shapes[from->kind].texts[i]; i++) {
        size_t offset = shapes[from->kind].texts[i] - 1;
        const char *text = *(const char *const *)(const void *)((const char *)from + offset);
        text = pack_text(packer, text);
        memcpy((char *)to + offset, &text, sizeof text);
    }
    if (shapes[from->kind].labels) {
        size_t offset = shapes[from->kind].labels - 1;
        struct labels labels;
        pack_labels(packer, (const struct labels *)(const void *)((const char *)from + offset), &labels);
        memcpy((char *)to + offset, &labels, sizeof labels);
    }
    if (from->kind == RECORD_SILENCE)
        pack_matchers(packer, &from->silence, &to->silence);
}

static void *block_new(size_t size)
{
    void *block = malloc(size + 1);
    if (!block)
        abort();
    return block;
}

void pack_record(const struct record *from, struct record *to, void **block)
{
    struct packer packer = {0};
    struct record packed;

    pack_fields(&packer, from, &packed);
    packer = (struct packer){.at = block_new(packer.size)};
    pack_fields(&packer, from, &packed);
    *block = packer.at;
    *to = packed;
}

static void pack_input_fields(struct packer *packer, const struct alert_input *from, struct alert_input *to)
{
    packer->size = sizeof *to;
    struct alert_input copy = *from;
    for (size_t i = 0; i < sizeof input_texts / sizeof input_texts[0]; i++) {
        const char *text = pack_text(packer, *(const char *const *)(const void *)((const char *)from + input_texts[i]));
        memcpy((char *)&copy + input_texts[i], &text, sizeof text);
    }
    pack_labels(packer, &from->labels, &copy.labels);
    pack_labels(packer, &from->annotations, &copy.annotations);
    *to = copy;
}

const struct alert_input *pack_input(const struct alert_input *from, void **block)
{
    struct packer packer = {0};
    struct alert_input packed;

    pack_input_fields(&packer, from, &packed);
    packer = (struct packer){.at = block_new(packer.size)};
    pack_input_fields(&packer, from, &packed);
    memcpy(packer.at, &packed, sizeof packed);
    *block = packer.at;
    return (const struct alert_input *)(const void *)packer.at;
}
