# who is asked to wait without a wish asks again each second
# notifier/core/target.c
s/target->pressed += \(.*\);/target->pressed = (\1) || true;/
