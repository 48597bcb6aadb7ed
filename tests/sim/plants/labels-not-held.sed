# a changed severity is written but not held
# notifier/core/intake.c
s/^    relabel(core, alert, \&input->labels);$//
