# a group's deadline is not stored
# notifier/core/group.c
s/^        row->flush_due_ms = group->flush_due.wall_ms;$//
