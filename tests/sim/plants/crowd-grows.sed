# what fires is bounded no more once ends wait to be told
# notifier/core/crowd.c
s@^    if (core->firing < bound)$@    if (core->firing < bound || core->alert_ids.count > bound)@
