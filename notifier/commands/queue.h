/* What waits for one channel, asked of the running daemon. Both say nothing where it does not answer. */
#ifndef COMMANDS_QUEUE_H
#define COMMANDS_QUEUE_H

#include "notifier/commands/client.h"

/* Its open deliveries; -1: not known. */
int64_t queue_length(const struct client *client, const char *channel);
/* What stands in its way: the provider's words about the first of them that was tried. Empty: nothing was said. */
void queue_trouble(const struct client *client, const char *channel, struct buf *words);

#endif
