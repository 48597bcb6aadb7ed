# what was due while an answer was awaited waits for its group's next time
# notifier/core/group.c
s/^    if (was_due)$/    if (was_due \&\& !wanted)/
