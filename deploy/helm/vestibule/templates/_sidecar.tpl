{{/* The container and its volumes: the same in a protected pod, in another chart's and in our own. */}}

{{- define "vestibule.containerBody" -}}
name: vestibule
image: {{ include "vestibule.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: ["run", "--config", "/etc/vestibule/vestibule.toml"]
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
  runAsUser: 65532
  runAsGroup: 65532
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: ["ALL"] }
  seccompProfile: { type: RuntimeDefault }
volumeMounts:
  # Whole directories, never a subPath: only they follow a changed ConfigMap or Secret.
  - { name: vestibule-config, mountPath: /etc/vestibule, readOnly: true }
  - { name: vestibule-secrets, mountPath: /run/secrets/vestibule, readOnly: true }
{{- end }}

{{/* A native sidecar: an item of initContainers. It starts before the app, and ends after it. */}}
{{- define "vestibule.sidecar" -}}
- {{- include "vestibule.containerBody" . | nindent 2 }}
  restartPolicy: Always
{{- end }}

{{/* Items of volumes. */}}
{{- define "vestibule.volumes" -}}
- name: vestibule-config
  configMap: { name: {{ include "vestibule.name" . }} }
# 0444: readable by any user, but mounted into this one container: the group that could be named is the whole pod's.
- name: vestibule-secrets
  secret: { secretName: {{ include "vestibule.secretName" . }}, defaultMode: 292 }
{{- end }}
