// The templates that users' own build upon or replace, by the names that they
// know.
#include "libprom/alert/plan.h"

namespace prom::alert {

std::string_view default_templates() {
  return R"TEMPLATE(
{{- define "__alertmanager" -}}Alertmanager{{- end -}}

{{- define "__alertmanagerURL" -}}
{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}
{{- end -}}

{{- /* [FIRING:2] group values (further common values) */ -}}
{{- define "__subject" -}}
[{{ .Status | toUpper }}
{{- if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end -}}
] {{ join " " .GroupLabels.SortedPairs.Values }}{{ print " " }}
{{- $more := .CommonLabels.Remove .GroupLabels.Names -}}
{{- if $more }}({{ join " " $more.Values }}){{ end -}}
{{- end -}}

{{- define "__description" -}}{{- end -}}

{{- define "__text_alert_list" -}}
{{- range . -}}
Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end -}}
Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end -}}
Source: {{ .GeneratorURL }}
{{ end -}}
{{- end -}}

{{- define "__text_alert_list_markdown" -}}
{{- range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Source: {{ .GeneratorURL }}
{{ end }}
{{ end -}}

{{- define "email.default.subject" -}}{{ template "__subject" . }}{{- end -}}

{{- define "__email_alert" -}}
<tr><td style="padding:8px 20px;border-top:1px solid #ddd">
<b>Labels</b><br>
{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
{{ end -}}
{{ if .Annotations }}<b>Annotations</b><br>
{{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
{{ end }}{{ end -}}
{{ if .GeneratorURL }}<a href="{{ .GeneratorURL }}">Source</a>{{ end }}
</td></tr>
{{ end -}}

{{- define "email.default.html" -}}
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ template "__subject" . }}</title>
</head>
<body style="margin:0;padding:20px;background:#f4f4f4;font-family:sans-serif;font-size:14px">
<table cellpadding="0" cellspacing="0" style="width:100%;max-width:640px;margin:0 auto;background:#fff;border:1px solid #ddd;border-collapse:collapse">
<tr>
{{ if eq .Status "firing" }}<td style="padding:20px;background:#b3261e;color:#fff;font-size:16px">
{{ else }}<td style="padding:20px;background:#2e7d32;color:#fff;font-size:16px">
{{ end }}{{ len .Alerts }} alert{{ if ne (len .Alerts) 1 }}s{{ end }} for
{{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}
</td></tr>
<tr><td style="padding:20px">
<a href="{{ template "__alertmanagerURL" . }}">View in {{ template "__alertmanager" . }}</a>
</td></tr>
{{ if .Alerts.Firing }}<tr><td style="padding:8px 20px"><b>[{{ len .Alerts.Firing }}] Firing</b></td></tr>
{{ range .Alerts.Firing }}{{ template "__email_alert" . }}{{ end }}{{ end -}}
{{ if .Alerts.Resolved }}<tr><td style="padding:8px 20px"><b>[{{ len .Alerts.Resolved }}] Resolved</b></td></tr>
{{ range .Alerts.Resolved }}{{ template "__email_alert" . }}{{ end }}{{ end -}}
<tr><td style="padding:20px;color:#777;font-size:12px">
Sent by <a href="{{ .ExternalURL }}">{{ template "__alertmanager" . }}</a>
</td></tr>
</table>
</body>
</html>
{{- end -}}
)TEMPLATE";
}

}  // namespace prom::alert
