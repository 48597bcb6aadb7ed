/* An alertmanager.yml as a configuration of ours that behaves the same. What the file leaves out is written with
 * Alertmanager's own defaults; what we have no counterpart for is named, and stays as a remark in the result. */
#ifndef COMMANDS_CONVERT_H
#define COMMANDS_CONVERT_H

#include "notifier/config.h"

#define CONVERT_OUT_MAX (8u << 20) /* bytes of the result */

enum conversion_end {
    CONVERT_DONE,      /* out is whole; warnings may stand in complaints */
    CONVERT_INVALID,   /* not a configuration of Alertmanager's; complaints say where and why */
    CONVERT_IMPOSSIBLE /* it is one, but passes a bound of ours */
};

/* name stands in complaints, and its folder before the relative paths of secrets, as Alertmanager has it; "-" has none.
 * Secrets of the file are in out: it belongs to whoever may read the file. Nothing is added to out unless DONE. */
enum conversion_end convert_alertmanager(const char *name, const char *text, size_t length, struct buf *out,
                                         struct config_complaints *complaints);

#endif
