# speech before the commit
# notifier/notifier.c
s/^    bool stored = commit(notifier);$/    speak(notifier, true); bool stored = commit(notifier);/
