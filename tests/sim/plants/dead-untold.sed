# nobody hears of a dead letter
# notifier/core/delivery.c
s/^    if (self)$/    if (true)/
