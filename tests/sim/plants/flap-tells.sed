# what comes and goes is told at each change
# notifier/core/flap.c
s/^    return flap && flap->damped_ms && .*$/    return flap \&\& told->hushed == HUSH_RAISED;/
