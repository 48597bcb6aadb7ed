# a failed attempt is never tried again
# notifier/core/verdict.c
s/^    target_queue(core, delivery);$/    if (!summary->failed) target_queue(core, delivery);/
