# of what may have arrived before it went elsewhere, the summary says nothing
# notifier/core/failover.c
s/^        if (told->alert->status == ALERT_FIRING \&\& told->status != TOLD_FIRING) .*$/        if (told->alert->status == ALERT_FIRING \&\& told->status != TOLD_FIRING \&\& !told->told_ms)/
