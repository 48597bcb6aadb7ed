#include "notifier/core/record.h"

const char *reason_text(enum reason reason)
{
    static const char *const texts[] = {
        [REASON_FIRST] = "first notification",
        [REASON_NEW_ALERTS] = "new alerts added",
        [REASON_SOME_RESOLVED] = "some alerts resolved",
        [REASON_ALL_RESOLVED] = "all alerts resolved",
        [REASON_REPEAT] = "repeat interval elapsed",
        [REASON_TEST] = "test",
        [REASON_FIRED_AND_RESOLVED] = "fired and resolved",
        [REASON_FAILOVER] = "failover",
        [REASON_DIGEST] = "digest",
        [REASON_ESCALATION] = "escalation",
        [REASON_RECOVERY] = "back again",
        [REASON_AMEND] = "first message kept true",
    };
    _Static_assert(sizeof texts / sizeof texts[0] == REASON_COUNT, "a reason without its words");
    return texts[reason];
}

const char *settled_text(enum settled settled)
{
    switch (settled) {
    case SETTLED_OPEN: return "open";
    case SETTLED_DELIVERED: return "delivered";
    case SETTLED_CARRIED: return "carried";
    case SETTLED_SUPPRESSED: return "suppressed";
    case SETTLED_DEAD: return "dead";
    }
    return "?";
}

const char *outcome_text(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PENDING: return "pending";
    case OUTCOME_TAKEN: return "taken";
    case OUTCOME_BUSY: return "busy";
    case OUTCOME_FAILED: return "failed";
    case OUTCOME_REFUSED_CONTENT: return "refused content";
    case OUTCOME_REFUSED_CHANNEL: return "refused channel";
    case OUTCOME_MOVED: return "moved";
    case OUTCOME_UNCLEAR: return "unclear";
    }
    return "?";
}

const char *silence_state_text(enum silence_state state)
{
    switch (state) {
    case SILENCE_PENDING: return "pending";
    case SILENCE_ACTIVE: return "active";
    case SILENCE_EXPIRED: return "expired";
    }
    return "?";
}
