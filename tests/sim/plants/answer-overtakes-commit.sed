# what needs no row is answered while the row it rests on is written
# notifier/notifier.c
s/^    if (!notifier->writing) {$/    if (!notifier->writing || !batch_has_rows(notifier->batch)) {/
