# bash completion for notifier, written by `notifier help --bash`
_notifier()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    if [ "$COMP_CWORD" -eq 1 ] || [ "$before" = help ]; then
        COMPREPLY=($(compgen -W "init doctor serve test check-config alerts incidents why history deliveries silence route template send replay replay-events telegram convert hash-password backup restore migrate version help" -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]}:$before in
    init:--telegram-token) COMPREPLY=(); return ;;
    init:--telegram-chat) COMPREPLY=(); return ;;
    doctor:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    serve:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    serve:--listen) COMPREPLY=(); return ;;
    serve:--storage) COMPREPLY=($(compgen -f -- "$word")); return ;;
    serve:--record) COMPREPLY=($(compgen -f -- "$word")); return ;;
    test:--channel) COMPREPLY=(); return ;;
    test:--severity) COMPREPLY=(); return ;;
    test:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    alerts:--url) COMPREPLY=(); return ;;
    alerts:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    incidents:--status) COMPREPLY=($(compgen -W "open closed" -- "$word")); return ;;
    incidents:--url) COMPREPLY=(); return ;;
    incidents:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    why:--url) COMPREPLY=(); return ;;
    why:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    history:--since) COMPREPLY=(); return ;;
    history:--until) COMPREPLY=(); return ;;
    history:--status) COMPREPLY=(); return ;;
    history:--channel) COMPREPLY=(); return ;;
    history:--limit) COMPREPLY=(); return ;;
    history:--cursor) COMPREPLY=(); return ;;
    history:--url) COMPREPLY=(); return ;;
    history:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    deliveries:--channel) COMPREPLY=(); return ;;
    deliveries:--status) COMPREPLY=($(compgen -W "open delivered carried suppressed dead" -- "$word")); return ;;
    deliveries:--url) COMPREPLY=(); return ;;
    deliveries:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    silence:--duration) COMPREPLY=(); return ;;
    silence:--comment) COMPREPLY=(); return ;;
    silence:--author) COMPREPLY=(); return ;;
    silence:--start) COMPREPLY=(); return ;;
    silence:--url) COMPREPLY=(); return ;;
    silence:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    route:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    template:--channel) COMPREPLY=(); return ;;
    template:--text) COMPREPLY=(); return ;;
    template:--escape) COMPREPLY=($(compgen -W "none html telegram slack discord json" -- "$word")); return ;;
    template:--payload) COMPREPLY=($(compgen -f -- "$word")); return ;;
    template:--templates) COMPREPLY=(); return ;;
    template:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    send:--title) COMPREPLY=(); return ;;
    send:--severity) COMPREPLY=(); return ;;
    send:--label) COMPREPLY=(); return ;;
    send:--description) COMPREPLY=(); return ;;
    send:--key) COMPREPLY=(); return ;;
    send:--url) COMPREPLY=(); return ;;
    send:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    replay:--source) COMPREPLY=(); return ;;
    replay:--url) COMPREPLY=(); return ;;
    replay:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    telegram:--channel) COMPREPLY=(); return ;;
    telegram:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    telegram:--output) COMPREPLY=($(compgen -W "table json csv" -- "$word")); return ;;
    backup:--storage) COMPREPLY=($(compgen -f -- "$word")); return ;;
    backup:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    backup:--url) COMPREPLY=(); return ;;
    restore:--storage) COMPREPLY=($(compgen -f -- "$word")); return ;;
    restore:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    migrate:--storage) COMPREPLY=($(compgen -f -- "$word")); return ;;
    migrate:--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    esac
    case ${COMP_WORDS[1]} in
    init) COMPREPLY=($(compgen -f -W "--hmac --telegram-token --telegram-chat --force" -- "$word")) ;;
    doctor) COMPREPLY=($(compgen -W "--config" -- "$word")) ;;
    serve) COMPREPLY=($(compgen -W "--config --listen --storage --record" -- "$word")) ;;
    test) COMPREPLY=($(compgen -W "--channel --severity --resolved --config" -- "$word")) ;;
    check-config) COMPREPLY=($(compgen -f -W "" -- "$word")) ;;
    alerts) COMPREPLY=($(compgen -W "--all --url --output" -- "$word")) ;;
    incidents) COMPREPLY=($(compgen -W "--status --url --output" -- "$word")) ;;
    why) COMPREPLY=($(compgen -W "--url --output" -- "$word")) ;;
    history) COMPREPLY=($(compgen -W "--since --until --status --channel --limit --cursor --follow --url --output" -- "$word")) ;;
    deliveries) COMPREPLY=($(compgen -W "list show retry drop --channel --status --url --output" -- "$word")) ;;
    silence) COMPREPLY=($(compgen -f -W "add list show update expire import export --duration --comment --author --start --all --url --output" -- "$word")) ;;
    route) COMPREPLY=($(compgen -W "test show --config" -- "$word")) ;;
    template) COMPREPLY=($(compgen -W "render --channel --text --escape --payload --templates --config" -- "$word")) ;;
    send) COMPREPLY=($(compgen -W "--title --severity --label --description --key --resolve --url --output" -- "$word")) ;;
    replay) COMPREPLY=($(compgen -f -W "--source --url --output" -- "$word")) ;;
    replay-events) COMPREPLY=($(compgen -f -W "" -- "$word")) ;;
    telegram) COMPREPLY=($(compgen -W "chats --channel --config --output" -- "$word")) ;;
    convert) COMPREPLY=($(compgen -f -W "alertmanager" -- "$word")) ;;
    hash-password) COMPREPLY=($(compgen -W "" -- "$word")) ;;
    backup) COMPREPLY=($(compgen -f -W "--storage --config --url" -- "$word")) ;;
    restore) COMPREPLY=($(compgen -f -W "--storage --config" -- "$word")) ;;
    migrate) COMPREPLY=($(compgen -W "--storage --config" -- "$word")) ;;
    version) COMPREPLY=($(compgen -W "" -- "$word")) ;;
    help) COMPREPLY=($(compgen -W "--man --bash --zsh --fish --reference" -- "$word")) ;;
    esac
}
complete -o filenames -F _notifier notifier
