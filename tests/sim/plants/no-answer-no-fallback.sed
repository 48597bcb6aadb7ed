# while an attempt has no answer nobody else is asked
# notifier/core/failover.c
s/^    bool silent = .*$/    bool silent = false;/
