# what waits in a queue is told though it has been silenced since
# notifier/core/delivery.c
s/^        lane_hush(core, lanes\[i\]);$/        (void)lanes[i];/
