# what came and went is not told once it is calm
# notifier/core/flap.c
s/^            owe(core, told, calm);$/            { told->hushed = HUSH_NONE; told_write(core, told); }/
