package main

// What Alertmanager and Grafana add to text/template, as far as the standard library can say it: their data and
// their functions, written anew from their documentation, so that rows show how these behave under Go's own rules.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"time"
	_ "time/tzdata"
	"unicode"
)

type Pair struct{ Name, Value string }
type Pairs []Pair
type KV map[string]string

func (p Pairs) Names() (out []string) {
	for _, one := range p {
		out = append(out, one.Name)
	}
	return
}

func (p Pairs) Values() (out []string) {
	for _, one := range p {
		out = append(out, one.Value)
	}
	return
}

func (p Pairs) String() string {
	var parts []string
	for _, one := range p {
		parts = append(parts, one.Name+"="+one.Value)
	}
	return strings.Join(parts, ", ")
}

func (kv KV) SortedPairs() Pairs {
	var pairs Pairs
	for name, value := range kv {
		pairs = append(pairs, Pair{name, value})
	}
	sort.Slice(pairs, func(i, j int) bool {
		first, second := pairs[i].Name == "alertname", pairs[j].Name == "alertname"
		return first != second && first || first == second && pairs[i].Name < pairs[j].Name
	})
	return pairs
}

func (kv KV) Names() []string  { return kv.SortedPairs().Names() }
func (kv KV) Values() []string { return kv.SortedPairs().Values() }
func (kv KV) String() string   { return kv.SortedPairs().String() }

func (kv KV) Remove(names []string) KV {
	out := KV{}
	for name, value := range kv {
		out[name] = value
	}
	for _, name := range names {
		delete(out, name)
	}
	return out
}

type Alert struct {
	Status       string             `json:"status"`
	Labels       KV                 `json:"labels"`
	Annotations  KV                 `json:"annotations"`
	StartsAt     time.Time          `json:"-"`
	EndsAt       time.Time          `json:"-"`
	Starts       string             `json:"startsAt"`
	Ends         string             `json:"endsAt"`
	GeneratorURL string             `json:"generatorURL"`
	Fingerprint  string             `json:"fingerprint"`
	SilenceURL   string             `json:"silenceURL"`
	DashboardURL string             `json:"dashboardURL"`
	PanelURL     string             `json:"panelURL"`
	ImageURL     string             `json:"imageURL"`
	Values       map[string]float64 `json:"values"`
	ValueString  string             `json:"valueString"`
}

type Alerts []Alert

func (a Alerts) with(status string) []Alert {
	out := []Alert{}
	for _, one := range a {
		if one.Status == status {
			out = append(out, one)
		}
	}
	return out
}

func (a Alerts) Firing() []Alert   { return a.with("firing") }
func (a Alerts) Resolved() []Alert { return a.with("resolved") }

type Data struct {
	Receiver          string `json:"receiver"`
	Status            string `json:"status"`
	Alerts            Alerts `json:"alerts"`
	GroupLabels       KV     `json:"groupLabels"`
	CommonLabels      KV     `json:"commonLabels"`
	CommonAnnotations KV     `json:"commonAnnotations"`
	ExternalURL       string `json:"externalURL"`
	TruncatedAlerts   int    `json:"truncatedAlerts"`
}

func common(alerts Alerts, of func(Alert) KV) KV {
	out := KV{}
	for name, value := range of(alerts[0]) {
		out[name] = value
		for _, one := range alerts {
			if of(one)[name] != value {
				delete(out, name)
			}
		}
	}
	return out
}

func (d *Data) settle() {
	d.Status = "resolved"
	for i := range d.Alerts {
		d.Alerts[i].StartsAt, _ = time.Parse(time.RFC3339Nano, d.Alerts[i].Starts)
		if d.Alerts[i].Ends != "" {
			d.Alerts[i].EndsAt, _ = time.Parse(time.RFC3339Nano, d.Alerts[i].Ends)
		}
		if d.Alerts[i].Status == "firing" {
			d.Status = "firing"
		}
	}
	d.CommonLabels = common(d.Alerts, func(a Alert) KV { return a.Labels })
	d.CommonAnnotations = common(d.Alerts, func(a Alert) KV { return a.Annotations })
	d.TruncatedAlerts = 2
}

func title(text string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\''
		begins := letter && !inside
		inside = letter
		if begins {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, text)
}

func toJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

func toText(v any) string {
	if v == nil {
		return "nil"
	}
	return fmt.Sprint(v)
}

func number(v any) (float64, error) {
	switch v := v.(type) {
	case time.Duration:
		return v.Seconds(), nil
	case int:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		return strconv.ParseFloat(v, 64)
	}
	return 0, errors.New("not a number")
}

