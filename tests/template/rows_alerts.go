package main

// Alertmanager's and Grafana's data, as templates use them.
var alertRows = []row{
	{"receiver and status", onAlerts, `{{ .Receiver }} {{ .Status }} {{ .Status | toUpper }} {{ .ExternalURL }} {{ .TruncatedAlerts }}`},
	{"how many", onAlerts, `{{ len .Alerts }} {{ len .Alerts.Firing }} {{ .Alerts.Resolved | len }}`},
	{"labels", onAlerts, `{{ .GroupLabels.alertname }} {{ .CommonLabels.cluster }} [{{ .CommonLabels.instance }}] {{ .CommonAnnotations.description }} [{{ .CommonAnnotations.summary }}]`},
	{"labels printed", onAlerts, `{{ .GroupLabels }} | {{ .CommonLabels }} | {{ .CommonLabels.SortedPairs }} | {{ printf "%v %s" .GroupLabels .GroupLabels }}`},
	{"missing label", onAlerts, `[{{ .CommonLabels.nothing }}]{{ if .CommonLabels.nothing }}x{{ else }}none{{ end }} {{ len .CommonLabels.nothing }} {{ .CommonLabels.nothing | toUpper }}`},
	{"index of labels", onAlerts, `{{ index .GroupLabels "alertname" }} [{{ index .GroupLabels "nothing" }}]`},
	{"alerts", onAlerts, `{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }} {{ .Annotations.summary }} {{ .Fingerprint }}
{{ end }}`},
	{"alert's addresses", onAlerts, `{{ range .Alerts.Firing }}{{ .GeneratorURL }} {{ .SilenceURL }} {{ .DashboardURL }} {{ .PanelURL }} [{{ .ImageURL }}]
{{ end }}`},
	{"alert's values", onAlerts, `{{ range .Alerts }}{{ .Values.A }} {{ index .Values "B" }} {{ .Values }} {{ .ValueString }} {{ printf "%.1f" .Values.A }};{{ end }}`},
	{"range over values", onAlerts, `{{ range .Alerts }}{{ range $k, $v := .Values }}{{ $k }}={{ $v }} {{ else }}none {{ end }}{{ end }}`},
	{"sorted pairs", onAlerts, `{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}{{ range (index .Alerts 0).Labels.SortedPairs }}{{ .Name }} {{ end }}`},
	{"names and values", onAlerts, `{{ .GroupLabels.Names }} {{ .GroupLabels.Values }} {{ join ", " .GroupLabels.Names }} {{ .GroupLabels.Values | join " / " }} {{ .GroupLabels.SortedPairs.Names }} {{ .GroupLabels.SortedPairs.Values | join "+" }}`},
	{"remove", onAlerts, `{{ (.CommonLabels.Remove .GroupLabels.Names) }} {{ .CommonLabels.Remove (stringSlice "alertname") }} {{ with .CommonLabels.Remove (stringSlice "alertname" "cluster") }}x{{ else }}none{{ end }} {{ (.CommonLabels.Remove (stringSlice "cluster")).Values | join " " }}`},
	{"remove of a string", onAlerts, `{{ .CommonLabels.Remove "alertname" }}`},
	{"pairs with an index", onAlerts, `{{ range $i, $p := .GroupLabels.SortedPairs }}{{ if $i }}, {{ end }}{{ $p.Name }}: {{ $p.Value }}{{ end }}`},
	{"unknown field of an alert", onAlerts, `{{ range .Alerts }}{{ .Nothing }}{{ end }}`},
	{"unknown field of the data", onAlerts, `{{ .Nothing }}`},
	{"unknown method of the alerts", onAlerts, `{{ .Alerts.Pending }}`},
	{"times of an alert", onAlerts, `{{ range .Alerts }}{{ .StartsAt }} {{ .StartsAt.Format "15:04:05" }} {{ .StartsAt.Unix }} {{ .EndsAt.IsZero }} {{ .EndsAt }}
{{ end }}`},
	{"times in a zone", onAlerts, `{{ range .Alerts }}{{ .StartsAt | tz "Europe/Paris" | date "15:04:05 MST" }} {{ (.StartsAt | tz "Asia/Tokyo").Format "Jan 2 15:04" }};{{ end }}`},
	{"how long", onAlerts, `{{ range .Alerts }}{{ since .StartsAt }} {{ since .StartsAt | humanizeDuration }} {{ (.EndsAt.Sub .StartsAt).Hours | printf "%.1f" }};{{ end }}`},
	{"duration of a resolved alert", onAlerts, `{{ range .Alerts.Resolved }}{{ (.EndsAt.Sub .StartsAt) }} {{ .EndsAt.Sub .StartsAt | humanizeDuration }}{{ end }}`},
	{"year of an alert", onAlerts, `{{ range .Alerts.Firing }}{{ .StartsAt.Year }}/{{ printf "%02d" .StartsAt.Month }} {{ .StartsAt.Weekday }} {{ end }}`},
	{"conditions on severity", onAlerts, `{{ range .Alerts }}{{ if eq .Labels.severity "critical" }}!{{ else if eq .Labels.severity "warning" }}?{{ end }}{{ end }}`},
	{"match of a label", onAlerts, `{{ range .Alerts }}{{ if match "^web-" .Labels.instance }}{{ reReplaceAll ":.*" "" .Labels.instance }} {{ end }}{{ end }}`},
	{"first alert", onAlerts, `{{ (index .Alerts 0).Labels.instance }} {{ with index .Alerts 1 }}{{ .Labels.instance }}{{ end }}`},
	{"group labels as JSON", onAlerts, `{{ toJson .GroupLabels }} {{ toJson .GroupLabels.Names }} {{ toJson .GroupLabels.SortedPairs }}`},
	{"text with marks", onAlerts, `{{ range .Alerts.Firing }}{{ .Labels.__note }} {{ html .Labels.__note }} {{ .Annotations.description | urlquery }}{{ end }}`},
	{"count of a severity", onAlerts, `{{ $n := 0 }}{{ $all := list }}{{ range .Alerts }}{{ if eq .Labels.severity "critical" }}{{ $all = append $all .Labels.instance }}{{ end }}{{ end }}{{ len $all }}: {{ $all }}`},
	{"alerts in a template", onAlerts, `{{ define "line" }}- {{ .Labels.instance }}: {{ .Annotations.summary }}
{{ end }}{{ range .Alerts.Firing }}{{ template "line" . }}{{ end }}`},
	{"plural", onAlerts, `{{ len .Alerts.Firing }} alert{{ if ne (len .Alerts.Firing) 1 }}s{{ end }}`},
	{"comma between", onAlerts, `{{ range $i, $a := .Alerts }}{{ if gt $i 0 }}, {{ end }}{{ $a.Labels.instance }}{{ end }}`},
	{"dollar reaches the data", onAlerts, `{{ range .Alerts.Firing }}{{ $.Receiver }}:{{ .Labels.instance }} {{ end }}`},
	{"nothing firing", onAlerts, `{{ range .Alerts.Resolved }}{{ .Labels.instance }}{{ else }}none{{ end }}`},
	{"kv is true", onAlerts, `{{ if .CommonLabels }}a{{ end }}{{ if .CommonAnnotations }}b{{ end }}{{ if .Alerts.Firing }}c{{ end }}{{ if (index .Alerts 1).Values }}d{{ end }}`},
	{"range over labels", onAlerts, `{{ range $k, $v := .GroupLabels }}{{ $k }}={{ $v }} {{ end }}`},
	{"eq of statuses", onAlerts, `{{ if eq .Status "firing" "resolved" }}known{{ end }} {{ eq (len .Alerts.Firing) 2 }}`},

	// What Alertmanager's own templates do, in their shape: a subject, a link, a list of alerts, a body.
	{"the shape of the default templates", onAlerts, defaultShape + `{{ template "t.subject" . }}
{{ template "t.link" . }}
{{ template "t.description" . }}`},
	{"the shape of a default title", onAlerts, defaultShape + `{{ template "t.title" . }}|{{ template "t.pretext" . }}|`},
	{"the shape of a list of alerts", onAlerts, defaultShape + `{{ template "t.list" .Alerts.Firing }}{{ template "t.list" .Alerts.Resolved }}`},
	{"the shape of a chat message", onAlerts, defaultShape + `{{ template "t.chat" . }}`},
	{"the shape of a mail", onAlerts, defaultShape + `{{ template "t.mail" . }}`},
	{"the shape of Grafana's message", onAlerts, grafanaShape + `{{ template "g.title" . }}
{{ template "g.message" . }}`},
}

