# an inhibition does not end with its source
# notifier/core/inhibit.c
s/^            alert_inhibit(core, target, inhibit_source(core, target));$/            (void)0;/
