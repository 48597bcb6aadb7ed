# alerts end because there are too many, and nobody is told
# notifier/core/crowd.c
s/^    intake_trouble(core, &trouble);$/    (void)trouble;/
