# what has changed once too few counts as flapping
# notifier/core/flap.c
s/flap->count >= policy->flap_changes ? now_ms/flap->count + 1u >= policy->flap_changes ? now_ms/
