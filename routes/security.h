/* The headers that every answer carries, so that a browser does nothing with it that it should not. */
#ifndef ROUTES_SECURITY_H
#define ROUTES_SECURITY_H

#include "routes/call.h"

/* Those which the handler has not set itself. people: whoever asks is asked who he is. */
void security_headers(const struct call *call, bool people, void (*add)(void *context, const char *name, const char *value), void *context);

#endif
