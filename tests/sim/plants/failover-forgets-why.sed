# a fallback's own troubles are told as the reason why it tells
# notifier/core/verdict.c
s/tells_for_another = delivery->reason == REASON_FAILOVER/tells_for_another = false/
