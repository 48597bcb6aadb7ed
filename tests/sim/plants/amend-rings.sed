# what comes and goes is edited where nothing can be
# notifier/core/amend.c
s/return channel && channel->can_edit && channel->on_update != UPDATE_NEW && /return channel \&\& /