func scaled(v, base float64, larger []string) string {
	prefix := ""
	for _, p := range larger {
		if math.Abs(v) < base {
			break
		}
		prefix, v = p, v/base
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}

func humanize(in any) (string, error) {
	v, err := number(in)
	if v == 0 || math.Abs(v) >= 1 {
		return scaled(v, 1000, []string{"k", "M", "G", "T", "P", "E", "Z", "Y"}), err
	}
	prefix := ""
	for _, p := range []string{"m", "u", "n", "p", "f", "a", "z", "y"} {
		if math.Abs(v) >= 1 {
			break
		}
		prefix, v = p, v*1000
	}
	return fmt.Sprintf("%.4g%s", v, prefix), err
}

func humanize1024(in any) (string, error) {
	v, err := number(in)
	return scaled(v, 1024, []string{"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"}), err
}

func humanizePercentage(in any) (string, error) {
	v, err := number(in)
	return fmt.Sprintf("%.4g%%", v*100), err
}

func humanizeTimestamp(in any) (string, error) {
	v, err := number(in)
	return fmt.Sprint(time.UnixMilli(int64(math.Round(v * 1000))).UTC()), err
}

// Prometheus's way to say a duration: at most seconds with a fraction, else the largest units.
func humanizeDuration(v any) (string, error) {
	seconds, err := number(v)
	if err != nil {
		return "", err
	}
	if seconds == 0 {
		return "0s", nil
	}
	if seconds < 1 && seconds > -1 {
		prefix, size := "", seconds
		for _, prefix = range []string{"m", "u", "n", "p"} {
			size *= 1000
			if size >= 1 || size <= -1 {
				break
			}
		}
		return fmt.Sprintf("%.4g%ss", size, prefix), nil
	}
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	whole := int64(seconds)
	second, minute, hour, day := whole%60, whole/60%60, whole/3600%24, whole/86400
	switch {
	case day != 0:
		return fmt.Sprintf("%s%dd %dh %dm %ds", sign, day, hour, minute, second), nil
	case hour != 0:
		return fmt.Sprintf("%s%dh %dm %ds", sign, hour, minute, second), nil
	case minute != 0:
		return fmt.Sprintf("%s%dm %ds", sign, minute, second), nil
	}
	return fmt.Sprintf("%s%.4gs", sign, seconds), nil
}

func in(name string, t time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return t, err
	}
	return t.In(zone), nil
}

func dict(in ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(in); i += 2 {
		out[toText(in[i])] = ""
		if i+1 < len(in) {
			out[toText(in[i])] = in[i+1]
		}
	}
	return out
}

func slice(v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return append([]any{}, v...), nil
	case []string:
		var out []any
		for _, one := range v {
			out = append(out, one)
		}
		return out, nil
	}
	return nil, fmt.Errorf("not a list: %T", v)
}

type collection struct{}

func (collection) Dict(in ...any) map[string]any { return dict(in...) }
func (collection) Slice(in ...any) []any         { return in }
func (collection) Append(one, list any) ([]any, error) {
	out, err := slice(list)
	return append(out, one), err
}

type data struct{}

func (data) JSON(text any) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(toText(text)))
	decoder.UseNumber()
	var out any
	err := decoder.Decode(&out)
	return withInts(out), err
}
func (data) ToJSON(v any) (string, error) { return toJSON(v) }
func (data) ToJSONPretty(indent string, v any) (string, error) {
	text, err := json.MarshalIndent(v, "", indent)
	return string(text), err
}

type tmpl struct{ root *template.Template }

func render(t *template.Template, context any) (string, error) {
	var out bytes.Buffer
	err := t.Execute(&out, context)
	return out.String(), err
}

func (t tmpl) Exec(name string, context ...any) (string, error) {
	found := t.root.Lookup(name)
	if found == nil {
		return "", fmt.Errorf("no template %q", name)
	}
	if len(context) == 0 {
		return render(found, nil)
	}
	return render(found, context[0])
}

func (t tmpl) Inline(first string, second any) (string, error) {
	name, text, context := "<inline>", first, second
	if words, ok := second.(string); ok {
		name, text, context = first, words, nil
	}
	parsed, err := t.root.New(name).Parse(text)
	if err != nil {
		return "", err
	}
	return render(parsed, context)
}

type clock struct{}

func (clock) Now() time.Time { return now }

func functions(root *template.Template) template.FuncMap {
	return template.FuncMap{
		"toUpper": strings.ToUpper, "toLower": strings.ToLower, "title": title, "trimSpace": strings.TrimSpace,
		"join":  func(separator string, parts []string) string { return strings.Join(parts, separator) },
		"match": regexp.MatchString,
		"reReplaceAll": func(pattern, with, text string) (string, error) {
			compiled, err := regexp.Compile(pattern)
			if err != nil {
				return "", err
			}
			return compiled.ReplaceAllString(text, with), nil
		},
		"safeHtml": func(text string) string { return text }, "safeUrl": func(text string) string { return text },
		"urlUnescape": url.QueryUnescape, "stringSlice": func(parts ...string) []string { return parts },
		"date": func(layout string, t time.Time) string { return t.Format(layout) }, "tz": in,
		"now": func() time.Time { return now }, "since": func(t time.Time) time.Duration { return now.Sub(t) },
		"humanizeDuration": humanizeDuration, "humanize": humanize, "humanize1024": humanize1024,
		"humanizePercentage": humanizePercentage, "humanizeTimestamp": humanizeTimestamp, "toJson": toJSON,
		"toDate":       func(layout, text string) time.Time { t, _ := time.Parse(layout, text); return t },
		"mustToDate":   func(layout, text string) (time.Time, error) { return time.Parse(layout, text) },
		"base64encode": func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
		"base64decode": func(text string) (string, error) {
			out, err := base64.StdEncoding.DecodeString(text)
			return string(out), err
		},
		"list": func(in ...any) []any { return in }, "dict": dict,
		"append": func(list any, more ...any) ([]any, error) {
			out, err := slice(list)
			return append(out, more...), err
		},
		"coll": func() any { return collection{} }, "data": func() any { return data{} },
		"tmpl": func() any { return tmpl{root} }, "time": func() any { return clock{} },
	}
}
