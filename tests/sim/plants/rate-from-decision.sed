# a rate counts from when a send was decided, not from when it left
# notifier/core/throttle.c
s/^            \*at = to;$//
