/* Alertmanager's lists, in its own JSON: what amtool, karma and Grafana's Alertmanager pages read. Private to notifier/store/. */
#ifndef STORE_API_V2_H
#define STORE_API_V2_H

#include "notifier/store/page.h"

bool api_v2_write(struct page *page); /* the whole answer; within a transaction */

#endif
