/* How a receiver in its mood answers one request, in its provider's own words, and whether it took it. */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include "tests/sim/receiver.h"

void answer_draw(struct life *life, struct seen *seen, const struct channel_config *config, const struct request *request);

#endif
