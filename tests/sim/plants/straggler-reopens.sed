# a late copy of a firing that has ended opens it again
# notifier/core/intake.c
s/^    return input->starts_ms \&\& input->starts_ms <= alert->starts_ms \&\&/    return false \&\& input->starts_ms \&\& input->starts_ms <= alert->starts_ms \&\&/
