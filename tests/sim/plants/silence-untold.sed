# an alert that still fires when its silence ends is forgotten
# notifier/core/hush.c
s/^    told_owe_again(core, told);$/    return;/
