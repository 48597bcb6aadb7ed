# speech before the commit
# notifier/notifier.c
s/^        bool stored = commit(notifier);$/        speak_batch(notifier, notifier->batch, true); bool stored = commit(notifier);/
