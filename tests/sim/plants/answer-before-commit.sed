# a body is answered 200 though the commit failed
# notifier/notifier.c
s/^    else if (stored)$/    else if (true)/
