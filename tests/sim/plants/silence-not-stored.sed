# that a silence has ended is not written down
# notifier/core/silence.c
s/^    silence_write(core, silence);$/    if (state != SILENCE_EXPIRED) silence_write(core, silence);/
