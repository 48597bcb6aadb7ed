# a channel that asks to wait for ever is never given up
# notifier/core/verdict.c
s/^        if (summary->busy \&\& !summary_is(delivery) \&\& /        if (false \&\& /
