# what fires gets worse, and nobody is told
# notifier/core/intake.c
s/^    if (relabelled \&\& alert->status == ALERT_FIRING \&\& alert->severity < severity) {$/    if (false) {/
