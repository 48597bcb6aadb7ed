/* Templates that Alertmanager's and Grafana's users call without defining them. The names are theirs, the words are
 * ours and in their order; what is empty there is empty here. */
#include "notifier/render/template.h"

#include <assert.h>
#include <string.h>

/* The built-in words as templates: notifier.title, notifier.text. */
static const char words[] = {
#include "notifier/render/words.tmpl.inc"
    0};

static const char common[] =
    "{{ define \"__alertmanager\" }}notifier{{ end }}\n"
    "{{ define \"__alertmanagerURL\" }}{{ .ExternalURL }}/incidents/{{ .Reference }}{{ end }}\n"
    "{{ define \"__description\" }}{{ end }}\n"
    /* [FIRING:2] DiskFull fra1 (critical) */
    "{{ define \"__subject\" -}}\n"
    "  [{{ .Status | toUpper }}\n"
    "  {{- with .Alerts.Firing }}:{{ len . }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join \" \" }}\n"
    "  {{- with .CommonLabels.Remove .GroupLabels.Names }} ({{ .Values | join \" \" }}){{ end }}\n"
    "{{- end }}\n"
    "{{ define \"__text_values_list\" -}}\n"
    "  {{ $comma := \"\" }}{{ range $name, $value := .Values }}{{ $comma }}{{ $name }}={{ $value }}{{ $comma = \", \" }}\n"
    "  {{- else }}[no value]{{ end }}\n"
    "{{- end }}\n"
    "{{ define \"__text_alert_list\" }}{{ range . -}}\n"
    "Labels:\n"
    "{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end -}}\n"
    "Annotations:\n"
    "{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end -}}\n"
    "{{ with .Values }}Values: {{ range $name, $value := . }}{{ $name }}={{ $value }} {{ end }}\n{{ end -}}\n"
    "{{ with .GeneratorURL }}Source: {{ . }}\n{{ end -}}\n"
    "{{ with .SilenceURL }}Silence: {{ . }}\n{{ end -}}\n"
    "{{ with .DashboardURL }}Dashboard: {{ . }}\n{{ end -}}\n"
    "{{ with .PanelURL }}Panel: {{ . }}\n{{ end -}}\n"
    "{{ end }}{{ end }}\n"
    "{{ define \"__text_alerts\" -}}\n"
    "{{ with .Alerts.Firing }}Alerts Firing:\n{{ template \"__text_alert_list\" . }}{{ end -}}\n"
    "{{ with .Alerts.Resolved }}Alerts Resolved:\n{{ template \"__text_alert_list\" . }}{{ end -}}\n"
    "{{ end }}\n";

static const char grafana[] =
    "{{ define \"default.title\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"default.message\" -}}\n"
    "{{ with .Alerts.Firing }}**Firing**\n\n{{ template \"__text_alert_list\" . }}{{ end -}}\n"
    "{{ with .Alerts.Resolved }}**Resolved**\n\n{{ template \"__text_alert_list\" . }}{{ end -}}\n"
    "{{ end }}\n";

static const char chats[] =
    "{{ define \"slack.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"slack.default.username\" }}{{ template \"__alertmanager\" . }}{{ end }}\n"
    "{{ define \"slack.default.fallback\" }}{{ template \"slack.default.title\" . }} | {{ template \"slack.default.titlelink\" . }}{{ end }}\n"
    "{{ define \"slack.default.titlelink\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n"
    "{{ define \"slack.default.callbackid\" }}{{ end }}\n"
    "{{ define \"slack.default.pretext\" }}{{ end }}\n"
    "{{ define \"slack.default.iconemoji\" }}{{ end }}\n"
    "{{ define \"slack.default.iconurl\" }}{{ end }}\n"
    "{{ define \"slack.default.text\" }}{{ end }}\n"
    "{{ define \"slack.default.footer\" }}{{ end }}\n"
    "{{ define \"telegram.default.message\" }}{{ template \"__text_alerts\" . }}{{ end }}\n"
    "{{ define \"discord.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"discord.default.message\" }}{{ template \"__text_alerts\" . }}{{ end }}\n"
    "{{ define \"discord.default.content\" }}{{ end }}\n"
    "{{ define \"pushover.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"pushover.default.message\" }}{{ .CommonAnnotations.SortedPairs.Values | join \" \" }}\n{{ template \"__text_alerts\" . }}{{ end }}\n"
    "{{ define \"pushover.default.url\" }}{{ template \"__alertmanagerURL\" . }}{{ end }}\n"
    "{{ define \"msteams.default.summary\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"msteams.default.title\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"msteams.default.text\" }}{{ template \"__text_alerts\" . }}{{ end }}\n"
    "{{ define \"teams.default.message\" }}{{ template \"default.message\" . }}{{ end }}\n";

static const char mail[] =
    "{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}{{ end }}\n"
    "{{ define \"__html_alert_list\" }}{{ range . -}}\n"
    "<p>{{ range .Labels.SortedPairs }}<b>{{ .Name }}</b> = {{ .Value }}<br>{{ end }}\n"
    "{{ range .Annotations.SortedPairs }}{{ .Name }}: {{ .Value }}<br>{{ end }}\n"
    "{{ with .GeneratorURL }}<a href=\"{{ . }}\">Source</a>{{ end }}</p>\n"
    "{{ end }}{{ end }}\n"
    "{{ define \"email.default.html\" -}}\n"
    "<!DOCTYPE html>\n"
    "<html><head><title>{{ template \"__subject\" . }}</title></head><body>\n"
    "<h3>{{ template \"__subject\" . }}</h3>\n"
    "<p><a href=\"{{ template \"__alertmanagerURL\" . }}\">View in {{ template \"__alertmanager\" . }}</a></p>\n"
    "{{ with .Alerts.Firing }}<h4>[{{ len . }}] Firing</h4>\n{{ template \"__html_alert_list\" . }}{{ end -}}\n"
    "{{ with .Alerts.Resolved }}<h4>[{{ len . }}] Resolved</h4>\n{{ template \"__html_alert_list\" . }}{{ end -}}\n"
    "</body></html>\n"
    "{{ end }}\n";

void template_set_add_defaults(struct template_set *set)
{
    static const struct {
        const char *name, *text;
    } texts[] = {{"(words.tmpl)", words}, {"(common defaults)", common}, {"(Grafana's defaults)", grafana}, {"(defaults of chats)", chats}, {"(defaults of mail)", mail}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err;
        bool ok = template_set_parse(set, texts[i].name, texts[i].text, strlen(texts[i].text), &err);
        assert(ok);
        (void)ok;
    }
}
