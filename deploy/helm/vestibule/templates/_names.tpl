{{/* Names and labels. */}}

{{- define "vestibule.name" -}}
{{- if contains "vestibule" .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else }}{{ printf "%s-vestibule" (.Release.Name | trunc 43 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "vestibule.secretName" -}}
{{ .Values.secret.name | default (include "vestibule.name" .) }}
{{- end }}

{{/* Of what this chart makes. Pods of a protected app keep their own. */}}
{{- define "vestibule.labels" -}}
app.kubernetes.io/name: vestibule
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "vestibule.image" -}}
{{- $image := .Values.image }}
{{- $repository := required "image.repository: name the registry to which you pushed the image of deploy/image" $image.repository }}
{{- if $image.digest }}{{ $repository }}@{{ $image.digest }}
{{- else }}{{ $repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* "standalone", "protect" (a manifest) or "library" (another chart). */}}
{{- define "vestibule.use" -}}
{{- if and .Values.protect.manifest .Values.protect.selector }}
{{- fail "protect: either manifest or selector, not both" }}
{{- end }}
{{- if .Values.protect.manifest }}protect{{ else if .Values.protect.selector }}library{{ else }}standalone{{ end }}
{{- end }}

{{- define "vestibule.selector" -}}
app.kubernetes.io/name: vestibule
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The selector of the pods that Vestibule is in, as a LabelSelector. */}}
{{- define "vestibule.pods" -}}
{{- $use := include "vestibule.use" . }}
{{- if eq $use "protect" }}{{ (include "vestibule.plan" . | fromYaml).selector | toYaml }}
{{- else if eq $use "library" }}{{ dict "matchLabels" .Values.protect.selector | toYaml }}
{{- else }}{{ dict "matchLabels" (include "vestibule.selector" . | fromYaml) | toYaml }}{{ end }}
{{- end }}

{{/* The same for a Service, which knows labels alone. */}}
{{- define "vestibule.podLabels" -}}
{{- $pods := include "vestibule.pods" . | fromYaml }}
{{- if or $pods.matchExpressions (not $pods.matchLabels) }}
{{- fail "protect.manifest: a Service of ours selects pods by labels; spec.selector of the Deployment has to be matchLabels alone" }}
{{- end }}
{{- toYaml $pods.matchLabels }}
{{- end }}

{{/* Whether a Service of ours is needed: those of a manifest are moved, and another chart writes its own. */}}
{{- define "vestibule.ownService" -}}
{{- $use := include "vestibule.use" . }}
{{- if eq $use "standalone" }}yes
{{- else if eq $use "protect" }}{{ if not (include "vestibule.plan" . | fromYaml).moved }}yes{{ end }}{{ end }}
{{- end }}
