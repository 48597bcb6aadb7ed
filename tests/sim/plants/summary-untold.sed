# a channel that is back is not told what still fires, and yet it counts as told
# notifier/core/summary.c
s/^            told_owe_again(core, told);$/            told->status = TOLD_FIRING; told->told_ms = core->now.wall_ms; told_write(core, told); continue;/
