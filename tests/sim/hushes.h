/* What hushes alerts, by a second opinion: silences as they are stored, inhibition and muted times as they were drawn. */
#ifndef SIM_HUSHES_H
#define SIM_HUSHES_H

#include "notifier/core/record.h"

struct life;

bool hushes_silenced(const struct life *life, const struct labels *labels);
bool hushes_inhibited(const struct life *life, const struct record_alert *alert); /* it fires */
bool hushes_muted(const struct life *life, const char *node_id);
/* No message may show that it fires, in a group of this node. */
bool hushes_firing(const struct life *life, const struct record_alert *alert, const char *node_id);
bool hushes_flaps(const struct life *life, const struct record_alert *alert); /* it comes and goes, and is not calm */
/* The route with this node tells the end of what was told, hushed or not. */
bool hushes_keeps_ends(const struct life *life, const char *node_id);
/* Something hushes that will end by itself: what it holds back is still to come. */
const char *hushes_pending(const struct life *life);
/* Ends what a wall clock set back would let last for hours more. */
void hushes_end_far(struct life *life);
void hushes_operate(struct life *life); /* a person makes a silence, changes one or ends one */

#endif
