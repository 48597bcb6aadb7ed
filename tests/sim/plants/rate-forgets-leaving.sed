# a send that has not left yet does not count
# notifier/core/throttle.c
s/^        target->leaving++;$//
