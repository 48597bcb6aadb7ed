# the disk fails for a while, and nobody is told
# notifier/troubles.c
s/^        notifier->failing_told = true;$/        notifier->failing_told = true; return;/
