#!/usr/bin/env bash
# The rules that no compiler keeps: layers (DESIGN, the table of includes), third-party headers only with their
# owner, banned calls, links of the pages, headers that stand alone, a core without clock, file, socket, thread, chance or globals.
# Long files and functions are listed, not refused. Under ten seconds.
#   tests/tidy.sh [OBJECT-FOLDER]     default build/obj
set -u
cd "$(dirname "$0")/.." || exit 2
objects=${1:-build/obj}
failed=0

for tool in python3 nm size xargs pkg-config "${CC:-cc}"; do
    if ! command -v "$tool" >/dev/null; then
        echo "tidy: $tool is missing: apt-get install python3 binutils findutils pkgconf gcc" >&2
        exit 2
    fi
done

# --- what the text says
python3 - <<'PYTHON' || failed=1
import glob, os, re, sys

BASE_PURE = {"base/%s.h" % name for name in ("err", "buf", "arena", "memory", "text", "zone")}
BASE_WORDS = BASE_PURE | {"base/json.h", "base/sign.h"}
ALL = ("",)

# folder (the longest match counts) -> prefixes or whole names that may be included
LAYERS = [
    ("base/", ("base/",)),
    ("notifier/core/", ("notifier/core/", *BASE_PURE)),
    ("notifier/ingest/", ("notifier/ingest/", "notifier/core/", *BASE_WORDS)),
    ("notifier/render/", ("notifier/render/", "notifier/core/", *BASE_WORDS)),
    ("notifier/channels/", ("notifier/channels/", "notifier/render/", "notifier/core/", *BASE_WORDS)),
    ("notifier/transport/", ("notifier/transport/", "notifier/channels/channel.h", "notifier/mail-worker/mail_job.h", "base/")),
    ("notifier/mail-worker/", ("notifier/mail-worker/", "base/")),
    ("notifier/store/", ("notifier/store/", "notifier/core/", "base/", "schemas/")),
    ("notifier/main.c", ALL),
    ("notifier/serve.c", ALL),  # main's longer half: `serve` wires the daemon together
    ("notifier/", ("notifier/", "base/")),
    ("routes/server.", ("routes/", "base/")),
    ("routes/auth.", ("routes/", "base/")),
    ("routes/", ("routes/", "notifier/notifier.h", "notifier/render/template.h", "notifier/version.h", "base/")),
    ("collector/main.c", ALL),
    ("collector/", ("collector/", "base/", "routes/routes.h", "routes/server.h", "routes/auth.h", "notifier/version.h")),
    ("tests/", ALL),
]

