/* Between the turn and what it believes to be its disk. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "notifier/store/store.h"

struct life;

struct store disk_store(struct life *life); /* with a thread of its own where life->on_thread says so */
/* The records decided but not stored yet, into the shadow, as far as they count already. */
void disk_shadow(struct life *life);
void disk_shadow_all(struct life *life); /* all of them */
void disk_written(struct life *life, size_t which); /* the commit beside the turn comes to its end */
void disk_judge(struct life *life); /* after each turn */
void disk_dies(struct life *life); /* with the process: what was being written is there, or is not */
/* Commits after which what is heard now may still be on no disk: where one is under way, it goes with the next. */
uint64_t disk_commits_without(const struct life *life);

#endif
