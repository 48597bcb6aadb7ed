#include "notifier/channels/registry.h"

#include <stddef.h>
#include <string.h>

const struct channel *const channels[] = {&channel_telegram, &channel_discord, &channel_slack, &channel_smtp,
                                          &channel_webhook,  &channel_console, NULL};

const struct channel *channel_find(const char *type)
{
    for (size_t i = 0; channels[i]; i++)
        if (strcmp(channels[i]->type, type) == 0)
            return channels[i];
    return NULL;
}
