#include "base/completion.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define WORDS_MAX 64 /* of one command; what is beyond is not offered */

struct word {
    const char *text; /* into the command's usage or help; not closed */
    size_t length;
    bool is_flag; /* "--output"; else a verb: "list" */
    bool takes_value, takes_file;
    const char *choices; /* "table|json|csv", not closed; NULL: any value */
    size_t choices_length;
};

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
static void read_value(struct word *word)
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

static size_t add(struct word *out, size_t count, struct word word)
{
    if (count == WORDS_MAX || !word.length)
        return count;
    for (size_t i = 0; i < count; i++)
        if (out[i].length == word.length && memcmp(out[i].text, word.text, word.length) == 0)
            return count;
    out[count] = word;
    return count + 1;
}

static size_t add_flags(const char *text, struct word *out, size_t count)
{
    for (const char *at = text; at && (at = strstr(at, "--")); at += 2) {
        struct word word = {.text = at, .length = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-"), .is_flag = true};
        if (word.length == 2)
            continue;
        read_value(&word);
        count = add(out, count, word);
    }
    return count;
}

/* "list [MATCHER...]|show ID": what each alternative begins with, where that is a word. */
static size_t add_verbs(const char *usage, struct word *out, size_t count)
{
    int depth = 0;
    bool begins = true;

    for (const char *at = usage; *at; at++) {
        if (begins && islower((unsigned char)*at) && depth == 0) {
            size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
            if (!at[length] || strchr(" |", at[length]))
                count = add(out, count, (struct word){.text = at, .length = length});
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

static size_t find_words(const struct completion_command *command, struct word out[WORDS_MAX])
{
    size_t count = add_verbs(command->usage, out, 0);

    count = add_flags(command->usage, out, count);
    return add_flags(command->help, out, count);
}

/* An argument, not a flag's value. */
static bool takes_file(const struct completion_command *command)
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

static void add_words(struct buf *out, const struct completion_command *command, bool flags)
{
    struct word words[WORDS_MAX];
    size_t count = find_words(command, words);
    bool first = true;

    for (size_t i = 0; i < count; i++)
        if (flags || !words[i].is_flag) {
            buf_addf(out, "%s%.*s", first ? "" : " ", (int)words[i].length, words[i].text);
            first = false;
        }
}

static void add_names(struct buf *out, const struct completion *program)
{
    for (const struct completion_command *command = program->commands; command->name; command++)
        buf_addf(out, "%s%s", command == program->commands ? "" : " ", command->name);
}

static void add_spaced(struct buf *out, const struct word *word)
{
    for (size_t i = 0; i < word->choices_length; i++)
        buf_add_char(out, word->choices[i] == '|' ? ' ' : word->choices[i]);
}

static void add_bash(struct buf *out, const struct completion *program)
{
    struct word words[WORDS_MAX];
    const char *name = program->program;

    buf_addf(out, "# bash completion for %s, written by `%s help --bash`\n_%s()\n{\n", name, name, name);
    buf_add_text(out, "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                      "    if [ \"$COMP_CWORD\" -eq 1 ] || [ \"$before\" = help ]; then\n        COMPREPLY=($(compgen -W \"");
    add_names(out, program);
    buf_add_text(out, "\" -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]}:$before in\n");
    for (const struct completion_command *command = program->commands; command->name; command++) {
        size_t count = find_words(command, words);
        for (size_t i = 0; i < count; i++) {
            if (!words[i].takes_value)
                continue;
            buf_addf(out, "    %s:%.*s) COMPREPLY=(", command->name, (int)words[i].length, words[i].text);
            if (words[i].choices) {
                buf_add_text(out, "$(compgen -W \"");
                add_spaced(out, &words[i]);
                buf_add_text(out, "\" -- \"$word\")");
            } else if (words[i].takes_file)
                buf_add_text(out, "$(compgen -f -- \"$word\")");
            buf_add_text(out, "); return ;;\n");
        }
    }
    buf_add_text(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    for (const struct completion_command *command = program->commands; command->name; command++) {
        buf_addf(out, "    %s) COMPREPLY=($(compgen %s-W \"", command->name, takes_file(command) ? "-f " : "");
        add_words(out, command, true);
        buf_add_text(out, "\" -- \"$word\")) ;;\n");
    }
    buf_addf(out, "    esac\n}\ncomplete -o filenames -F _%s %s\n", name, name);
}

/* Inside '...' of zsh and fish; zsh also splits at colons and reads brackets. */
static void add_quoted(struct buf *out, const char *text, const char *escaped)
{
    for (; *text && *text != '\n'; text++) {
        if (*text == '\'')
            buf_add_text(out, "'\\''");
        else
            buf_addf(out, "%s%c", strchr(escaped, *text) ? "\\" : "", *text);
    }
}

static void add_zsh(struct buf *out, const struct completion *program)
{
    struct word words[WORDS_MAX];
    const char *name = program->program;

    buf_addf(out, "#compdef %s\n# zsh completion for %s, written by `%s help --zsh`\n_%s() {\n    local -a commands\n    commands=(\n", name, name, name, name);
    for (const struct completion_command *command = program->commands; command->name; command++) {
        buf_addf(out, "        '%s:", command->name);
        add_quoted(out, command->summary, ":\\");
        buf_add_text(out, "'\n");
    }
    buf_addf(out, "    )\n    if (( CURRENT == 2 )) || [[ ${words[2]} == help ]]; then\n"
                      "        _describe 'command' commands\n        return\n    fi\n    case ${words[2]} in\n");
    for (const struct completion_command *command = program->commands; command->name; command++) {
        size_t count = find_words(command, words);
        if (!count && !takes_file(command))
            continue;
        buf_addf(out, "    %s) shift words; (( CURRENT-- )); _arguments", command->name);
        for (size_t i = 0; i < count; i++) {
            if (!words[i].is_flag)
                continue;
            buf_addf(out, " '%.*s", (int)words[i].length, words[i].text);
            if (words[i].choices) {
                buf_add_text(out, ":value:(");
                add_spaced(out, &words[i]);
                buf_add_text(out, ")");
            } else if (words[i].takes_value)
                buf_add_text(out, words[i].takes_file ? ":file:_files" : ":value: ");
            buf_add_text(out, "'");
        }
        if (count && !words[0].is_flag) {
            buf_add_text(out, " '1:verb:(");
            add_words(out, command, false);
            buf_add_text(out, ")'");
        }
        if (takes_file(command))
            buf_add_text(out, " '*:file:_files'");
        buf_add_text(out, " ;;\n");
    }
    buf_addf(out, "    esac\n}\n_%s \"$@\"\n", name);
}

static void add_fish(struct buf *out, const struct completion *program)
{
    struct word words[WORDS_MAX];
    const char *name = program->program;

    buf_addf(out, "# fish completion for %s, written by `%s help --fish`\ncomplete -c %s -f\n", name, name, name);
    for (const struct completion_command *command = program->commands; command->name; command++) {
        buf_addf(out, "complete -c %s -n '__fish_use_subcommand' -a %s -d '", name, command->name);
        add_quoted(out, command->summary, "\\");
        buf_add_text(out, "'\n");
    }
    buf_addf(out, "complete -c %s -n '__fish_seen_subcommand_from help' -a '", name);
    add_names(out, program);
    buf_add_text(out, "'\n");
    for (const struct completion_command *command = program->commands; command->name; command++) {
        size_t count = find_words(command, words);
        for (size_t i = 0; i < count; i++) {
            buf_addf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' ", name, command->name);
            if (!words[i].is_flag) {
                buf_addf(out, "-a %.*s\n", (int)words[i].length, words[i].text);
                continue;
            }
            buf_addf(out, "-l %.*s", (int)words[i].length - 2, words[i].text + 2);
            if (words[i].choices) {
                buf_add_text(out, " -x -a '");
                add_spaced(out, &words[i]);
                buf_add_text(out, "'");
            } else if (words[i].takes_value)
                buf_add_text(out, words[i].takes_file ? " -r -F" : " -x");
            buf_add_text(out, "\n");
        }
        if (takes_file(command))
            buf_addf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -F\n", name, command->name);
    }
}

bool completion_write(const struct completion *program, const char *shell, struct buf *out)
{
    static const struct {
        const char *name;
        void (*add)(struct buf *out, const struct completion *program);
    } shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};

    for (size_t i = 0; i < LENGTH(shells); i++)
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].add(out, program);
            return true;
        }
    return false;
}
