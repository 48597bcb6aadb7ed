# a body is answered 200 though the commit failed
# notifier/answers.c
s/^    else if (stored)$/    else if (true)/
