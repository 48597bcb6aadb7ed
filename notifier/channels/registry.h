/* Every channel there is: one row each. */
#ifndef CHANNELS_REGISTRY_H
#define CHANNELS_REGISTRY_H

#include "notifier/channels/channel.h"

extern const struct channel channel_telegram, channel_discord, channel_slack, channel_smtp, channel_webhook, channel_console;

#endif
