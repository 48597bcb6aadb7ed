#ifndef NOTIFIER_VERSION_H
#define NOTIFIER_VERSION_H

#define NOTIFIER_VERSION "0.1.0"
#define ALERTMANAGER_VERSION "0.25.0" /* whose API v2 we speak: tools ask for it */

#endif
