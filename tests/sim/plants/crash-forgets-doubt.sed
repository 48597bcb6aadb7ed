# what was on its way at a crash counts as not sent
# notifier/core/load.c
s/^    delivery->maybe_sent = !amend_is(delivery);$//
