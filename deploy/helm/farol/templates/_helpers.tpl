{{- define "farol.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "farol.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "farol.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "farol.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "farol.selector" -}}
app.kubernetes.io/name: {{ include "farol.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: collector
{{- end -}}

{{- define "farol.labels" -}}
{{ include "farol.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "farol.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "farol.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "farol.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Which pod it is, for variables of yours behind it; then settings that are the chart's: variables count over the file. */}}
{{- define "farol.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: FAROL_CONFIG
  value: /etc/farol/settings/farol.toml
- name: FAROL_DATA_DIR
  value: /var/lib/farol
- name: FAROL_QUEUE__TYPE
  value: {{ .Values.queue.type | quote }}
- name: FAROL_QUEUE__MAX_BYTES
  value: {{ include "farol.maxBytes" . | quote }}
- name: FAROL_SHUTDOWN_TIMEOUT
  value: {{ printf "%ds" (int .Values.shutdownSeconds) | quote }}
{{- with .Values.trustedProxies }}
- name: FAROL_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Why all visitors have one address, where they do; nothing where they have their own, or nobody can know. */}}
{{- define "farol.oneAddress" -}}
{{- $known := or .Values.trustedProxies (hasKey (.Values.env | default dict) "FAROL_TRUSTED_PROXIES") (regexMatch "(?m)^[ \t]*(trusted_proxies|proxy_protocol)[ \t]*=" .Values.settings) -}}
{{- if $known -}}
{{- else if .Values.ingress.enabled -}}
the ingress controller's, until trustedProxies names it
{{- else if and (ne .Values.service.type "ClusterIP") (ne .Values.service.externalTrafficPolicy "Local") -}}
a node's, until service.externalTrafficPolicy is Local
{{- end -}}
{{- end -}}

{{/* Why Prometheus sees no collector though all are well, which FarolCollectorsDown tells as an outage; nothing where it can, or nobody can know. */}}
{{- define "farol.unseen" -}}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.operatorsFrom) -}}
from another namespace than {{ .Release.Namespace }} until networkPolicy.operatorsFrom names it
{{- else if and .Values.rules.enabled (eq .Values.rules.kind "PrometheusRule") (not .Values.serviceMonitor.enabled) -}}
until serviceMonitor.enabled is true, or something else scrapes them as the job farol-collector
{{- end -}}
{{- end -}}

{{/* A secret's name may have dots and be long, a volume's may not. */}}
{{- define "farol.secretVolume" -}}
{{- if or (contains "." .) (gt (len .) 56) -}}
secret-{{ . | replace "." "-" | trunc 40 | trimAll "-" }}-{{ sha256sum . | trunc 8 }}
{{- else -}}
secret-{{ . }}
{{- end -}}
{{- end -}}

{{- define "farol.mounts" -}}
- name: settings
  mountPath: /etc/farol/settings
  readOnly: true
- name: data
  mountPath: /var/lib/farol
{{- range .Values.secrets }}
- name: {{ include "farol.secretVolume" . }}
  mountPath: /etc/farol/secrets/{{ . }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "farol.volumes" -}}
- name: settings
  configMap:
    name: {{ include "farol.fullname" . }}
{{- range .Values.secrets }}
- name: {{ include "farol.secretVolume" . }}
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A collector's pod, in whatever it is kept. */}}
{{- define "farol.pod" -}}
metadata:
  labels:
    {{- include "farol.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "farol.fullname" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # Leaving, delivering, and a margin for the last write.
  terminationGracePeriodSeconds: {{ add (int .Values.leaveSeconds) (int .Values.shutdownSeconds) 30 }}
  securityContext:
    {{- include "farol.podSecurity" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: collector
      image: {{ include "farol.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [--config, /etc/farol/settings/farol.toml]
      env:
        {{- include "farol.env" . | nindent 8 }}
        - name: FAROL_LISTEN
          value: 0.0.0.0:12347
        - name: FAROL_ADMIN_LISTEN
          value: 0.0.0.0:12348
      ports:
        - name: collect
          containerPort: 12347
        - name: operators
          containerPort: 12348
      # Recovery of a full queue takes seconds.
      startupProbe:
        httpGet:
          path: /-/healthy
          port: operators
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /-/healthy
          port: operators
        periodSeconds: 10
        timeoutSeconds: 4
      readinessProbe:
        httpGet:
          path: /-/ready
          port: operators
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if gt (int .Values.leaveSeconds) 0 }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ int .Values.leaveSeconds }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- include "farol.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "farol.mounts" . | nindent 8 }}
  volumes:
    {{- include "farol.volumes" . | nindent 4 }}
    {{- if eq .Values.queue.type "memory" }}
    # What a stop in time did not deliver, for a container that is started again; it goes with the pod.
    - name: data
      emptyDir: {}
    {{- end }}
  {{- if .Values.topologySpread }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "farol.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with include "farol.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Where a pod may run: a collector's, and that of a job for a volume that only some nodes reach. */}}
{{- define "farol.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "farol.maxBytes" -}}
{{- .Values.queue.maxBytes | default (ternary "128MiB" "1GiB" (eq .Values.queue.type "memory")) -}}
{{- end -}}

{{/* Bytes of a size as the collector writes it (128 MiB) or Kubernetes does (512Mi, 1.5G, a number); 0 where it is written otherwise. */}}
{{- define "farol.bytes" -}}
{{- $text := ternary (int64 . | toString) (toString .) (kindIs "float64" .) -}}
{{- $unit := regexReplaceAll "^[0-9.]+ *" $text "" | trimSuffix "B" -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mulf (float64 (regexFind "^[0-9.]+" $text)) (get $factors $unit | default 0) | int64 -}}
{{- end -}}

{{/* Refuses a queue in memory that the pod has no memory for, which would be killed before the queue is full, and one on disk that its volume has no room for. */}}
{{- define "farol.fits" -}}
{{- $limit := dig "limits" "memory" "" (.Values.resources | default dict) -}}
{{- if and (eq .Values.queue.type "memory") $limit -}}
{{- $most := include "farol.maxBytes" . -}}
{{- $bytes := include "farol.bytes" $limit | int64 -}}
{{- if and (gt $bytes 0) (gt (mul 3 (include "farol.bytes" $most | int64)) $bytes) -}}
{{- fail (printf "queue.maxBytes: %s of a queue in memory is more than a third of resources.limits.memory (%v), and the pod would be killed before it is full; lower it, or raise the limit" $most $limit) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.queue.type "disk" -}}
{{- $most := include "farol.maxBytes" . -}}
{{- $size := .Values.queue.volume.size -}}
{{- /* What queue.min_free keeps where nobody sets it. */ -}}
{{- if gt (add (include "farol.bytes" $most | int64) (include "farol.bytes" "256MiB" | int64)) (include "farol.bytes" $size | int64) -}}
{{- fail (printf "queue.volume.size: %s has no room for a queue of %s (queue.maxBytes) and the 256MiB that stay free, so requests would be refused before the queue is full; raise it, or lower queue.maxBytes. Of a release that runs, volumes are made larger by hand: docs/operating.md, Kubernetes" $size $most) -}}
{{- end -}}
{{- end -}}
{{- end -}}
