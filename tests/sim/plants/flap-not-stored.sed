# that an alert comes and goes is not written down
# notifier/core/flap.c
s/^    schedule(core, flap);\n    flap_write/    schedule(core, flap);/
s/^    flap->calm_ms = flap->times\[flap->count - 1\];$/    flap->calm_ms = flap->times[flap->count - 1]; if (flap->changes) { tell(core, alert, true); return; }/
