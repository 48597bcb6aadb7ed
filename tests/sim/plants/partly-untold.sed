# a mailbox is refused for good, others get their mail, and nobody is told
# notifier/core/verdict.c
s/if (!partly->refused \&\& !partly->over)/if (!partly->over)/
