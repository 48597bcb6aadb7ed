# what a digest should have told is forgotten where it fails
# notifier/core/digest.c
s/^        struct delivery \*alone = delivery_open(.*$/        if (true) { for (struct told *t = lanes[i]->pending, *n; t; t = n) { n = t->next; told_settle(core, t, t->owed_seq, SETTLED_CARRIED, digest_id, why); } continue; } struct delivery *alone = delivery_open(core, lanes[i], REASON_FIRST, severity, accepted);/
s/^    struct group \*own = digest->lane->group;$/    struct group *own = digest->lane->group; uint64_t digest_id = digest->id;/
