{{- define "osm.namespace" -}}{{ default .Release.Namespace .Values.osm.osmNamespace }}{{- end }}

{{- define "osm.labels" -}}
app.kubernetes.io/name: openservicemesh.io
app.kubernetes.io/instance: {{ .Values.osm.meshName }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* Image of ours: (list root key) */}}
{{- define "osm.image" -}}
{{- $root := index . 0 }}{{- $key := index . 1 }}{{- $image := $root.Values.osm.image }}
{{- $name := printf "%s/%s" $image.registry (index $image.name $key) }}
{{- $digest := index $image.digest $key }}
{{- if $digest }}{{ $name }}@{{ $digest }}{{ else }}{{ $name }}:{{ default $root.Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{/* Name of the ValidatingWebhookConfiguration. */}}
{{- define "osm.validatorName" -}}
{{ default (printf "osm-validator-mesh-%s" .Values.osm.meshName) .Values.osm.validatorWebhook.webhookConfigurationName }}
{{- end }}

{{- define "osm.natsUrl" -}}
{{- if .Values.osm.nats.enabled -}}
tls://osm-nats.{{ include "osm.namespace" . }}.svc:4222
{{- else -}}
{{ required "osm.nats.url: the address of your NATS is needed when osm.nats.enabled is false" .Values.osm.nats.url }}
{{- end -}}
{{- end }}

{{/* What the restricted pod security standard asks for. */}}
{{- define "osm.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "osm.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/*
One service of the control plane: (dict "root" . "service" "policy-compiler" "name" "osm-policy-compiler" "key" "policyCompiler"
"args" (list ...) "ports" (list (dict "name" .. "port" ..)) "volumes" (list ...) "mounts" (list ...))
*/}}
{{- define "osm.deployment" -}}
{{- $root := .root }}{{- $values := index $root.Values.osm .values }}
{{- $scaled := and $values.autoScale $values.autoScale.enable }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ include "osm.namespace" $root }}
  labels:
    {{- include "osm.labels" $root | nindent 4 }}
    app: {{ .name }}
    meshName: {{ $root.Values.osm.meshName }}
    {{- if and (eq .name "osm-controller") $root.Values.osm.enforceSingleMesh }}
    enforceSingleMesh: "true"
    {{- end }}
