/* A test notification without a running daemon: the real path over a database in memory. */
#ifndef NOTIFIER_ALONE_H
#define NOTIFIER_ALONE_H

#include "notifier/config.h"

/* 0: delivered, 1: not. receipt: what a person wants to read either way. err: only where nothing could be tried. */
int notifier_test_alone(const struct config *config, const char *channel, const char *severity, bool resolved,
                        struct buf *receipt, struct err *err);

#endif
