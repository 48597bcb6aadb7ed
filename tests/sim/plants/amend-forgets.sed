# an end that a fallback told is not shown by the first message
# notifier/core/failover.c
s/^            amend_told_elsewhere(core, told);$/            (void)core;/