spec:
  {{- if not $scaled }}
  replicas: {{ $values.replicaCount }}
  {{- end }}
  selector:
    matchLabels: { app: {{ .name }} }
  strategy:
    rollingUpdate: { maxUnavailable: 0 }
  template:
    metadata:
      labels:
        {{- include "osm.labels" $root | nindent 8 }}
        app: {{ .name }}
        {{- with $values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9091"
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: {{ .api }}
      # Kubernetes would set OSM_VALIDATOR_PORT=tcp://..., which is the name of a flag.
      enableServiceLinks: false
      securityContext: {{- include "osm.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.osm.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      affinity: {{- include "osm.affinity" (list $values .name) | nindent 8 }}
      {{- with concat $values.tolerations $root.Values.osm.controlPlaneTolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "osm.image" (list $root .key) }}
          imagePullPolicy: {{ $root.Values.osm.image.pullPolicy }}
          args:
            - --nats-url={{ include "osm.natsUrl" $root }}
            - --nats-credentials=/etc/osm/bus/credentials
            - --nats-ca=/etc/osm/bus/ca.crt
            - --nats-replicas={{ $root.Values.osm.nats.replicaCount }}
            - --log-level={{ include "osm.logLevel" $root }}
            {{- range .args }}
            - {{ . | quote }}
            {{- end }}
          ports:
            - { name: http, containerPort: 9091 }
            {{- range .ports }}
            - { name: {{ .name }}, containerPort: {{ .port }} }
            {{- end }}
          startupProbe:
            httpGet: { path: /health/alive, port: http }
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /health/ready, port: http }
            periodSeconds: 2
          livenessProbe:
            httpGet: { path: /health/alive, port: http }
            periodSeconds: 10
            failureThreshold: 6
          resources: {{- toYaml $values.resource | nindent 12 }}
          securityContext: {{- include "osm.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - { name: bus, mountPath: /etc/osm/bus, readOnly: true }
            {{- range .mounts }}
            - {{ toJson . }}
            {{- end }}
      volumes:
        - name: bus
          secret: {{- include "osm.busSecret" (list $root .service) | nindent 12 }}
        {{- range .volumes }}
        - {{ toJson . }}
        {{- end }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ include "osm.namespace" $root }}
  labels: {{- include "osm.labels" $root | nindent 4 }}
{{- if $values.enablePodDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ include "osm.namespace" $root }}
  labels: {{- include "osm.labels" $root | nindent 4 }}
spec:
  # Of one replica too: whoever drains a node is not kept waiting for ever.
  maxUnavailable: 1
  selector:
    matchLabels: { app: {{ .name }} }
{{- end }}
{{- if $scaled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ include "osm.namespace" $root }}
  labels: {{- include "osm.labels" $root | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ .name }} }
  minReplicas: {{ $values.autoScale.minReplicas }}
  maxReplicas: {{ $values.autoScale.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ $values.autoScale.cpu.targetAverageUtilization }} }
    - type: Resource
      resource:
        name: memory
        target: { type: Utilization, averageUtilization: {{ $values.autoScale.memory.targetAverageUtilization }} }
{{- end }}
{{- if $root.Values.osm.networkPolicies }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ include "osm.namespace" $root }}
  labels: {{- include "osm.labels" $root | nindent 4 }}
spec:
  podSelector:
    matchLabels: { app: {{ .name }} }
  # Who asks the API server may go anywhere: its addresses are not known here. The others reach the bus, and nothing else.
  policyTypes: [Ingress{{ if and $root.Values.osm.nats.enabled (not .api) }}, Egress{{ end }}]
  ingress:
    # From anywhere: Prometheus, proxies, and the API server, which no selector can name.
    - ports:
        - { protocol: TCP, port: http }
        {{- range .ports }}
        - { protocol: TCP, port: {{ .name }} }
        {{- end }}
  {{- if and $root.Values.osm.nats.enabled (not .api) }}
  egress:
    - to: [{ podSelector: { matchLabels: { app: osm-nats } } }]
      ports: [{ protocol: TCP, port: nats }]
    - ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
  {{- end }}
{{- end }}
{{- end }}

{{/* Where a pod may run: (list values app). Without a word from the user, replicas on different nodes when there are enough. */}}
{{- define "osm.affinity" -}}
{{- $values := index . 0 }}{{- $app := index . 1 }}
{{- if $values.affinity }}{{ toYaml $values.affinity }}{{ else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: { app: {{ $app }} }
{{- end }}
{{- end }}

{{/* OSM had more levels than there are: the nearest. */}}
{{- define "osm.logLevel" -}}
{{- $level := .Values.osm.controllerLogLevel -}}
{{- get (dict "fatal" "error" "panic" "error" "disabled" "error") $level | default $level -}}
{{- end }}

{{/* The key of a service for the bus, and who signed the server: (list root service). Of a Secret for all, its own part alone. */}}
{{- define "osm.busSecret" -}}
{{- $nats := (index . 0).Values.osm.nats }}{{- $service := index . 1 }}
{{- if and (not $nats.enabled) $nats.credentialsSecret -}}
secretName: {{ $nats.credentialsSecret }}
defaultMode: 0440
items:
  - { key: {{ $service }}, path: credentials }
  - { key: ca.crt, path: ca.crt }
{{- else -}}
secretName: osm-bus-{{ $service }}
defaultMode: 0440
{{- end }}
{{- end }}

{{/* The part of a bootstrap Job's flags that concerns the bus. */}}
{{- define "osm.busArguments" -}}
- --nats={{ .Values.osm.nats.enabled }}
- --nats-replicas={{ .Values.osm.nats.replicaCount }}
{{- end }}

{{/* Spec of the MeshConfig for a mesh that has none. */}}
{{- define "osm.presetMeshConfig" -}}
{{- $osm := .Values.osm -}}
{{- $flags := omit $osm.featureFlags "enableSPIFFE" -}}
{{- dict
  "sidecar" (dict
    "enablePrivilegedInitContainer" $osm.enablePrivilegedInitContainer
    "logLevel" $osm.envoyLogLevel
    "maxDataPlaneConnections" ($osm.maxDataPlaneConnections | int)
    "configResyncInterval" $osm.configResyncInterval
    "tlsMinProtocolVersion" "TLSv1_2"
    "tlsMaxProtocolVersion" "TLSv1_3"
    "localProxyMode" $osm.localProxyMode
    "containerForm" $osm.sidecarContainerForm
    "terminationDelay" $osm.sidecarTerminationDelay)
  "traffic" (dict
    "enableEgress" $osm.enableEgress
    "enablePermissiveTrafficPolicyMode" $osm.enablePermissiveTrafficPolicy
    "outboundIPRangeExclusionList" $osm.outboundIPRangeExclusionList
    "outboundIPRangeInclusionList" $osm.outboundIPRangeInclusionList
    "outboundPortExclusionList" $osm.outboundPortExclusionList
    "inboundPortExclusionList" $osm.inboundPortExclusionList
    "networkInterfaceExclusionList" $osm.networkInterfaceExclusionList)
  "observability" (dict
    "osmLogLevel" $osm.controllerLogLevel
    "enableDebugServer" $osm.enableDebugServer
    "tracing" (dict "enable" $osm.tracing.enable "address" $osm.tracing.address "port" ($osm.tracing.port | int) "endpoint" $osm.tracing.endpoint))
  "certificate" (dict
    "serviceCertValidityDuration" $osm.certificateProvider.serviceCertValidityDuration
    "certKeyBitSize" ($osm.certificateProvider.certKeyBitSize | int))
  "featureFlags" $flags
  | toPrettyJson }}
{{- end }}
