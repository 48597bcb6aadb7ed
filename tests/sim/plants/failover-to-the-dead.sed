# a fallback whose own letter died is taken to have told it
# notifier/core/failover.c
s/^            told_owe_again(core, there);.*/            (void)there;/
