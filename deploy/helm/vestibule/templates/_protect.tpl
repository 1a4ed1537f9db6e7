{{/*
What becomes of the manifest of an existing Deployment. `vestibule.plan` says it as YAML:

  port      the app's own
  selector  the pods, as the Deployment selects them
  moved     how many Services lead to Vestibule now
  budget    whether the manifest has a PodDisruptionBudget for these pods
  objects   all of the manifest, with the changes

What would leave a way around Vestibule fails here, instead of being installed.
*/}}

{{- define "vestibule.plan" -}}
{{- $root := . }}
{{- $objects := include "vestibule.objects" . | fromYamlArray }}
{{- $chosen := list }}
{{- range $objects }}
{{- if and (eq .kind "Deployment") (or (not $root.Values.protect.deployment) (eq .metadata.name $root.Values.protect.deployment)) }}
{{- $chosen = append $chosen . }}
{{- end }}
{{- end }}
{{- if ne (len $chosen) 1 }}
{{- fail (printf "protect.manifest: %d Deployments fit; name one in protect.deployment" (len $chosen)) }}
{{- end }}
{{- $deployment := first $chosen }}
{{- $port := include "vestibule.appPort" (dict "root" $root "deployment" $deployment) | int }}
{{- $names := list }}
{{- range $deployment.spec.template.spec.containers }}
{{- range .ports }}{{ if and .name (eq (int .containerPort) $port) }}{{ $names = append $names .name }}{{ end }}{{ end }}
{{- end }}
{{- $labels := $deployment.spec.template.metadata.labels }}
{{- $plan := dict "root" $root "port" $port "names" $names "labels" $labels }}
{{- include "vestibule.patchDeployment" (dict "plan" $plan "deployment" $deployment) }}
{{- $moved := 0 }}
{{- $budget := false }}
{{- range $objects }}
{{- if eq .kind "Service" }}
{{- $moved = add $moved (include "vestibule.moveService" (dict "plan" $plan "service" .) | int) }}
{{- else if eq .kind "PodDisruptionBudget" }}
{{- if include "vestibule.selectsPods" (dict "labels" $labels "selector" .spec.selector) }}{{ $budget = true }}{{ end }}
{{- else if and (hasSuffix "NetworkPolicy" .kind) (not (hasPrefix "networking.k8s.io/" .apiVersion)) }}
{{- fail (printf "protect.manifest: %s %s (%s) is not read here, and what it allows adds up with our policy: it may open the app's port %d around Vestibule; write it as a NetworkPolicy of networking.k8s.io, or see to it yourself and take it out" .kind .metadata.name .apiVersion $port) }}
{{- else if eq .kind "NetworkPolicy" }}
{{- include "vestibule.judgePolicy" (dict "plan" $plan "policy" .) }}
{{- else if and (eq .kind "HorizontalPodAutoscaler") (eq .spec.scaleTargetRef.kind "Deployment") (eq .spec.scaleTargetRef.name $deployment.metadata.name) }}
{{- /* It says how many: a number of ours would set them back with each upgrade. */}}
{{- $_ := unset $deployment.spec "replicas" }}
{{- end }}
{{- if $root.Values.protect.keep }}
{{- $_ := set .metadata "annotations" (merge (dict "helm.sh/resource-policy" "keep") (.metadata.annotations | default dict)) }}
{{- end }}
{{- end }}
{{- dict "port" $port "selector" $deployment.spec.selector "moved" $moved "budget" $budget "objects" $objects | toYaml }}
{{- end }}

{{/* The documents of the manifest, less what a cluster wrote into them. */}}
{{- define "vestibule.objects" -}}
{{- $root := . }}
{{- $objects := list }}
{{- range $text := regexSplit "(?m)^---.*$" .Values.protect.manifest -1 }}
{{- $object := fromYaml $text }}
{{- if and (hasKey $object "Error") (not (hasKey $object "kind")) }}
{{- fail (printf "protect.manifest: no YAML: %s" $object.Error) }}
{{- end }}
{{- if eq (get $object "kind" | toString) "List" }}
{{- $objects = concat $objects $object.items }}
{{- else if $object }}
{{- $objects = append $objects $object }}
{{- end }}
{{- end }}
{{- range $object := $objects }}
{{- if not (and .kind .metadata) }}{{ fail "protect.manifest: a document has no kind, or no metadata" }}{{ end }}
{{- $namespace := .metadata.namespace | default $root.Release.Namespace }}
{{- if ne $namespace $root.Release.Namespace }}
{{- fail (printf "protect.manifest: %s %s is in the namespace %s; install the release there" .kind .metadata.name $namespace) }}
{{- end }}
{{- $_ := unset . "status" }}
{{- range list "uid" "resourceVersion" "generation" "creationTimestamp" "managedFields" "selfLink" }}{{ $_ := unset $object.metadata . }}{{ end }}
{{- with .metadata.annotations }}
{{- $_ := unset . "kubectl.kubernetes.io/last-applied-configuration" }}
{{- $_ := unset . "deployment.kubernetes.io/revision" }}
{{- if not . }}{{ $_ := unset $object.metadata "annotations" }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml $objects }}
{{- end }}

