# a channel that is back is not told what still fires, and yet it counts as told
# notifier/core/summary.c
s/^            told->settled_seq = told->owed_seq = alert->seq - 1;$/            told->status = TOLD_FIRING; told->told_ms = core->now.wall_ms; told_write(core, told); continue;/
