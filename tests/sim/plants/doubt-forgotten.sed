# what may have arrived counts as never told
# notifier/core/delivery.c
s/^        told->told_ms = core->now.wall_ms > .*$//
