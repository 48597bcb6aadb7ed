/* What was found of an alert while a page was read: its changes come again and again, and its labels stay the same.
 * Forgets what it has no room for; it is then found out anew. */
#ifndef STORE_VERDICTS_H
#define STORE_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICTS_SLOTS 65536 /* alerts, half a MiB */

struct verdicts;

struct verdicts *verdicts_new(void);
void verdicts_free(struct verdicts *verdicts); /* NULL is none */
/* id is positive, verdict one of 0 to 3. */
bool verdicts_find(const struct verdicts *verdicts, int64_t id, unsigned *verdict);
void verdicts_add(struct verdicts *verdicts, int64_t id, unsigned verdict);

#endif
