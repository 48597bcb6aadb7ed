# what a muted time held back is not told when it ends
# notifier/core/hush.c
s/^    if (read_times(core))$/    if (read_times(core) \&\& false)/
