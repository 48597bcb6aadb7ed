# a repeat does not say that it is one
# notifier/core/delivery.c
s/\.repeat = delivery->maybe_sent,$/.repeat = false,/;s/\.repeat = delivery->maybe_sent, /.repeat = false, /
