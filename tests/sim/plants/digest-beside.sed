# a group in a digest that waits for its answer is told beside it
# notifier/core/group.c
s/^    if (old \&\& (digest_is(old) || !delivery_is_idle(old)))$/    if (old \&\& !delivery_is_idle(old))/
