# what a fallback should tell is not owed there
# notifier/core/failover.c
s/^        told_owe(core, there);$//
