import { isDns1123Label, type FieldError } from '@kybern/core';
import type { Container, ContainerPort, ContainerResizePolicy, EphemeralContainer, SecurityContext, VolumeDevice, VolumeMount } from '@kybern/core/kinds';
import { validateEnv, validateEnvFrom } from './env.ts';
import { duplicate, fieldNotFound, forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';
import { idProblem, isPortName, portNameProblems, portProblem, relativePathProblem } from './formats.ts';
import { DNS1123_LABEL_MESSAGE } from './names.ts';
import { validateProfile } from './pod-extras.ts';
import { validateHandler, validateReadinessProbe, validateRestartingProbe } from './probes.ts';
import { validateResources } from './resources.ts';
import { nothingSeen, see, wasSeen, type Seen } from './seen.ts';

/** What the containers of one Pod share. */
export interface ContainerScope {
  /** Names of the Pod's volumes. */
  readonly volumes: Seen;
  /** Names that containers before this one took; grows. */
  readonly names: Seen;
  /** Ports of the node that containers before this one took; grows. */
  readonly hostPorts: Seen;
  readonly hostNetwork: boolean;
}

const NONE: readonly never[] = [];
const RESTART_POLICIES: readonly string[] = ['Always', 'Never', 'OnFailure'];

/** Checks the main containers of a Pod. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateContainers) */
export function validateContainers(containers: readonly Container[], at: { field: string; scope: ContainerScope }, errors: FieldError[]): void {
  const { field, scope } = at;
  if (containers.length === 0) errors.push(required(field));
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i] as Container;
    const path = `${field}[${i}]`;
    validateContainer(container, { field: path, scope }, errors);
    validateLifecycle(container, path, errors);
  }
}

