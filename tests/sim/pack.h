/* Records copied whole, each with its texts in one block. */
#ifndef SIM_PACK_H
#define SIM_PACK_H

#include "notifier/core/record.h"

/* Copies *from into *to; its texts and labels move into *block (free). An alert's detail stays borrowed. */
void pack_record(const struct record *from, struct record *to, void **block);
const struct alert_input *pack_input(const struct alert_input *from, void **block);

#endif
