# what the thread still writes is spoken already
# notifier/notifier.c
s/^    store->begin(store->context, &notifier->writing->effects);$/&\n    speak_batch(notifier, notifier->writing, false);/
