# bash completion for collector, written by `collector help --bash`
_collector()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    if [ "$COMP_CWORD" -eq 1 ] || [ "$before" = help ]; then
        COMPREPLY=($(compgen -W "serve check-config schema export retention spool healthcheck version help" -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]}:$before in
    serve:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    serve:--listen) COMPREPLY=(); return ;;
    schema:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    schema:--questdb) COMPREPLY=(); return ;;
    export:--table) COMPREPLY=(); return ;;
    export:--from) COMPREPLY=(); return ;;
    export:--to) COMPREPLY=(); return ;;
    export:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    export:--questdb) COMPREPLY=(); return ;;
    retention:--retention-days) COMPREPLY=(); return ;;
    retention:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    retention:--questdb) COMPREPLY=(); return ;;
    spool:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    healthcheck:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    healthcheck:--questdb) COMPREPLY=(); return ;;
    healthcheck:--notifier) COMPREPLY=(); return ;;
    healthcheck:--grafana) COMPREPLY=(); return ;;
    esac
    case ${COMP_WORDS[1]} in
    serve) COMPREPLY=($(compgen -W "--config --listen" -- "$word")) ;;
    check-config) COMPREPLY=($(compgen -f -W "" -- "$word")) ;;
    schema) COMPREPLY=($(compgen -W "apply print --config --questdb" -- "$word")) ;;
    export) COMPREPLY=($(compgen -W "--table --from --to --config --questdb" -- "$word")) ;;
    retention) COMPREPLY=($(compgen -W "--retention-days --dry-run --config --questdb" -- "$word")) ;;
    spool) COMPREPLY=($(compgen -W "status drain verify --config" -- "$word")) ;;
    healthcheck) COMPREPLY=($(compgen -W "--verbose --config --questdb --notifier --grafana" -- "$word")) ;;
    version) COMPREPLY=($(compgen -W "" -- "$word")) ;;
    help) COMPREPLY=($(compgen -W "--bash --zsh --fish" -- "$word")) ;;
    esac
}
complete -o filenames -F _collector collector