/** Checks init containers: those that do not go on running have neither probes nor hooks. */
export function validateInitContainers(containers: readonly Container[], at: { field: string; scope: ContainerScope }, errors: FieldError[]): void {
  containers.forEach((container, i) => {
    const path = `${at.field}[${i}]`;
    // An init container that ends gives its host ports back.
    validateContainer(container, { field: path, scope: { ...at.scope, hostPorts: nothingSeen() } }, errors);
    if (container.restartPolicy === 'Always') {
      validateLifecycle(container, path, errors);
      return;
    }
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (container[name] !== undefined) errors.push(forbiddenField(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always'));
    }
  });
}

const EPHEMERAL_FORBIDDEN = ['ports', 'lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe', 'resources', 'resizePolicy'] as const;

/** Checks ephemeral containers, which have no part in the Pod's promises. */
export function validateEphemeralContainers(
  containers: readonly EphemeralContainer[],
  at: { field: string; scope: ContainerScope; targets: ReadonlySet<string> },
  errors: FieldError[],
): void {
  containers.forEach((container, i) => {
    const path = `${at.field}[${i}]`;
    validateContainer(container, { field: path, scope: at.scope }, errors);
    for (const name of EPHEMERAL_FORBIDDEN)
      if (!isEmpty(container[name])) errors.push(forbiddenField(`${path}.${name}`, 'cannot be set for an Ephemeral Container'));
    const target = container.targetContainerName;
    if (target !== undefined && target !== '' && !at.targets.has(target)) errors.push(fieldNotFound(`${path}.targetContainerName`, target));
  });
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}

function validateContainer(container: Container, { field, scope }: { field: string; scope: ContainerScope }, errors: FieldError[]): void {
  const { name, image, ports, env, envFrom, resources, securityContext, volumeMounts, volumeDevices, restartPolicy, resizePolicy } = container;
  validateName(name, { field, names: scope.names }, errors);
  if (image === undefined || image === '') errors.push(required(`${field}.image`));
  else if (image !== image.trim()) errors.push(invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace'));
  if (ports !== undefined) validatePorts(ports, { field: `${field}.ports`, scope }, errors);
  if (env !== undefined) validateEnv(env, `${field}.env`, errors);
  if (envFrom !== undefined) validateEnvFrom(envFrom, `${field}.envFrom`, errors);
  if (resources !== undefined) validateResources(resources, `${field}.resources`, errors);
  if (securityContext !== undefined) validateSecurityContext(securityContext, `${field}.securityContext`, errors);
  if (volumeMounts !== undefined)
    validateMounts(
      volumeMounts,
      { field: `${field}.volumeMounts`, scope, devices: volumeDevices ?? NONE, privileged: securityContext?.privileged === true },
      errors,
    );
  if (volumeDevices !== undefined) validateDevices(volumeDevices, { field: `${field}.volumeDevices`, scope }, errors);
  if (resizePolicy !== undefined) validateResizePolicy(resizePolicy, { field: `${field}.resizePolicy`, names: RESIZABLE }, errors);
  if (restartPolicy !== undefined && !RESTART_POLICIES.includes(restartPolicy))
    errors.push(notSupported(`${field}.restartPolicy`, restartPolicy, RESTART_POLICIES));
}

function validateName(name: string, { field, names }: { field: string; names: Seen }, errors: FieldError[]): void {
  if (name === '') errors.push(required(`${field}.name`));
  else if (!isDns1123Label(name))
    errors.push(invalidValue(`${field}.name`, name, name.length > 63 ? 'must be no more than 63 characters' : DNS1123_LABEL_MESSAGE));
  if (name !== '' && see(names, name)) errors.push(duplicate(`${field}.name`, name));
}

function validateLifecycle({ lifecycle, livenessProbe, readinessProbe, startupProbe }: Container, field: string, errors: FieldError[]): void {
  if (lifecycle?.postStart !== undefined) validateHandler(lifecycle.postStart, `${field}.lifecycle.postStart`, errors);
  if (lifecycle?.preStop !== undefined) validateHandler(lifecycle.preStop, `${field}.lifecycle.preStop`, errors);
  if (livenessProbe !== undefined) validateRestartingProbe(livenessProbe, `${field}.livenessProbe`, errors);
  if (readinessProbe !== undefined) validateReadinessProbe(readinessProbe, `${field}.readinessProbe`, errors);
  if (startupProbe !== undefined) validateRestartingProbe(startupProbe, `${field}.startupProbe`, errors);
}

function validatePorts(ports: readonly ContainerPort[], { field, scope }: { field: string; scope: ContainerScope }, errors: FieldError[]): void {
  const names = ports.length > 1 ? nothingSeen() : undefined;
  for (let i = 0; i < ports.length; i++) {
    const port = ports[i] as ContainerPort;
    const { name, containerPort, hostPort } = port;
    if (name !== undefined && name !== '') {
      if (!isPortName(name)) for (const problem of portNameProblems(name)) errors.push(invalidValue(`${field}[${i}].name`, name, problem));
      else if (names !== undefined && see(names, name)) errors.push(duplicate(`${field}[${i}].name`, name));
    }
    const problem = portProblem(containerPort);
    if (problem !== undefined)
      errors.push(containerPort === 0 ? required(`${field}[${i}].containerPort`) : invalidValue(`${field}[${i}].containerPort`, containerPort, problem));
    if (hostPort !== undefined && hostPort !== 0) validateHostPort(port, { path: `${field}[${i}]`, scope }, errors);
  }
}

function validateHostPort(port: ContainerPort, { path, scope }: { path: string; scope: ContainerScope }, errors: FieldError[]): void {
  const { hostPort = 0, hostIP = '', protocol = 'TCP', containerPort } = port;
  const problem = portProblem(hostPort);
  if (problem !== undefined) errors.push(invalidValue(`${path}.hostPort`, hostPort, problem));
  else if (scope.hostNetwork && hostPort !== containerPort)
    errors.push(invalidValue(`${path}.containerPort`, containerPort, 'must match `hostPort` when `hostNetwork` is true'));
  const key = `${protocol}/${hostIP}/${hostPort}`;
  if (see(scope.hostPorts, key)) errors.push(duplicate(`${path}.hostPort`, key));
}

interface MountScope {
  readonly field: string;
  readonly scope: ContainerScope;
  readonly devices: readonly VolumeDevice[];
  readonly privileged: boolean;
}

function validateMounts(mounts: readonly VolumeMount[], { field, scope, devices, privileged }: MountScope, errors: FieldError[]): void {
  const paths = mounts.length > 1 ? nothingSeen() : undefined;
  for (let i = 0; i < mounts.length; i++) {
    const { name, mountPath, subPath, subPathExpr, mountPropagation, recursiveReadOnly } = mounts[i] as VolumeMount;
    if (name === '') errors.push(required(`${field}[${i}].name`));
    else if (!wasSeen(scope.volumes, name)) errors.push(fieldNotFound(`${field}[${i}].name`, name));
    if (mountPropagation === 'Bidirectional' && !privileged)
      errors.push(forbiddenField(`${field}[${i}].mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
    if (recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled') validateRecursiveReadOnly(mounts[i] as VolumeMount, `${field}[${i}]`, errors);
    if (mountPath === '') errors.push(required(`${field}[${i}].mountPath`));
    if (paths !== undefined && see(paths, mountPath)) errors.push(invalidValue(`${field}[${i}].mountPath`, mountPath, 'must be unique'));
    for (const device of devices) {
      if (device.name === name) errors.push(invalidValue(`${field}[${i}].name`, name, 'must not already exist in volumeDevices'));
      if (device.devicePath === mountPath)
        errors.push(invalidValue(`${field}[${i}].mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    if (subPath !== undefined && subPath !== '') validateSubPath(subPath, `${field}[${i}].subPath`, errors);
    if (subPathExpr === undefined || subPathExpr === '') continue;
    if (subPath !== undefined && subPath !== '')
      errors.push(invalidValue(`${field}[${i}].subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    validateSubPath(subPathExpr, `${field}[${i}].subPathExpr`, errors);
  }
}

const RECURSIVE: readonly string[] = ['Disabled', 'Enabled', 'IfPossible'];

function validateRecursiveReadOnly({ recursiveReadOnly = '', readOnly, mountPropagation = 'None' }: VolumeMount, path: string, errors: FieldError[]): void {
  const field = `${path}.recursiveReadOnly`;
  if (!RECURSIVE.includes(recursiveReadOnly)) errors.push(notSupported(field, recursiveReadOnly, RECURSIVE));
  else if (readOnly !== true) errors.push(forbiddenField(field, 'may only be specified when readOnly is true'));
  else if (mountPropagation !== 'None') errors.push(forbiddenField(field, 'may only be specified when mountPropagation is None or not specified'));
}

const RESIZABLE: readonly string[] = ['cpu', 'memory'];
const RESIZE_POLICIES: readonly string[] = ['NotRequired', 'RestartContainer'];

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  { field, names }: { field: string; names: readonly string[] },
  errors: FieldError[],
): void {
  const seen = nothingSeen();
  policies.forEach(({ resourceName, restartPolicy }, i) => {
    if (see(seen, resourceName)) errors.push(duplicate(`${field}[${i}]`, resourceName));
    if (!names.includes(resourceName)) errors.push(notSupported(field, resourceName, names));
    if (!RESIZE_POLICIES.includes(restartPolicy)) errors.push(notSupported(field, restartPolicy, RESIZE_POLICIES));
  });
}

function validateSubPath(path: string, field: string, errors: FieldError[]): void {
  const problem = relativePathProblem(path);
  if (problem !== undefined) errors.push(invalidValue(field, path, problem));
}

function validateDevices(devices: readonly VolumeDevice[], { field, scope }: { field: string; scope: ContainerScope }, errors: FieldError[]): void {
  const paths = nothingSeen();
  devices.forEach(({ name, devicePath }, i) => {
    const path = `${field}[${i}]`;
    if (name === '') errors.push(required(`${path}.name`));
    else if (!wasSeen(scope.volumes, name)) errors.push(fieldNotFound(`${path}.name`, name));
    if (devicePath === '') errors.push(required(`${path}.devicePath`));
    else if (relativePathProblem(devicePath.replace(/^\//, '')) !== undefined)
      errors.push(invalidValue(`${path}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    if (see(paths, devicePath)) errors.push(invalidValue(`${path}.devicePath`, devicePath, 'must be unique'));
  });
}

function validateSecurityContext(context: SecurityContext, field: string, errors: FieldError[]): void {
  const { runAsUser, runAsGroup, allowPrivilegeEscalation, privileged, capabilities } = context;
  const userProblem = runAsUser === undefined ? undefined : idProblem(runAsUser);
  if (userProblem !== undefined) errors.push(invalidValue(`${field}.runAsUser`, runAsUser, userProblem));
  const groupProblem = runAsGroup === undefined ? undefined : idProblem(runAsGroup);
  if (groupProblem !== undefined) errors.push(invalidValue(`${field}.runAsGroup`, runAsGroup, groupProblem));
  if (context.seccompProfile !== undefined) validateProfile(context.seccompProfile, { field: `${field}.seccompProfile`, what: 'seccomp' }, errors);
  if (context.appArmorProfile !== undefined) validateProfile(context.appArmorProfile, { field: `${field}.appArmorProfile`, what: 'AppArmor' }, errors);
  if (allowPrivilegeEscalation !== false) return;
  if (privileged === true) errors.push(invalidValue(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
  if (capabilities?.add?.includes('CAP_SYS_ADMIN') === true)
    errors.push(invalidValue(field, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
}
