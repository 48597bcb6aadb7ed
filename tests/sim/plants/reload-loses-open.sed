# a reload forgets what was owed
# notifier/core/reload.c
s/^        told_owe(core, told);$//
