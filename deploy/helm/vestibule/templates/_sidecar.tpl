{{/* The container and its volumes: the same in a protected pod, in another chart's and in our own. */}}

{{- define "vestibule.containerBody" -}}
name: vestibule
image: {{ include "vestibule.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: ["run", "--config", "/etc/vestibule/vestibule.toml"]
{{- with .Values.env }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - { name: vestibule, containerPort: {{ .Values.ports.http }}, protocol: TCP }
  - { name: vestibule-admin, containerPort: {{ .Values.ports.admin }}, protocol: TCP }
# Alive, not ready: a provider that is out must neither keep the app from starting nor restart a pod.
startupProbe:
  httpGet: { path: /healthz, port: {{ .Values.ports.admin }} }
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: {{ .Values.ports.admin }} }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
# Ready once the provider's keys have been seen, and from then on through every outage: running pods stay in
# their Service, while a new one that could let nobody in never takes the place of one that can.
readinessProbe:
  httpGet: { path: /readyz, port: {{ .Values.ports.admin }} }
  periodSeconds: 5
  timeoutSeconds: 5
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  {{- include "vestibule.runAs" . | nindent 2 }}
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: ["ALL"] }
  seccompProfile: { type: RuntimeDefault }
volumeMounts:
  # Whole directories, never a subPath: only they follow a changed ConfigMap or Secret.
  - { name: vestibule-config, mountPath: /etc/vestibule, readOnly: true }
  - { name: vestibule-secrets, mountPath: /run/secrets/vestibule, readOnly: true }
  {{- range .Values.extraVolumeMounts }}
  {{- if or .subPath .subPathExpr }}
  {{- fail (printf "extraVolumeMounts: %s has a subPath, which does not follow a changed Secret or ConfigMap; mount the folder" .name) }}
  {{- end }}
  {{- if regexMatch "^(/etc/vestibule|/run/secrets/vestibule)(/|$)" .mountPath }}
  {{- fail (printf "extraVolumeMounts: %s is below what the chart mounts, read-only; mount it beside" .mountPath) }}
  {{- end }}
  - {{ mustMerge (dict "readOnly" true) . | toJson }}
  {{- end }}
{{- end }}

{{/* Who a container runs as; nothing where the cluster chooses. */}}
{{- define "vestibule.runAs" -}}
{{- with .Values.runAsUser }}
runAsUser: {{ int . }}
{{- end }}
{{- with .Values.runAsGroup }}
runAsGroup: {{ int . }}
{{- end }}
{{- end }}

{{/*
A native sidecar: an item of initContainers. It starts before the app, and ends after it: SIGTERM comes once the app is gone.
Hooks of all containers run when the pod begins to end, so that by this one clients are told to go while the app is there.
*/}}
{{- define "vestibule.sidecar" -}}
- {{- include "vestibule.containerBody" . | nindent 2 }}
  restartPolicy: Always
  lifecycle:
    preStop: { exec: { command: ["/usr/bin/vestibule", "leave"] } }
{{- end }}

{{/* Items of volumes. */}}
{{- define "vestibule.volumes" -}}
- name: vestibule-config
  configMap: { name: {{ include "vestibule.name" . }} }
# 0444: readable by any user, but mounted into this one container: the group that could be named is the whole pod's.
- name: vestibule-secrets
  secret: { secretName: {{ include "vestibule.secretName" . }}, defaultMode: 292 }
{{- range .Values.extraVolumes }}
{{- if has .name (list "vestibule-config" "vestibule-secrets") }}{{ fail (printf "extraVolumes: %s is the chart's own" .name) }}{{ end }}
- {{ toJson . }}
{{- end }}
{{- end }}

{{/*
How many seconds the pods get to end: the pause before SIGTERM, server.shutdown_delay, server.grace_period and five
more for what follows. What is named in the values has to be as long; by default, five more.
*/}}
{{- define "vestibule.gracePeriod" -}}
{{- $pause := 5 }}
{{- if ne (include "vestibule.use" .) "standalone" }}{{ $pause = int .Values.protect.preStopSeconds }}{{ end }}
{{- $server := (include "vestibule.config" . | fromYaml).server }}
{{- $delay := include "vestibule.seconds" (dict "key" "shutdown_delay" "text" ($server.shutdown_delay | default "0s")) | int }}
{{- $grace := include "vestibule.seconds" (dict "key" "grace_period" "text" ($server.grace_period | default "25s")) | int }}
{{- $needed := add $pause $delay $grace 5 }}
{{- $given := int .Values.terminationGracePeriodSeconds }}
{{- if and $given (lt $given (int $needed)) }}
{{- fail (printf "terminationGracePeriodSeconds: %d cuts off what is under way; %d before the stop, server.shutdown_delay of %d, server.grace_period of %d and 5 more come to %d" $given $pause $delay $grace $needed) }}
{{- end }}
{{- $given | default (add $needed 5) }}
{{- end }}

{{/* A duration of the configuration, such as "1m 30s", in whole seconds. */}}
{{- define "vestibule.seconds" -}}
{{- $key := .key }}
{{- if not (kindIs "string" .text) }}{{ fail (printf "config.server.%s: write it out, since how long a pod may take to end follows from it" $key) }}{{ end }}
{{- $seconds := 0 }}
{{- range regexFindAll "[0-9]+ *[a-z]+" .text -1 }}
{{- $number := regexFind "[0-9]+" . | int }}
{{- $unit := regexFind "[a-z]+" . }}
{{- if hasPrefix "s" $unit }}{{ $seconds = add $seconds $number }}
{{- else if or (eq $unit "ms") (hasPrefix "msec" $unit) (hasPrefix "millis" $unit) }}{{ $seconds = add $seconds (div (add $number 999) 1000) }}
{{- else if or (eq $unit "m") (hasPrefix "min" $unit) }}{{ $seconds = add $seconds (mul $number 60) }}
{{- else if hasPrefix "h" $unit }}{{ $seconds = add $seconds (mul $number 3600) }}
{{- else }}{{ fail (printf "config.server.%s: write it in seconds, minutes or hours" $key) }}{{ end }}
{{- end }}
{{- $seconds }}
{{- end }}
