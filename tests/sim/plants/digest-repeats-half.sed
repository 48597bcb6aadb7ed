# a mail digest that reached some mailboxes is taken apart, and told them again
# notifier/core/verdict.c
s/if (!digest_is(digest) || !is_untouched(digest) || summary->moved/if (!digest_is(digest) || summary->moved/
