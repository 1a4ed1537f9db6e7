{{/* Vestibule's configuration: what the values say, and what follows from the chart. */}}

{{/* As YAML, for templates that ask for a key of it. */}}
{{- define "vestibule.config" -}}
{{- $config := .Values.config }}
{{- if kindIs "string" $config }}
{{- $config = fromToml $config }}
{{- if hasKey $config "Error" }}{{ fail (printf "config: no TOML: %s" $config.Error) }}{{ end }}
{{- else }}
{{- $config = deepCopy $config }}
{{- end }}
{{- $server := $config.server | default dict }}
{{- if not $server.public_url }}
{{- fail "config.server.public_url: write the origin that browsers see, such as https://wiki.example.com" }}
{{- end }}
{{- range $key, $port := dict "listen" .Values.ports.http "admin_listen" .Values.ports.admin }}
{{- if not (hasKey $server $key) }}{{ $_ := set $server $key (printf "0.0.0.0:%d" (int $port)) }}{{ end }}
{{- $there := false }}
{{- $inside := false }}
{{- $addresses := get $server $key }}
{{- range (kindIs "slice" $addresses | ternary $addresses (list $addresses)) }}
{{- $fits := hasSuffix (printf ":%d" (int $port)) (toString .) }}
{{- $own := regexMatch "^(127\\.|localhost:|\\[::1\\]:|unix:)" (toString .) }}
{{- $inside = or $inside (and $fits $own) }}
{{- $there = or $there (and $fits (not $own)) }}
{{- end }}
{{- if and $inside (not $there) }}
{{- fail (printf "config.server.%s: on loopback neither the kubelet's probes nor the Service reach it; leave the key out, or give it the pod's address, as \"0.0.0.0:%d\" or \"[::]:%d\"" $key (int $port) (int $port)) }}
{{- end }}
{{- if not $there }}
{{- fail (printf "config.server.%s: the pod's port is another one; leave the key out, or give it the port %d" $key (int $port)) }}
{{- end }}
{{- end }}
{{- $_ := set $server "threads" ($server.threads | default 2) }}
{{- $_ := set $config "server" $server }}
{{- if not $config.provider }}{{ fail "config.provider: name who signs people in, as [provider.ID] of config.example.toml" }}{{ end }}
{{- $session := $config.session | default dict }}
{{- if not $session.keys }}
{{- $_ := set $session "keys" (list (dict "file" "/run/secrets/vestibule/session-key")) }}
{{- end }}
{{- $_ := set $config "session" $session }}
{{- toYaml $config }}
{{- end }}

{{/* As the file that Vestibule reads; the argument is the app's port, or 0. */}}
{{- define "vestibule.toml" -}}
{{- $config := include "vestibule.config" .root | fromYaml }}
{{- if .port }}
{{- $url := ($config.upstream | default dict).url | default "" }}
{{- if not $config.upstream }}
{{- $_ := set $config "upstream" (dict "url" (printf "http://127.0.0.1:%d" (int .port))) }}
{{- else if and $url (not (regexMatch "^(((http|https|h2c)://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:|$))|unix:/)" $url)) }}
{{- fail "config.upstream.url: a sidecar's app is in its own pod, at 127.0.0.1 or a unix socket; leave the key out" }}
{{- end }}
{{- else if not $config.upstream }}
{{- fail "config.upstream: name the app, such as { url: http://wiki.apps.svc:3000 }" }}
{{- end }}
{{- include "vestibule.integers" $config }}
{{- toToml $config }}
{{- end }}

{{/* YAML has one kind of number, TOML has two: whole ones are whole again. */}}
{{- define "vestibule.integers" -}}
{{- $table := . }}
{{- range $key, $value := $table }}
{{- if kindIs "map" $value }}{{ include "vestibule.integers" $value }}
{{- else if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $_ := set $table $key (int64 $value) }}
{{- else if kindIs "slice" $value }}
{{- range $value }}{{ if kindIs "map" . }}{{ include "vestibule.integers" . }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The hosts of public_url, as a YAML list. */}}
{{- define "vestibule.hosts" -}}
{{- $url := (include "vestibule.config" . | fromYaml).server.public_url }}
{{- $hosts := list }}
{{- range (kindIs "slice" $url | ternary $url (list $url)) }}
{{- if not (kindIs "string" .) }}{{ fail "ingress and httpRoute: config.server.public_url has to be written out for them" }}{{ end }}
{{- $hosts = append $hosts (urlParse .).hostname }}
{{- end }}
{{- toYaml (uniq $hosts) }}
{{- end }}

{{/* Changes with what only a restart takes up; everything else is reloaded by Vestibule itself. */}}
{{- define "vestibule.restartsWith" -}}
{{- $config := include "vestibule.config" . | fromYaml }}
{{- $log := $config.log | default dict }}
{{- pick $config.server "listen" "socket_mode" "admin_listen" "threads" "max_connections" | toJson | cat (hasKey $config.server "tls") (pick $log "format" "level" | toJson) | sha256sum }}
{{- end }}

{{/* A text of the configuration, for people: as it is, or where it comes from. */}}
{{- define "vestibule.shown" -}}
{{- if kindIs "map" . }}
{{- if .env }}{{ printf "${%s}" .env }}{{ else }}{{ printf "$(cat %s)" .file }}{{ end }}
{{- else }}{{ trimSuffix "/" (toString .) }}{{ end }}
{{- end }}

{{/* The ids of providers at which people sign in, as a YAML list: one without client_id only vouches for tokens. */}}
{{- define "vestibule.signInProviders" -}}
{{- $ids := list }}
{{- range $id, $provider := .provider }}{{ if $provider.client_id }}{{ $ids = append $ids $id }}{{ end }}{{ end }}
{{- toYaml $ids }}
{{- end }}
