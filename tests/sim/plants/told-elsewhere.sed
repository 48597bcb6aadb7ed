# an edit that waits beside a message that was taken is waited for, and the message told elsewhere
# notifier/core/failover.c
s/return !delivery_is_courtesy(delivery) \&\& failover_possible_for/return !amend_is(delivery) \&\& failover_possible_for/
