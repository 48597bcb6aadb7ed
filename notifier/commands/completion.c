#include "notifier/commands/completion.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static size_t token_length(const char *text)
{
    return strcspn(text, " []\n");
}

static bool is_file_name(const char *text, size_t length)
{
    static const char *const names[] = {"FILE", "DIR", "DATABASE"};

    for (size_t i = 0; i < LENGTH(names); i++)
        if (length >= strlen(names[i]) && strncmp(text, names[i], strlen(names[i])) == 0 && !isalpha((unsigned char)text[strlen(names[i])]))
            return true;
    return false;
}

/* What stands behind a flag: a name in capitals, k=v, or choices; a sentence that goes on is none of these. */
static void read_value(struct completion_word *word)
{
    const char *at = word->text + word->length;
    size_t length = *at == ' ' ? token_length(at + 1) : 0;

    at++;
    while (length && strchr(".,;", at[length - 1]))
        length--;
    if (!length)
        return;
    bool choices = islower((unsigned char)at[0]) && memchr(at, '|', length);
    word->takes_value = choices || isupper((unsigned char)at[0]) || memchr(at, '=', length);
    word->takes_file = is_file_name(at, length);
    word->choices = choices ? at : NULL;
    word->choices_length = choices ? length : 0;
}

static size_t add(struct completion_word *out, size_t count, struct completion_word word)
{
    if (count == COMPLETION_WORDS_MAX || !word.length)
        return count;
    for (size_t i = 0; i < count; i++)
        if (out[i].length == word.length && memcmp(out[i].text, word.text, word.length) == 0)
            return count;
    out[count] = word;
    return count + 1;
}

