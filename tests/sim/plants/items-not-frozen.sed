# later news counts as told by an earlier message
# notifier/core/verdict.c
s/told_settle(core, items\[i\].told, items\[i\].seq,/told_settle(core, items[i].told, items[i].told->owed_seq,/