# third-party header -> who owns it
OWNERS = [
    (r"yaml\.h", ("base/yaml.c",)),
    (r"sqlite3\.h", ("base/db.c",)),
    (r"curl/.*", ("base/http.c", "base/http_request.", "base/http_sockets.h", "base/socket.c", "notifier/mail-worker/")),
    (r"(cjson/)?cJSON\.h", ("base/json.c",)),
    (r"openssl/.*", ("base/sign.c", "notifier/mail-worker/")),
    (r"crypt\.h", ("base/password.c",)),
    (r"systemd/.*", ("base/systemd.c",)),
    (r"microhttpd\.h", ("routes/server.c",)),
    (r"libesmtp\.h|auth-client\.h", ("notifier/mail-worker/",)),
    (r"pcre2\.h", ("notifier/core/regex.c",)),
    (r"zlib\.h", ("base/", "routes/server.c")),
]
# what the pure layers must not even include
IMPURE = re.compile(r"(time|sys/time|unistd|fcntl|pthread|threads|signal|sys/(socket|epoll|stat|wait|file)|netdb|arpa/inet|poll|spawn)\.h$")
PURE = ("notifier/core/", "notifier/ingest/", "notifier/render/", "notifier/channels/")
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof)\s*\(")
# a caller that forgets to look ends without a sentence: base/memory.h looks for all, and says it
UNLOOKED = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|abort)\s*\(")
LOOKS = ("base/memory.c", "base/err.c", "notifier/store/sqlite.c") # the last ends at a bug, and says which

def without_words(text):
    """The same lines without comments and the insides of literals."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)

failures, warnings = [], []
files = sorted(path for folder in ("base", "notifier", "routes", "collector", "tests")
               for path in glob.glob(folder + "/**/*.[ch]", recursive=True))
for path in files:
    text = open(path, encoding="utf-8", errors="surrogateescape").read()
    bare = without_words(text)
    layer = max((row for row in LAYERS if path.startswith(row[0])), key=lambda row: len(row[0]), default=None)
    if layer is None:
        failures.append(f"{path}:1: belongs to no layer of DESIGN's table")
        continue
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not found:
            continue
        quoted, name = found.group(1) == '"', found.group(2)
        if quoted:
            beside = os.path.join(os.path.dirname(path), name)
            if name.endswith(".inc"):
                continue # generated: the file's own data
            if not os.path.exists(name) and os.path.exists(beside):
                name = os.path.normpath(beside)
            if not name.startswith(layer[1]):
                failures.append(f'{path}:{number}: may not include "{name}": {layer[0]} sees only {", ".join(sorted(layer[1]))}')
            continue
        if path.startswith("tests/"):
            continue
        for pattern, owners in OWNERS:
            if re.fullmatch(pattern, name) and not path.startswith(owners):
                failures.append(f"{path}:{number}: <{name}> belongs to {', '.join(owners)}")
        if path.startswith(PURE) and IMPURE.search(name):
            failures.append(f"{path}:{number}: <{name}> has no place in a pure layer")
    for number, line in enumerate(bare.split("\n"), 1):
        for found in BANNED.finditer(line):
            failures.append(f"{path}:{number}: {found.group(1)}() is banned (see CONTRIBUTING.md): use buf_*, snprintf or text_to_int")
        for found in UNLOOKED.finditer(line):
            if not path.startswith(("tests/", *LOOKS)):
                failures.append(f"{path}:{number}: {found.group(1)}(): use base/memory.h; without memory err_memory() says so")
        if re.search(r"(?<!\w)typedef\s+(struct|union|enum)\b", line) and not path.startswith("tests/"):
            failures.append(f"{path}:{number}: structs are spelled `struct x`; no typedef")
    lines = bare.split("\n")
    if len(lines) - 1 > 500:
        warnings.append(f"{path}: {len(lines) - 1} lines (500)")
    begun = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and path.endswith(".c"):
            begun = number
        elif line.startswith("}") and begun:
            if number - begun - 1 > 70:
                name = re.search(r"(\w+)\s*\(", "\n".join(lines[max(0, begun - 6):begun - 1]).split("\n}")[-1])
                warnings.append(f"{path}:{begun}: {name.group(1) if name else 'function'} has {number - begun - 1} lines (70)")
            begun = None
# --- what the pages point at: a relative link leads to a file, and README leads to each page
pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *sorted(glob.glob("docs/**/*.md", recursive=True))]
for page in pages:
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", "" if line.startswith("    ") else re.sub(r"`[^`]*`", "``", line)):
            if not re.match(r"[a-z]+:", target) and not os.path.exists(os.path.join(os.path.dirname(page), target)):
                failures.append(f"{page}:{number}: the link to {target} leads nowhere")
    if page.startswith("docs/") and f"]({page})" not in open("README.md", encoding="utf-8").read():
        failures.append(f"README.md:1: no link to {page}: nobody finds it")
for line in warnings:
    print("warning:", line)
for line in failures:
    print(line)
print(f"tidy: {len(files)} files, {len(failures)} offences, {len(warnings)} warnings")
sys.exit(bool(failures))
PYTHON

# --- headers that stand alone
flags=${TIDY_CPPFLAGS:--I. -D_GNU_SOURCE -DPCRE2_CODE_UNIT_WIDTH=8 $(pkg-config --cflags libmicrohttpd libcurl libcjson sqlite3 yaml-0.1 libpcre2-8 2>/dev/null)}
export flags
export compiler=${CC:-cc}
# shellcheck disable=SC2016
find base notifier routes collector -name '*.h' 2>/dev/null | sort |
    xargs -r -P "$(nproc)" -n 8 sh -c '
        for header; do
            $compiler $flags -std=c11 -Wall -Wextra -Werror -fsyntax-only -x c -include "$header" /dev/null ||
                { echo "$header: does not compile alone"; exit 1; }
        done' tidy || failed=1

# --- what the core's objects ask of the system
core=("$objects"/notifier/core/*.o)
if [ ! -e "${core[0]}" ]; then
    echo "tidy: no objects in $objects/notifier/core: run \`make\` first" >&2
    failed=1
else
    refused='^(__)?(time|clock|clock_gettime|gettimeofday|localtime(_r)?|mktime|nanosleep|usleep|sleep|fopen(64)?|freopen|fdopen|open(64|at)?(_2)?|read(_chk)?|pread.*|write|pwrite.*|close|socket|connect|send.*|recv.*|poll|epoll_.*|fork|exec.*|posix_spawn.*|system|sqlite3_.*|pthread_.*|mtx_.*|thrd_.*|rand(_r)?|srand|random|srandom|drand48|lrand48|getrandom|getentropy|arc4random.*|getenv|secure_getenv|printf(_chk)?|vprintf|fprintf(_chk)?|puts|fputs|stdout|syslog|curl_.*|MHD_.*)$'
    for object in "${core[@]}"; do
        # An object whose source is gone is only left over.
        [ -e "notifier/core/$(basename "$object" .o).c" ] || continue
        asked=$(nm -u "$object" | awk '{print $2}' | sed 's/@.*//' | grep -E "$refused")
        if [ -n "$asked" ]; then
            echo "notifier/core/$(basename "$object" .o).c: the core is pure, but this calls" $asked
            failed=1
        fi
        globals=$(size -A "$object" | awk '($1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/) && $1 !~ /rel\.ro/ && $2 > 0 {print $1 "=" $2}')
        if [ -n "$globals" ]; then
            echo "notifier/core/$(basename "$object" .o).c: the core has no global variables, but this has bytes in" $globals
            failed=1
        fi
    done
fi
exit $failed
