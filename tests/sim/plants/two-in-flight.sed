# a message under way does not hold back the next
# notifier/core/group.c
s/^    if (old \&\& (digest_is(old) || !delivery_is_idle(old)))$/    if (old \&\& (digest_is(old) || (!delivery_is_idle(old) \&\& !old->attempt_id)))/
