# fish completion for notifier, written by `notifier help --fish`
complete -c notifier -f
complete -c notifier -n '__fish_use_subcommand' -a init -d 'writes a first configuration'
complete -c notifier -n '__fish_use_subcommand' -a doctor -d 'checks every credential and path, sends nothing'
complete -c notifier -n '__fish_use_subcommand' -a serve -d 'runs the daemon'
complete -c notifier -n '__fish_use_subcommand' -a test -d 'a real message through the real path; prints the receipt'
complete -c notifier -n '__fish_use_subcommand' -a check-config -d 'every problem as FILE:LINE:COL: message'
complete -c notifier -n '__fish_use_subcommand' -a alerts -d 'what is active now'
complete -c notifier -n '__fish_use_subcommand' -a incidents -d 'groups of alerts from first firing to quiet'
complete -c notifier -n '__fish_use_subcommand' -a why -d 'why an alert, incident or delivery was, or was not, told'
complete -c notifier -n '__fish_use_subcommand' -a history -d 'what happened, newest first'
complete -c notifier -n '__fish_use_subcommand' -a deliveries -d 'the outbox, receipts and dead letters'
complete -c notifier -n '__fish_use_subcommand' -a silence -d 'keeps alerts from being told for a while, and says why'
complete -c notifier -n '__fish_use_subcommand' -a route -d 'the routes and channels such an alert reaches, and why; the tree'
complete -c notifier -n '__fish_use_subcommand' -a template -d 'what a channel'\''s words, or a template, make of a payload'
complete -c notifier -n '__fish_use_subcommand' -a send -d 'an alert of one'\''s own, from a script'
complete -c notifier -n '__fish_use_subcommand' -a replay -d 'posts a recorded webhook body'
complete -c notifier -n '__fish_use_subcommand' -a replay-events -d 'decides a record of `serve --record` once more'
complete -c notifier -n '__fish_use_subcommand' -a telegram -d 'the chats and topics the bot sees'
complete -c notifier -n '__fish_use_subcommand' -a convert -d 'an alertmanager.yml as our YAML on stdout'
complete -c notifier -n '__fish_use_subcommand' -a hash-password -d 'a password'\''s hash for auth.users'
complete -c notifier -n '__fish_use_subcommand' -a backup -d 'copies the database while it is in use'
complete -c notifier -n '__fish_use_subcommand' -a restore -d 'puts a backup in the place of the database'
complete -c notifier -n '__fish_use_subcommand' -a migrate -d 'brings the database to this version'\''s schema'
complete -c notifier -n '__fish_use_subcommand' -a version -d 'prints the version'
complete -c notifier -n '__fish_use_subcommand' -a help -d 'this, or more about one command'
complete -c notifier -n '__fish_seen_subcommand_from help' -a 'init doctor serve test check-config alerts incidents why history deliveries silence route template send replay replay-events telegram convert hash-password backup restore migrate version help'
complete -c notifier -n '__fish_seen_subcommand_from init' -l hmac
complete -c notifier -n '__fish_seen_subcommand_from init' -l telegram-token -x
complete -c notifier -n '__fish_seen_subcommand_from init' -l telegram-chat -x
complete -c notifier -n '__fish_seen_subcommand_from init' -l force
complete -c notifier -n '__fish_seen_subcommand_from init' -F
complete -c notifier -n '__fish_seen_subcommand_from doctor' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from serve' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from serve' -l listen -x
complete -c notifier -n '__fish_seen_subcommand_from serve' -l storage -r -F
complete -c notifier -n '__fish_seen_subcommand_from serve' -l record -r -F
complete -c notifier -n '__fish_seen_subcommand_from test' -l channel -x
complete -c notifier -n '__fish_seen_subcommand_from test' -l severity -x
complete -c notifier -n '__fish_seen_subcommand_from test' -l resolved
complete -c notifier -n '__fish_seen_subcommand_from test' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from check-config' -F
complete -c notifier -n '__fish_seen_subcommand_from alerts' -l all
complete -c notifier -n '__fish_seen_subcommand_from alerts' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from alerts' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from incidents' -l status -x -a 'open closed'
complete -c notifier -n '__fish_seen_subcommand_from incidents' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from incidents' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from why' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from why' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from history' -l since -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l until -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l status -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l channel -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l limit -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l cursor -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l follow
complete -c notifier -n '__fish_seen_subcommand_from history' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from history' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -a list
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -a show
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -a retry
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -a drop
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -l channel -x
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -l status -x -a 'open delivered carried suppressed dead'
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from deliveries' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from silence' -a add
complete -c notifier -n '__fish_seen_subcommand_from silence' -a list
complete -c notifier -n '__fish_seen_subcommand_from silence' -a show
complete -c notifier -n '__fish_seen_subcommand_from silence' -a update
complete -c notifier -n '__fish_seen_subcommand_from silence' -a expire
complete -c notifier -n '__fish_seen_subcommand_from silence' -a import
complete -c notifier -n '__fish_seen_subcommand_from silence' -a export
complete -c notifier -n '__fish_seen_subcommand_from silence' -l duration -x
complete -c notifier -n '__fish_seen_subcommand_from silence' -l comment -x
complete -c notifier -n '__fish_seen_subcommand_from silence' -l author -x
complete -c notifier -n '__fish_seen_subcommand_from silence' -l start -x
complete -c notifier -n '__fish_seen_subcommand_from silence' -l all
complete -c notifier -n '__fish_seen_subcommand_from silence' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from silence' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from silence' -F
complete -c notifier -n '__fish_seen_subcommand_from route' -a test
complete -c notifier -n '__fish_seen_subcommand_from route' -a show
complete -c notifier -n '__fish_seen_subcommand_from route' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from template' -a render
complete -c notifier -n '__fish_seen_subcommand_from template' -l channel -x
complete -c notifier -n '__fish_seen_subcommand_from template' -l text -x
complete -c notifier -n '__fish_seen_subcommand_from template' -l escape -x -a 'none html telegram slack discord json'
complete -c notifier -n '__fish_seen_subcommand_from template' -l payload -r -F
complete -c notifier -n '__fish_seen_subcommand_from template' -l templates -x
complete -c notifier -n '__fish_seen_subcommand_from template' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from send' -l title -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l severity -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l label -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l description -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l key -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l resolve
complete -c notifier -n '__fish_seen_subcommand_from send' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from send' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from replay' -l source -x
complete -c notifier -n '__fish_seen_subcommand_from replay' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from replay' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from replay' -F
complete -c notifier -n '__fish_seen_subcommand_from replay-events' -F
complete -c notifier -n '__fish_seen_subcommand_from telegram' -a chats
complete -c notifier -n '__fish_seen_subcommand_from telegram' -l channel -x
complete -c notifier -n '__fish_seen_subcommand_from telegram' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from telegram' -l output -x -a 'table json csv'
complete -c notifier -n '__fish_seen_subcommand_from convert' -a alertmanager
complete -c notifier -n '__fish_seen_subcommand_from convert' -F
complete -c notifier -n '__fish_seen_subcommand_from backup' -l storage -r -F
complete -c notifier -n '__fish_seen_subcommand_from backup' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from backup' -l url -x
complete -c notifier -n '__fish_seen_subcommand_from backup' -F
complete -c notifier -n '__fish_seen_subcommand_from restore' -l storage -r -F
complete -c notifier -n '__fish_seen_subcommand_from restore' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from restore' -F
complete -c notifier -n '__fish_seen_subcommand_from migrate' -l storage -r -F
complete -c notifier -n '__fish_seen_subcommand_from migrate' -l config -r -F
complete -c notifier -n '__fish_seen_subcommand_from help' -l man
complete -c notifier -n '__fish_seen_subcommand_from help' -l bash
complete -c notifier -n '__fish_seen_subcommand_from help' -l zsh
complete -c notifier -n '__fish_seen_subcommand_from help' -l fish
complete -c notifier -n '__fish_seen_subcommand_from help' -l reference
