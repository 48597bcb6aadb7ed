# a silence hushes the end of what was told
# notifier/core/hush.c
s/^    if (alert->status == ALERT_RESOLVED \&\& !node->resolve_when_silenced) {$/    if (alert->status == ALERT_RESOLVED) {/