{{/* The app's own port. */}}
{{- define "vestibule.appPort" -}}
{{- $port := .root.Values.protect.port | int }}
{{- if not $port }}
{{- $declared := list }}
{{- range .deployment.spec.template.spec.containers }}
{{- range .ports }}{{ $declared = append $declared (int .containerPort) }}{{ end }}
{{- end }}
{{- if ne (len $declared) 1 }}
{{- fail (printf "protect.port: the containers declare %d ports; say which one is the app's" (len $declared)) }}
{{- end }}
{{- $port = first $declared }}
{{- end }}
{{- $port }}
{{- end }}

{{/* The sidecar goes into the pods. */}}
{{- define "vestibule.patchDeployment" -}}
{{- $root := .plan.root }}
{{- $port := .plan.port }}
{{- $bind := $root.Values.protect.bind }}
{{- $template := .deployment.spec.template }}
{{- $pod := $template.spec }}
{{- if $pod.shareProcessNamespace }}
{{- fail "protect.manifest: shareProcessNamespace lets the app's containers read the session key out of Vestibule's file system, and forge sessions; take it out" }}
{{- end }}
{{- if $pod.hostPID }}
{{- fail "protect.manifest: hostPID shows Vestibule's processes to the app and to the node's, and with them the session key; take it out" }}
{{- end }}
{{- if $pod.hostNetwork }}
{{- fail "protect.manifest: hostNetwork puts the app's port onto the node, where no policy of the pod closes it" }}
{{- end }}
{{- if has $port (list (int $root.Values.ports.http) (int $root.Values.ports.admin)) }}
{{- fail (printf "ports: the app itself listens on %d; choose another for Vestibule" $port) }}
{{- end }}
{{- range concat $pod.containers ($pod.initContainers | default list) }}
{{- if eq .name "vestibule" }}{{ fail "protect.manifest: a container is called vestibule already; take it out" }}{{ end }}
{{- range .ports }}
{{- if .hostPort }}
{{- fail (printf "protect.manifest: hostPort %d opens the node's port into the pod, around the Service; take it out" (int .hostPort)) }}
{{- end }}
{{- if has (int .containerPort) (list (int $root.Values.ports.http) (int $root.Values.ports.admin)) }}
{{- fail (printf "ports: a container of the app listens on %d; choose another for Vestibule" (int .containerPort)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $container := $pod.containers }}
{{- range $name, $value := $bind }}
{{- $env := list }}
{{- range $container.env }}{{ if ne .name $name }}{{ $env = append $env . }}{{ end }}{{ end }}
{{- $_ := set $container "env" (append $env (dict "name" $name "value" ($value | toString))) }}
{{- end }}
{{- range list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $probe := get $container . | default dict }}
{{- if and $bind (or $probe.httpGet $probe.tcpSocket $probe.grpc) }}
{{- fail (printf "protect.bind: the kubelet asks %s from outside the pod, where an app on loopback does not answer; make it an exec probe, or leave it to Vestibule's" .) }}
{{- end }}
{{- end }}
{{- $lifecycle := $container.lifecycle | default dict }}
{{- if and $root.Values.protect.preStopSeconds (not $lifecycle.preStop) }}
{{- $_ := set $lifecycle "preStop" (dict "sleep" (dict "seconds" $root.Values.protect.preStopSeconds)) }}
{{- $_ := set $container "lifecycle" $lifecycle }}
{{- end }}
{{- end }}
{{- $_ := set $pod "initContainers" (concat ($pod.initContainers | default list) (include "vestibule.sidecar" $root | fromYamlArray)) }}
{{- $volumes := list }}
{{- range $pod.volumes }}{{ $volumes = append $volumes .name }}{{ end }}
{{- range include "vestibule.volumes" $root | fromYamlArray }}
{{- if has .name $volumes }}{{ fail (printf "extraVolumes: the app has a volume %s already; choose another name" .name) }}{{ end }}
{{- end }}
{{- $_ := set $pod "terminationGracePeriodSeconds" (max (int ($pod.terminationGracePeriodSeconds | default 30)) (int (include "vestibule.gracePeriod" $root))) }}
{{- $_ := set $pod "volumes" (concat ($pod.volumes | default list) (include "vestibule.volumes" $root | fromYamlArray)) }}
{{- with $root.Values.image.pullSecrets }}
{{- $_ := set $pod "imagePullSecrets" (concat ($pod.imagePullSecrets | default list) . | uniq) }}
{{- end }}
{{- $annotations := $template.metadata.annotations | default dict }}
{{- $_ := set $annotations "vestibule/restarts-with" (include "vestibule.restartsWith" $root) }}
{{- $_ := set $template.metadata "annotations" $annotations }}
{{- end }}

{{/*
A Service of the pods leads to Vestibule, wherever it led to the app. Says 1 if it did. By number: Services know
the names of a native sidecar's ports since Kubernetes 1.32 only, and some meshes not at all.
*/}}
{{- define "vestibule.moveService" -}}
{{- $plan := .plan }}
{{- $service := .service }}
{{- $moved := 0 }}
{{- if include "vestibule.selects" (dict "labels" $plan.labels "selector" .service.spec.selector) }}
{{- range .service.spec.ports }}
{{- $target := .targetPort | default .port }}
{{- if or (has $target $plan.names) (eq (int $target) $plan.port) }}
{{- /* Nobody is between a client and the pods: it uses the port that it knows, whatever targetPort says. */}}
{{- if and (eq (toString $service.spec.clusterIP) "None") (ne (int .port) (int $plan.root.Values.ports.http)) }}
{{- fail (printf "protect.manifest: Service %s is headless (clusterIP: None): whoever asks by its name comes to port %d of the pods themselves, which is not Vestibule's; give it the port %d and change what uses it, or take it out and let them use another Service" $service.metadata.name (int .port) (int $plan.root.Values.ports.http)) }}
{{- end }}
{{- $_ := set . "targetPort" (int $plan.root.Values.ports.http) }}
{{- $moved = 1 }}
{{- end }}
{{- end }}
{{- end }}
{{- $moved }}
{{- end }}

{{/* Policies add up: none beside ours may let anybody reach the app's port. */}}
{{- define "vestibule.judgePolicy" -}}
{{- $plan := .plan }}
{{- $policy := .policy }}
{{- if include "vestibule.selectsPods" (dict "labels" $plan.labels "selector" $policy.spec.podSelector "may" true) }}
{{- range $policy.spec.ingress }}
{{- include "vestibule.judgeRule" (dict "rule" . "plan" $plan "place" (printf "protect.manifest: NetworkPolicy %s" $policy.metadata.name)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A rule has to name ports, and none of them may be the app's. */}}
{{- define "vestibule.judgeRule" -}}
{{- $plan := .plan }}
{{- $opens := not .rule.ports }}
{{- range .rule.ports }}
{{- if not .port }}{{ $opens = true }}
{{- else if kindIs "string" .port }}{{ $opens = or $opens (has .port $plan.names) }}
{{- else }}{{ $opens = or $opens (and (le (int .port) $plan.port) (ge (.endPort | default .port | int) $plan.port)) }}{{ end }}
{{- end }}
{{- if $opens }}
{{- fail (printf "%s lets requests reach the app's port %d around Vestibule; take the rule out, or name the ports that it is for" .place $plan.port) }}
{{- end }}
{{- end }}

{{/* Whether a LabelSelector selects what has these labels; an empty one selects everything. With `may`, whether it
     could select the pods that run: others put labels of their own on them (pod-template-hash, a mesh's), so that
     nothing follows from the lack of one. */}}
{{- define "vestibule.selectsPods" -}}
{{- $labels := .labels | default dict }}
{{- $selector := .selector | default dict }}
{{- $selects := true }}
{{- $may := .may | default false }}
{{- range $name, $value := $selector.matchLabels }}
{{- if and (ne (get $labels $name) $value) (or (hasKey $labels $name) (not $may)) }}{{ $selects = false }}{{ end }}
{{- end }}
{{- range $selector.matchExpressions }}
{{- $has := hasKey $labels .key }}
{{- $listed := and $has (has (get $labels .key) (.values | default list)) }}
{{- $unknown := and $may (not $has) }}
{{- if or (and (eq .operator "In") (not $listed) (not $unknown)) (and (eq .operator "NotIn") $listed)
          (and (eq .operator "Exists") (not $has) (not $unknown)) (and (eq .operator "DoesNotExist") $has) }}{{ $selects = false }}{{ end }}
{{- end }}
{{- if $selects }}yes{{ end }}
{{- end }}

{{/* Whether a selector (a table of labels, not empty) selects what has these labels. */}}
{{- define "vestibule.selects" -}}
{{- $labels := .labels | default dict }}
{{- $selects := not (empty .selector) }}
{{- range $name, $value := .selector }}{{ if ne (get $labels $name) $value }}{{ $selects = false }}{{ end }}{{ end }}
{{- if $selects }}yes{{ end }}
{{- end }}
