# a reload forgets what a fallback has been given to tell
# notifier/core/reload.c
s/^            return told->is_pending || told->hushed;$/            return false;/
