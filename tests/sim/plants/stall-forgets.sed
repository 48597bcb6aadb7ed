# what was decided while a commit failed is lost
# notifier/batch.c
s/^    effects_join(&batch->effects, &later->effects);$//