const defaultShape = `
{{ define "t.name" }}Alertmanager{{ end }}
{{ define "t.link" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{ define "t.subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }} {{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }}){{ end }}{{ end }}
{{ define "t.description" }}{{ end }}

{{ define "t.list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{ define "t.title" }}{{ template "t.subject" . }}{{ end }}
{{ define "t.pretext" }}{{ end }}
{{ define "t.chat" -}}
{{- if gt (len .Alerts.Firing) 0 }}
Alerts Firing:
{{ template "t.list" .Alerts.Firing }}
{{- end }}
{{- if gt (len .Alerts.Resolved) 0 }}
Alerts Resolved:
{{ template "t.list" .Alerts.Resolved }}
{{- end }}
{{- end }}

{{ define "t.mail" }}<html>
<head><title>{{ template "t.subject" . }}</title></head>
<body>
{{ if gt (len .Alerts.Firing) 0 }}<b>{{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}</b>{{ end }}
<a href="{{ template "t.link" . }}">View in {{ template "t.name" . }}</a>
{{ range .Alerts.Firing }}<p>{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br/>{{ end }}
{{ if gt (len .Annotations) 0 }}<strong>Annotations</strong><br/>{{ end }}{{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}<br/>{{ end }}
<a href="{{ .GeneratorURL }}">Source</a></p>
{{ end }}</body></html>{{ end }}
`

const grafanaShape = `
{{ define "g.values" }}{{ if len .Values }}{{ $first := true }}{{ range $name, $value := .Values -}}
{{ if $first }}{{ $first = false }}{{ else }}, {{ end }}{{ $name }}={{ $value }}{{ end -}}
{{ else }}[no value]{{ end }}{{ end }}
{{ define "g.list" }}{{ range . }}
Value: {{ template "g.values" . }}
Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ if gt (len .GeneratorURL) 0 }}Source: {{ .GeneratorURL }}
{{ end }}{{ if gt (len .SilenceURL) 0 }}Silence: {{ .SilenceURL }}
{{ end }}{{ if gt (len .DashboardURL) 0 }}Dashboard: {{ .DashboardURL }}
{{ end }}{{ if gt (len .PanelURL) 0 }}Panel: {{ .PanelURL }}
{{ end }}{{ end }}{{ end }}
{{ define "g.title" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ if gt (.Alerts.Resolved | len) 0 }}, RESOLVED:{{ .Alerts.Resolved | len }}{{ end }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }}{{ end }}
{{ define "g.message" }}{{ if gt (len .Alerts.Firing) 0 }}**Firing**
{{ template "g.list" .Alerts.Firing }}{{ if gt (len .Alerts.Resolved) 0 }}

{{ end }}{{ end }}{{ if gt (len .Alerts.Resolved) 0 }}**Resolved**
{{ template "g.list" .Alerts.Resolved }}{{ end }}{{ end }}
`
