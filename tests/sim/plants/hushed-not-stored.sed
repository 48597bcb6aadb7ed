# that something was hushed is not known after a restart
# notifier/core/told.c
s/^    row->hushed = (enum hush)told->hushed;$//
