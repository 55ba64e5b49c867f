import { formatTime, type ObjectInput } from '@kybern/core';
import { isExtendedResource, type DeviceCounts } from '../decisions/device-allocation.ts';
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus, NodeSystemInfo, Taint } from '@kybern/core/kinds';

/** What a node says of itself. */
export interface NodeDescription {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly addresses: readonly NodeAddress[];
  /** Of the kubelet, when it listens. */
  readonly port?: number | undefined;
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly nodeInfo: NodeSystemInfo;
}

/** How a node is doing. */
export interface NodeHealth {
  /** Why it cannot run Pods, when it cannot. */
  readonly problems: readonly string[];
  readonly runtimeVersion: string;
}

/** What is true of every node: a machine with Linux until somebody says otherwise. */
export const DEFAULT_CAPACITY: Readonly<Record<string, string>> = Object.freeze({ cpu: '8', memory: '32Gi', 'ephemeral-storage': '100Gi', pods: '110' });

/** What a node without a machine says of its software. @param name makes the ids, which have to differ between nodes */
export function defaultNodeInfo(name: string): NodeSystemInfo {
  return {
    architecture: 'amd64',
    bootID: fingerprint(name, 1),
    containerRuntimeVersion: '',
    kernelVersion: '6.12.0',
    kubeProxyVersion: '',
    kubeletVersion: 'v1.36.0',
    machineID: fingerprint(name, 2),
    operatingSystem: 'linux',
    osImage: 'Kybern simulated node',
    systemUUID: fingerprint(name, 3),
  };
}

function fingerprint(name: string, salt: number): string {
  let text = '';
  for (let part = 0; part < 4; part++) text += hash(`${name}/${salt}/${part}`).toString(16).padStart(8, '0');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}

/** An address for a node that has none of its own: from 172.16.0.0/12, the same for the same name. */
export function defaultAddresses(name: string): readonly NodeAddress[] {
  const bits = hash(name) % 2 ** 20;
  const address = `172.${16 + Math.floor(bits / 65536)}.${Math.floor(bits / 256) % 256}.${bits % 256}`;
  return [
    { type: 'InternalIP', address },
    { type: 'Hostname', address: name },
  ];
}

/** The labels that every node has, under those that its owner gives it. */
export function nodeLabels({ name, labels, nodeInfo }: NodeDescription): Readonly<Record<string, string>> {
  return {
    'beta.kubernetes.io/arch': nodeInfo.architecture,
    'beta.kubernetes.io/os': nodeInfo.operatingSystem,
    'kubernetes.io/arch': nodeInfo.architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': nodeInfo.operatingSystem,
    ...labels,
  };
}

/** The Node to register. @see kubernetes v1.36 pkg/kubelet/kubelet_node_status.go (initialNode) */
export function initialNode(description: NodeDescription, health: NodeHealth, nowMs: number): ObjectInput<Node> {
  const { name, taints } = description;
  return {
    metadata: { name, labels: nodeLabels(description), annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
    spec: taints.length === 0 ? {} : { taints },
    status: computeNodeStatus(undefined, { description, health, nowMs }),
  };
}

/** The pressures that a node reports: reason and message of each when there is none. */
const PRESSURES = [
  { type: 'MemoryPressure', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
  { type: 'DiskPressure', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  { type: 'PIDPressure', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
] as const;

/**
 * The status of a Node now: what others wrote into it stays, the kubelet's conditions get a new heartbeat.
 *
 * @see kubernetes v1.36 pkg/kubelet/nodestatus/setters.go
 */
export function computeNodeStatus(previous: NodeStatus | undefined, { description, health, nowMs, devices, images }: NodeStatusInput): NodeStatus {
  const before = previous?.conditions ?? [];
  const verdicts = [
    ...PRESSURES.map((pressure) => ({ ...pressure, status: 'False' })),
    health.problems.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: health.problems.join(', ') },
  ];
  const owned = new Set(verdicts.map(({ type }) => type));
  const now = formatTime(nowMs);
  return {
    ...previous,
    capacity: { ...extended(previous?.capacity), ...description.capacity, ...devices?.capacity },
    allocatable: { ...extended(previous?.allocatable), ...description.allocatable, ...devices?.allocatable },
    conditions: [...before.filter(({ type }) => !owned.has(type)), ...verdicts.map((verdict) => date(verdict, before, now))],
    addresses: description.addresses,
    ...(description.port === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: description.port } } }),
    ...(images === undefined ? {} : { images }),
    nodeInfo: { ...description.nodeInfo, containerRuntimeVersion: health.runtimeVersion },
  };
}

/** Resources that somebody else gave the node. @see kubernetes v1.36 pkg/kubelet/kubelet_node_status.go (reconcileExtendedResource) */
function extended(list: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(list).filter(([name]) => isExtendedResource(name)));
}

/** What {@link computeNodeStatus} decides from. */
export interface NodeStatusInput {
  readonly description: NodeDescription;
  readonly health: NodeHealth;
  readonly nowMs: number;
  /** The devices that plugins have. */
  readonly devices?: DeviceCounts | undefined;
  /** The images that the machine has; unset when it does not tell. */
  readonly images?: readonly ContainerImage[] | undefined;
}

function date(verdict: Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'>, before: readonly NodeCondition[], now: string): NodeCondition {
  const previous = before.find(({ type }) => type === verdict.type);
  const { lastTransitionTime } = previous ?? {};
  return {
    ...verdict,
    lastHeartbeatTime: now,
    lastTransitionTime: previous?.status === verdict.status && lastTransitionTime !== undefined ? lastTransitionTime : now,
  };
}
