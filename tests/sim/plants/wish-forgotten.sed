# a failure shortens the wait a provider asked for
# notifier/core/target.c
s/!target->not_before.wall_ms || until.steady_ms > target->not_before.steady_ms/true/
