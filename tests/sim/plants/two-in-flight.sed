# a message under way does not hold back the next
# notifier/core/group.c
s/^    if (old \&\& !delivery_is_idle(old))$/    if (old \&\& !delivery_is_idle(old) \&\& !old->attempt_id)/
