# fish completion for collector, written by `collector help --fish`
complete -c collector -f
complete -c collector -n '__fish_use_subcommand' -a serve -d 'runs the daemon'
complete -c collector -n '__fish_use_subcommand' -a check-config -d 'every problem as FILE:LINE:COL: message'
complete -c collector -n '__fish_use_subcommand' -a schema -d 'QuestDB'\''s tables as this version needs them'
complete -c collector -n '__fish_use_subcommand' -a export -d 'rows as CSV on stdout'
complete -c collector -n '__fish_use_subcommand' -a retention -d 'how long QuestDB keeps rows'
complete -c collector -n '__fish_use_subcommand' -a spool -d 'what waits for QuestDB'
complete -c collector -n '__fish_use_subcommand' -a healthcheck -d 'the whole stack at a glance, and what 90 days weigh'
complete -c collector -n '__fish_use_subcommand' -a version -d 'prints the version'
complete -c collector -n '__fish_use_subcommand' -a help -d 'this, one command'\''s line of it, or what completes a shell'\''s words'
complete -c collector -n '__fish_seen_subcommand_from help' -a 'serve check-config schema export retention spool healthcheck version help'
complete -c collector -n '__fish_seen_subcommand_from serve' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from serve' -l listen -x
complete -c collector -n '__fish_seen_subcommand_from check-config' -F
complete -c collector -n '__fish_seen_subcommand_from schema' -a apply
complete -c collector -n '__fish_seen_subcommand_from schema' -a print
complete -c collector -n '__fish_seen_subcommand_from schema' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from schema' -l questdb -x
complete -c collector -n '__fish_seen_subcommand_from export' -l table -x
complete -c collector -n '__fish_seen_subcommand_from export' -l from -x
complete -c collector -n '__fish_seen_subcommand_from export' -l to -x
complete -c collector -n '__fish_seen_subcommand_from export' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from export' -l questdb -x
complete -c collector -n '__fish_seen_subcommand_from retention' -l retention-days -x
complete -c collector -n '__fish_seen_subcommand_from retention' -l dry-run
complete -c collector -n '__fish_seen_subcommand_from retention' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from retention' -l questdb -x
complete -c collector -n '__fish_seen_subcommand_from spool' -a status
complete -c collector -n '__fish_seen_subcommand_from spool' -a drain
complete -c collector -n '__fish_seen_subcommand_from spool' -a verify
complete -c collector -n '__fish_seen_subcommand_from spool' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from healthcheck' -l verbose
complete -c collector -n '__fish_seen_subcommand_from healthcheck' -l config -r -F
complete -c collector -n '__fish_seen_subcommand_from healthcheck' -l questdb -x
complete -c collector -n '__fish_seen_subcommand_from healthcheck' -l notifier -x
complete -c collector -n '__fish_seen_subcommand_from healthcheck' -l grafana -x
complete -c collector -n '__fish_seen_subcommand_from help' -l bash
complete -c collector -n '__fish_seen_subcommand_from help' -l zsh
complete -c collector -n '__fish_seen_subcommand_from help' -l fish
