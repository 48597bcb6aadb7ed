# what a channel was told is not stored
# notifier/core/told.c
s/^    told->settled_seq = seq;$/    told->settled_seq = seq; if (delivery_id) return;/
