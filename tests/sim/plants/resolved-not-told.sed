# an end is not told
# notifier/core/transition.c
s/^        told_owe(core, told);\r\{0,1\}$/        if (alert->status == ALERT_RESOLVED) continue; told_owe(core, told);/