static size_t add_flags(const char *text, struct completion_word *out, size_t count)
{
    for (const char *at = text; at && (at = strstr(at, "--")); at += 2) {
        struct completion_word word = {.text = at, .length = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-"), .is_flag = true};
        if (word.length == 2)
            continue;
        read_value(&word);
        count = add(out, count, word);
    }
    return count;
}

/* "list [MATCHER...]|show ID": what each alternative begins with, where that is a word. */
static size_t add_verbs(const char *usage, struct completion_word *out, size_t count)
{
    int depth = 0;
    bool begins = true;

    for (const char *at = usage; *at; at++) {
        if (begins && islower((unsigned char)*at) && depth == 0) {
            size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
            if (!at[length] || strchr(" |", at[length]))
                count = add(out, count, (struct completion_word){.text = at, .length = length});
            at += length - 1;
            begins = false;
        } else if (*at == '|' && depth == 0)
            begins = true;
        else if (*at != ' ')
            begins = false;
        depth += (*at == '[') - (*at == ']');
    }
    return count;
}

size_t completion_words(const struct command *command, struct completion_word out[COMPLETION_WORDS_MAX])
{
    size_t count = add_verbs(command->usage, out, 0);

    count = add_flags(command->usage, out, count);
    return add_flags(command->help, out, count);
}

bool completion_takes_file(const struct command *command)
{
    const char *at = command->usage;

    while (*at) {
        size_t length = token_length(at);
        bool flag = text_starts(at, "--");
        if (!flag && is_file_name(at, length))
            return true;
        at += length;
        while (flag && *at == ' ') /* its value, too */
            at += 1 + token_length(at + 1);
        at += strspn(at, " []\n");
    }
    return false;
}

static void print_words(const struct command *command, bool flags)
{
    struct completion_word words[COMPLETION_WORDS_MAX];
    size_t count = completion_words(command, words);
    bool first = true;

    for (size_t i = 0; i < count; i++)
        if (flags || !words[i].is_flag) {
            printf("%s%.*s", first ? "" : " ", (int)words[i].length, words[i].text);
            first = false;
        }
}

static void print_names(void)
{
    for (const struct command *command = commands; command->name; command++)
        printf("%s%s", command == commands ? "" : " ", command->name);
}

static void print_spaced(const struct completion_word *word)
{
    for (size_t i = 0; i < word->choices_length; i++)
        putchar(word->choices[i] == '|' ? ' ' : word->choices[i]);
}

void completion_print_bash(void)
{
    struct completion_word words[COMPLETION_WORDS_MAX];

    printf("# bash completion for notifier, written by `notifier help --bash`\n_notifier()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ] || [ \"$before\" = help ]; then\n        COMPREPLY=($(compgen -W \"");
    print_names();
    printf("\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]}:$before in\n");
    for (const struct command *command = commands; command->name; command++) {
        size_t count = completion_words(command, words);
        for (size_t i = 0; i < count; i++) {
            if (!words[i].takes_value)
                continue;
            printf("    %s:%.*s) COMPREPLY=(", command->name, (int)words[i].length, words[i].text);
            if (words[i].choices) {
                printf("$(compgen -W \"");
                print_spaced(&words[i]);
                printf("\" -- \"$word\")");
            } else if (words[i].takes_file)
                printf("$(compgen -f -- \"$word\")");
            printf("); return ;;\n");
        }
    }
    printf("    esac\n    case ${COMP_WORDS[1]} in\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("    %s) COMPREPLY=($(compgen %s-W \"", command->name, completion_takes_file(command) ? "-f " : "");
        print_words(command, true);
        printf("\" -- \"$word\")) ;;\n");
    }
    printf("    esac\n}\ncomplete -o filenames -F _notifier notifier\n");
}

/* Inside '...' of zsh and fish; zsh also splits at colons and reads brackets. */
static void print_quoted(const char *text, const char *escaped)
{
    for (; *text && *text != '\n'; text++) {
        if (*text == '\'')
            printf("'\\''");
        else
            printf(strchr(escaped, *text) ? "\\%c" : "%c", *text);
    }
}

void completion_print_zsh(void)
{
    struct completion_word words[COMPLETION_WORDS_MAX];

    printf("#compdef notifier\n# zsh completion for notifier, written by `notifier help --zsh`\n_notifier() {\n    local -a commands\n    commands=(\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("        '%s:", command->name);
        print_quoted(command->summary, ":\\");
        printf("'\n");
    }
    printf("    )\n    if (( CURRENT == 2 )) || [[ ${words[2]} == help ]]; then\n        _describe 'command' commands\n        return\n    fi\n    case ${words[2]} in\n");
    for (const struct command *command = commands; command->name; command++) {
        size_t count = completion_words(command, words);
        if (!count && !completion_takes_file(command))
            continue;
        printf("    %s) shift words; (( CURRENT-- )); _arguments", command->name);
        for (size_t i = 0; i < count; i++) {
            if (!words[i].is_flag)
                continue;
            printf(" '%.*s", (int)words[i].length, words[i].text);
            if (words[i].choices) {
                printf(":value:(");
                print_spaced(&words[i]);
                printf(")");
            } else if (words[i].takes_value)
                printf(words[i].takes_file ? ":file:_files" : ":value: ");
            printf("'");
        }
        if (count && !words[0].is_flag) {
            printf(" '1:verb:(");
            print_words(command, false);
            printf(")'");
        }
        if (completion_takes_file(command))
            printf(" '*:file:_files'");
        printf(" ;;\n");
    }
    printf("    esac\n}\n_notifier \"$@\"\n");
}

void completion_print_fish(void)
{
    struct completion_word words[COMPLETION_WORDS_MAX];

    printf("# fish completion for notifier, written by `notifier help --fish`\ncomplete -c notifier -f\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("complete -c notifier -n '__fish_use_subcommand' -a %s -d '", command->name);
        print_quoted(command->summary, "\\");
        printf("'\n");
    }
    printf("complete -c notifier -n '__fish_seen_subcommand_from help' -a '");
    print_names();
    printf("'\n");
    for (const struct command *command = commands; command->name; command++) {
        size_t count = completion_words(command, words);
        for (size_t i = 0; i < count; i++) {
            printf("complete -c notifier -n '__fish_seen_subcommand_from %s' ", command->name);
            if (!words[i].is_flag) {
                printf("-a %.*s\n", (int)words[i].length, words[i].text);
                continue;
            }
            printf("-l %.*s", (int)words[i].length - 2, words[i].text + 2);
            if (words[i].choices) {
                printf(" -x -a '");
                print_spaced(&words[i]);
                printf("'");
            } else if (words[i].takes_value)
                printf(words[i].takes_file ? " -r -F" : " -x");
            printf("\n");
        }
        if (completion_takes_file(command))
            printf("complete -c notifier -n '__fish_seen_subcommand_from %s' -F\n", command->name);
    }
}
