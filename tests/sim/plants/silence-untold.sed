# an alert that still fires when its silence ends is forgotten
# notifier/core/hush.c
s/^    told->settled_seq = told->owed_seq = told->alert->seq - 1;$/    return;/
