/* Rare branches, counted over all lives: a branch no life reaches is a test that tests nothing. */
#ifndef SIM_MARKS_H
#define SIM_MARKS_H

#include <stdbool.h>

#define MARKS(X)                                                                                                        \
    X(crash_before_commit) X(crash_writing) X(crash_before_speech) X(crash_mid_speech) X(crash_after_speech) X(crash_lossy)              \
    X(restart_other_policy) X(commit_failed) X(commit_failed_but_stored) X(spoken_from_memory) X(held_confirmed)        \
    X(held_refused) X(reload) X(reload_channel_gone) X(wall_jump_forward) X(wall_jump_back)                             \
    X(body_cut) X(body_twice) X(body_late) X(alert_left_out) X(refused_503) X(event) X(test_sent) X(retried_by_hand)     \
    X(dropped_by_hand) X(source_rejected) X(alert_forgotten) X(alerts_full)                                             \
    X(reply_busy_wish) X(reply_busy) X(reply_pressed) X(reply_failed) X(reply_not_sent) X(reply_content) X(reply_channel) X(reply_silent) \
    X(reply_too_late) X(reply_moved) X(reply_partial) X(taken_in_part) X(partly_refused) X(reply_page_refused) X(reply_edit_refused) X(reply_after_crash) X(edit) X(split) X(digest_of_many)           \
    X(repeat_marked) X(repeat_reminder) X(fired_and_resolved) X(carried) X(failed_over) X(end_told_again_by_fallback) X(dead) X(dead_gave_up) X(dead_removed)        \
    X(suppressed_same) X(suppressed_early) X(suppressed_unwanted) X(suppressed_untold) X(suppressed_route)              \
    X(suppressed_nothing_left) X(straggler) X(silence_made) X(silence_changed) X(silence_ended) X(hushed_silenced) X(hushed_inhibited) X(hushed_muted)         \
    X(hushed_end) X(digest) X(digest_unclear) X(summary) X(summary_repeats) X(summary_probes) X(severity_known) \
    X(severity_raised) X(hushed_flaps) X(flaps_calm) X(amended) X(first_kept_true) X(answer_awaited) X(two_slots) \
    X(rate_reached) X(plain) X(minimal) X(mirror) X(on_sqlite) X(power_cut) X(power_cut_but_stored) X(written_beside) \
    X(read_waits) X(stalled) X(storage_told) X(worded_without_details)

enum mark {
#define X(name) MARK_##name,
    MARKS(X)
#undef X
    MARK_COUNT
};

#define MARK(name) mark_reached(MARK_##name)

void mark_reached(enum mark mark);
void marks_print(void);
bool marks_missing(void); /* prints those never reached; true if there are any */

#endif
