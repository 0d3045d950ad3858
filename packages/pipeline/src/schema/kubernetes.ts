import { any, bool, boolPointer, int32, int64, list, map, quantity, struct, text, type Shape } from './shape.ts';

/** The parts of k8s.io/api/core/v1 that Tekton's types are made of. */

export const typeMeta = { apiVersion: text, kind: text } as const;

const ownerReference = struct('OwnerReference', () => ({
  apiVersion: text,
  kind: text,
  name: text,
  uid: text,
  controller: boolPointer,
  blockOwnerDeletion: boolPointer,
}));

export const objectMeta = struct('ObjectMeta', () => ({
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: int64,
  creationTimestamp: any,
  deletionTimestamp: any,
  deletionGracePeriodSeconds: int64,
  labels: map(text),
  annotations: map(text),
  ownerReferences: list(ownerReference),
  finalizers: list(text),
  managedFields: list(any),
}));

export const resourceRequirements = struct('ResourceRequirements', () => ({
  limits: map(quantity),
  requests: map(quantity),
  claims: list(any),
}));

const keySelector = { name: text, key: text, optional: boolPointer } as const;

const envVarSource = struct('EnvVarSource', () => ({
  fieldRef: struct('ObjectFieldSelector', () => ({ apiVersion: text, fieldPath: text })),
  resourceFieldRef: struct('ResourceFieldSelector', () => ({ containerName: text, resource: text, divisor: quantity })),
  configMapKeyRef: struct('ConfigMapKeySelector', () => keySelector),
  secretKeyRef: struct('SecretKeySelector', () => keySelector),
  fileKeyRef: any,
}));

export const envVar = struct('EnvVar', () => ({ name: text, value: text, valueFrom: envVarSource }), { always: { name: '' } });

export const envFromSource = struct('EnvFromSource', () => ({
  prefix: text,
  configMapRef: struct('ConfigMapEnvSource', () => ({ name: text, optional: boolPointer })),
  secretRef: struct('SecretEnvSource', () => ({ name: text, optional: boolPointer })),
}));

export const volumeMount = struct(
  'VolumeMount',
  () => ({
    name: text,
    readOnly: bool,
    recursiveReadOnly: text,
    mountPath: text,
    subPath: text,
    mountPropagation: text,
    subPathExpr: text,
  }),
  { always: { name: '', mountPath: '' } },
);

export const volumeDevice = struct('VolumeDevice', () => ({ name: text, devicePath: text }));

export const securityContext = struct('SecurityContext', () => ({
  capabilities: struct('Capabilities', () => ({ add: list(text), drop: list(text) })),
  privileged: boolPointer,
  seLinuxOptions: any,
  windowsOptions: any,
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: boolPointer,
  readOnlyRootFilesystem: boolPointer,
  allowPrivilegeEscalation: boolPointer,
  procMount: text,
  seccompProfile: any,
  appArmorProfile: any,
}));

const keyToPath = struct('KeyToPath', () => ({ key: text, path: text, mode: int32 }));

export const emptyDir = struct('EmptyDirVolumeSource', () => ({ medium: text, sizeLimit: quantity }));
export const secretVolume = struct('SecretVolumeSource', () => ({
  secretName: text,
  items: list(keyToPath),
  defaultMode: int32,
  optional: boolPointer,
}));
export const configMapVolume = struct('ConfigMapVolumeSource', () => ({
  name: text,
  items: list(keyToPath),
  defaultMode: int32,
  optional: boolPointer,
}));
export const claimVolume = struct('PersistentVolumeClaimVolumeSource', () => ({ claimName: text, readOnly: bool }));
export const csiVolume = struct('CSIVolumeSource', () => ({
  driver: text,
  readOnly: boolPointer,
  fsType: text,
  volumeAttributes: map(text),
  nodePublishSecretRef: struct('LocalObjectReference', () => ({ name: text })),
}));
export const projectedVolume = struct('ProjectedVolumeSource', () => ({ sources: list(any, '[]v1.VolumeProjection'), defaultMode: int32 }));

/** Volume kinds that nothing here mounts: known by name, so that they are refused by name. */
const otherVolumes: Readonly<Record<string, Shape>> = Object.fromEntries(
  [
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
    'downwardAPI',
    'ephemeral',
    'fc',
    'flexVolume',
    'flocker',
    'gcePersistentDisk',
    'gitRepo',
    'glusterfs',
    'hostPath',
    'image',
    'iscsi',
    'nfs',
    'photonPersistentDisk',
    'portworxVolume',
    'quobyte',
    'rbd',
    'scaleIO',
    'storageos',
    'vsphereVolume',
  ].map((name) => [name, any]),
);

export const volume = struct(
  'Volume',
  () => ({
    name: text,
    emptyDir,
    secret: secretVolume,
    configMap: configMapVolume,
    persistentVolumeClaim: claimVolume,
    csi: csiVolume,
    projected: projectedVolume,
    ...otherVolumes,
  }),
  { always: { name: '' } },
);

export const persistentVolumeClaim = struct(
  'PersistentVolumeClaim',
  () => ({
    ...typeMeta,
    metadata: objectMeta,
    spec: struct('PersistentVolumeClaimSpec', () => ({
      accessModes: list(text),
      selector: any,
      resources: any,
      volumeName: text,
      storageClassName: text,
      volumeMode: text,
      dataSource: any,
      dataSourceRef: any,
      volumeAttributesClassName: text,
    })),
    status: any,
  }),
  { always: { metadata: {}, spec: {}, status: {} } },
);

export const podTemplate = struct(
  'Template',
  () => ({
    nodeSelector: map(text),
    env: list(envVar),
    tolerations: list(any),
    affinity: any,
    securityContext: any,
    volumes: list(any),
    runtimeClassName: text,
    automountServiceAccountToken: boolPointer,
    dnsPolicy: text,
    dnsConfig: any,
    enableServiceLinks: boolPointer,
    priorityClassName: text,
    schedulerName: text,
    imagePullSecrets: list(any),
    hostAliases: list(any),
    hostNetwork: bool,
    hostUsers: boolPointer,
    topologySpreadConstraints: list(any),
  }),
  { go: 'pod.Template' },
);
