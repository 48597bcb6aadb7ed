// Generate runs the rows of this folder through Go's own text/template and prints what they become, as the table
// that tests/unit/render/test_template.c holds our implementation against:
//
//	go run ./tests/template/*.go >tests/template/rows.json
//
// Only the standard library is used. The program reads data.json beside its sources; run it from the tree's root.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// The clock of every row: what `now` says, and `since` counts from.
var now = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

const (
	onPlain  = "plain"
	onAlerts = "alerts"
	onNone   = "none"
)

type row struct {
	name, data, text string
}

type result struct {
	Name     string `json:"name"`
	Data     string `json:"data"`
	Template string `json:"template"`
	Want     string `json:"want"`
	Fails    string `json:"fails,omitempty"` // "parse", "execute": Want is empty then
	Line     int    `json:"line,omitempty"`  // of the mistake
}

// Numbers without a fraction are ints in a template, as our own reader of JSON has them.
func withInts(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return int(n)
		}
		f, _ := v.Float64()
		if f == float64(int64(f)) && f < 1e15 && f > -1e15 {
			return int(f)
		}
		return f
	case []any:
		for i := range v {
			v[i] = withInts(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withInts(v[k])
		}
	}
	return v
}

var lineOf = regexp.MustCompile(`^template: [^:]*:(\d+)`)

func failed(r result, when string, err error) result {
	r.Fails, r.Want = when, ""
	if found := lineOf.FindStringSubmatch(err.Error()); found != nil {
		r.Line, _ = strconv.Atoi(found[1])
	}
	if os.Getenv("SHOW_ERRORS") != "" {
		fmt.Fprintf(os.Stderr, "%s: %v\n", r.Name, err)
	}
	return r
}

func run(one row, data map[string]any) result {
	r := result{Name: one.name, Data: one.data, Template: one.text}
	root := template.New("row").Option("missingkey=zero")
	root.Funcs(functions(root))
	parsed, err := root.Parse(one.text)
	if err != nil {
		return failed(r, "parse", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data[one.data]); err != nil {
		return failed(r, "execute", err)
	}
	r.Want = out.String()
	return r
}

func main() {
	text, err := os.ReadFile("tests/template/data.json")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var sets struct {
		Plain  any
		Alerts Data
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&sets); err != nil {
		fmt.Fprintln(os.Stderr, "data.json:", err)
		os.Exit(1)
	}
	sets.Alerts.settle()
	data := map[string]any{onPlain: withInts(sets.Plain), onAlerts: &sets.Alerts, onNone: nil}

	names := map[string]bool{}
	var lines []string
	for _, table := range [][]row{languageRows, functionRows, alertRows} {
		for _, one := range table {
			if names[one.name] {
				fmt.Fprintf(os.Stderr, "two rows are called %q\n", one.name)
				os.Exit(1)
			}
			names[one.name] = true
			var line bytes.Buffer
			encoder := json.NewEncoder(&line)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(run(one, data)); err != nil {
				fmt.Fprintln(os.Stderr, one.name, err)
				os.Exit(1)
			}
			lines = append(lines, strings.TrimSpace(line.String()))
		}
	}
	fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
}
