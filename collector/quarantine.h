/* Rows that QuestDB will never take, each below a comment that says when, why and under which errorId: line protocol
 * that can be put right and pushed again. Bounded: the file before the last is all that is kept beside it. */
#ifndef COLLECTOR_QUARANTINE_H
#define COLLECTOR_QUARANTINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUARANTINE_BYTES_MAX (32u << 20) /* of the file; then it becomes quarantine.1.lp, in place of an older one */
#define QUARANTINE_REASON_MAX 1024       /* bytes */

struct quarantine;

struct quarantine *quarantine_open(const char *folder, struct err *err); /* FOLDER/quarantine.lp */
void quarantine_close(struct quarantine *quarantine);
/* On disk when it returns true. */
bool quarantine_add(struct quarantine *quarantine, const char *row, size_t length, const char *reason, const char *error_id,
                    int64_t wall_ms, struct err *err);
uint64_t quarantine_bytes(const struct quarantine *quarantine); /* of the file that grows */

#endif
