/* What a shell offers: verbs and flags out of a usage line, values as choices or files, and words of strangers' look quoted. */
#include "base/completion.h"
#include "base/text.h"
#include "tests/test.h"

#include <string.h>

static const struct completion_command commands[] = {
    {"list", "show ID|drop ID [--state open|shut] [--config FILE]", "what's there: all", "--output table|json. See --nothing of the kind."},
    {"copy", "FILE", "copies", NULL},
    {"version", "", "prints the version\nand no more", NULL},
    {0}};
static const struct completion program = {"thing", commands};

static const struct {
    const char *name, *shell, *want;
} rows[] = {
    {"verbs before flags", "bash", "    list) COMPREPLY=($(compgen -W \"show drop --state --config --output --nothing\" -- \"$word\")) ;;\n"},
    {"choices", "bash", "    list:--state) COMPREPLY=($(compgen -W \"open shut\" -- \"$word\")); return ;;\n"},
    {"choices that a sentence ends", "bash", "    list:--output) COMPREPLY=($(compgen -W \"table json\" -- \"$word\")); return ;;\n"},
    {"a file behind a flag", "bash", "    list:--config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"},
    {"a file by itself", "bash", "    copy) COMPREPLY=($(compgen -f -W \"\" -- \"$word\")) ;;\n"},
    {"named after the program", "bash", "complete -o filenames -F _thing thing\n"},
    {"a quote and a colon", "zsh", "        'list:what'\\''s there\\: all'\n"},
    {"one line of a summary", "zsh", "        'version:prints the version'\n"},
    {"values", "zsh", " '--state:value:(open shut)' '--config:file:_files' '--output:value:(table json)' '--nothing' '1:verb:(show drop)' ;;\n"},
    {"the name of the program", "zsh", "#compdef thing\n"},
    {"a command", "fish", "complete -c thing -n '__fish_use_subcommand' -a list -d 'what'\\''s there: all'\n"},
    {"a flag with choices", "fish", "complete -c thing -n '__fish_seen_subcommand_from list' -l state -x -a 'open shut'\n"},
    {"a flag with a file", "fish", "complete -c thing -n '__fish_seen_subcommand_from list' -l config -r -F\n"},
    {"files", "fish", "complete -c thing -n '__fish_seen_subcommand_from copy' -F\n"},
};

static void offers(void)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(64 * 1024);
        CHECK(completion_write(&program, rows[i].shell, &out) && strstr(buf_text(&out), rows[i].want), "%s: %s", rows[i].name, buf_text(&out));
        buf_free(&out);
    }
}

static void knows_its_shells(void)
{
    struct buf out = BUF_EMPTY(64 * 1024);

    CHECK(!completion_write(&program, "tcsh", &out) && !completion_write(&program, "", &out) && !out.length, "no such shell");
    buf_free(&out);
}

int main(void)
{
    offers();
    knows_its_shells();
    return test_end();
}
