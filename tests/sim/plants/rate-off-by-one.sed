# a rate lets one too many through
# notifier/core/throttle.c
s/count = channel->rates\[i\].count,/count = channel->rates[i].count + 1,/
