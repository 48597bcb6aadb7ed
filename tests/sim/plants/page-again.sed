# all pages go again where one was refused
# notifier/core/verdict.c
s/^        if (is_untouched(delivery)) \/\* else/        if (true) \/* else/
