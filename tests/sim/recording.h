/* With SIM_RECORD=FOLDER each process of each life is recorded there, as `serve --record` would: SEED-PROCESS. */
#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include "tests/sim/life.h"

/* NULL where nothing is recorded. Good until the next call. */
struct recorder *recording_begin(const struct life *life);

#endif
