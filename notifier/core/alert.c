#include "notifier/core/alert.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t FNV_OFFSET = 14695981039346656037ULL, FNV_PRIME = 1099511628211ULL;

static uint64_t fnv_text(uint64_t hash, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++)
        hash = (hash ^ *c) * FNV_PRIME;
    return (hash ^ 0xff) * FNV_PRIME;
}

static uint64_t fnv_labels(uint64_t hash, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        hash = fnv_text(fnv_text(hash, labels->items[i].name), labels->items[i].value);
    return hash;
}

const char *labels_get(const struct labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(labels->items[i].name, name) == 0)
            return labels->items[i].value;
    return NULL;
}

static void add_escaped(struct buf *buf, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            buf_add_char(buf, '\\');
        buf_add_char(buf, *text == '\n' ? 'n' : *text);
    }
}

void labels_add(struct buf *buf, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        buf_add_text(buf, i ? ", " : "");
        add_escaped(buf, labels->items[i].name);
        buf_add_text(buf, "=\"");
        add_escaped(buf, labels->items[i].value);
        buf_add_char(buf, '"');
    }
}

uint64_t labels_fingerprint(const struct labels *labels)
{
    return fnv_labels(FNV_OFFSET, labels);
}

static int label_compare(const void *a, const void *b)
{
    const struct label *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static bool labels_are_sorted(const struct labels *labels)
{
    for (size_t i = 1; i < labels->count; i++)
        if (strcmp(labels->items[i - 1].name, labels->items[i].name) >= 0)
            return false;
    return true;
}

void labels_settle(struct labels *labels)
{
    bool sorted = labels_are_sorted(labels);
    size_t kept = 0;

    for (size_t i = 0; i < labels->count; i++) {
        bool is_last = true;
        for (size_t j = i + 1; !sorted && j < labels->count && is_last; j++)
            is_last = strcmp(labels->items[i].name, labels->items[j].name) != 0;
        if (is_last && labels->items[i].value && labels->items[i].value[0])
            labels->items[kept++] = labels->items[i];
    }
    labels->count = kept;
    if (!sorted && kept > 1)
        qsort(labels->items, labels->count, sizeof labels->items[0], label_compare);
}

uint64_t alert_input_hash(const struct alert_input *input)
{
    uint64_t hash = fnv_labels(FNV_OFFSET, &input->annotations);
    hash = fnv_text(hash, input->values);
    hash = fnv_text(hash, input->value_string);
    hash = fnv_text(hash, input->generator_url);
    hash = fnv_text(hash, input->state_reason);
    return hash ? hash : 1;
}
