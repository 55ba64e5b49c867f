import { randomInt, seededRandom, type Random } from '@kybern/core';
import type { CSINode, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { createScheduler } from './scheduler.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const pick = <T>(random: Random, values: readonly T[]): T => values[randomInt(random, values.length)] as T;

/** Enough nodes for some blocks, of few shapes, so that there are ties; some with taints that only count in the scores. */
function nodeOf(random: Random, index: number): Node {
  const name = `node-${index}`;
  const zone = pick(random, ['a', 'b', undefined]);
  const labels = { 'kubernetes.io/hostname': name, disk: pick(random, ['ssd', 'hdd']), ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }) };
  const taints = randomInt(random, 12) === 0 ? [{ key: 'slow', effect: pick(random, ['PreferNoSchedule', 'NoSchedule'] as const) }] : [];
  const allocatable = { cpu: pick(random, ['500m', '1', '2']), memory: '4Gi', pods: pick(random, ['2', '3', '110']) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints }, status: { allocatable } };
}

const TEMPLATES: readonly Pod['spec'][] = [
  { containers: [{ name: 'c', image: 'web', resources: { requests: { cpu: '100m', memory: '100Mi' } } }] },
  { containers: [{ name: 'c', image: 'web', resources: { requests: { cpu: '600m', memory: '100Mi' } } }] },
  { containers: [{ name: 'c', image: 'web' }], nodeSelector: { disk: 'ssd' } },
  { containers: [{ name: 'c', image: 'web' }], tolerations: [{ key: 'slow', operator: 'Exists' }] },
  { containers: [{ name: 'c', image: 'web', ports: [{ containerPort: 80, hostPort: 80 }] }] },
  {
    containers: [{ name: 'c', image: 'web' }],
    topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
  },
  { containers: [{ name: 'c', image: 'web', resources: { requests: { cpu: '1' } } }], priority: 5 },
  ...(['kubernetes.io/hostname', 'topology.kubernetes.io/zone'] as const).flatMap((topologyKey): Pod['spec'][] => {
    const containers = [{ name: 'c', image: 'web', resources: { requests: { cpu: '100m' } } }];
    const term = { topologyKey, labelSelector: { matchLabels: { app: 'web' } } };
    return [
      { containers, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
      { containers, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
      {
        containers,
        affinity: {
          podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: term }] },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: { ...term, topologyKey: 'kubernetes.io/hostname' } }],
          },
        },
      },
      { containers, topologySpreadConstraints: [{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: term.labelSelector }] },
      {
        containers,
        topologySpreadConstraints: [
          { maxSkew: 3, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: term.labelSelector, minDomains: 3, nodeTaintsPolicy: 'Honor' },
          { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: term.labelSelector },
        ],
      },
    ];
  }),
  { containers: [{ name: 'c', image: 'web' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'shared' } }] },
  {
    containers: [{ name: 'c', image: 'web' }],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'other' } },
      { name: 'more', persistentVolumeClaim: { claimName: 'shared' } },
    ],
  },
];

const csiNode = (name: string, count: number): CSINode => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: { name },
  spec: { drivers: [{ name: 'csi.example.com', nodeID: name, topologyKeys: [], allocatable: { count } }] },
});
const volume = (name: string): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteMany'],
    csi: { driver: 'csi.example.com', volumeHandle: name },
    claimRef: { namespace: 'default', name },
  },
  status: { phase: 'Bound' },
});
const claim = (name: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
  spec: { volumeName: name, accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
  status: { phase: 'Bound' },
});

interface Run {
  readonly seed: number;
  readonly reuseAnswers: boolean;
  readonly percentageOfNodesToScore: number;
}

/** Everything that a decision says, of a few templates in many copies, while Pods and nodes come, change and go. */
function history({ seed, reuseAnswers, percentageOfNodesToScore }: Run): readonly unknown[] {
  const random = seededRandom(`${seed}/cluster`);
  // Small clusters fill up, so that Pods are preempted.
  const nodes = Array.from({ length: pick(random, [5, 12, 40 + randomInt(random, 360)]) }, (_, index) => nodeOf(random, index));
  const templates = Array.from({ length: 1 + randomInt(random, 3) }, () => pick(random, TEMPLATES));
  const engine = createScheduler({ random: seededRandom(seed), reuseAnswers, percentageOfNodesToScore });
  const csiNodes = nodes.map(({ metadata: { name } }) => csiNode(name, 1 + randomInt(random, 3)));
  const state: ClusterState = createSnapshot({
    nodes,
    csiNodes,
    persistentVolumes: [volume('shared'), volume('other')],
    persistentVolumeClaims: [claim('shared'), claim('other')],
  });
  let startIndex = 0;
  return Array.from({ length: 120 }, (_, index) => {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${index}`, namespace: 'default', uid: `uid-${index}` },
      spec: pick(random, templates),
    };
    const { node, evaluated, feasible, nextStartIndex, message, victims, nominatedNodeName } = engine.schedule(pod, state, { startIndex });
    startIndex = nextStartIndex;
    if (node !== undefined) state.setPod({ ...pod, spec: { ...pod.spec, nodeName: node } });
    // Victims take their time; until they are gone the room is promised.
    if (nominatedNodeName && random.next() < 0.6) state.nominations.set(pod, nominatedNodeName);
    else for (const victim of victims) state.removePod(`default/${victim.metadata.name}`);
    const dice = random.next();
    if (dice < 0.15) state.removePod(`default/pod-${randomInt(random, index + 1)}`);
    else if (dice < 0.2) state.setNode(nodeOf(random, randomInt(random, nodes.length)));
    else if (dice < 0.24) for (const [{ metadata }] of [...state.nominations.all()].slice(0, 1)) state.nominations.delete(`default/${metadata.name}`);
    else if (dice < 0.26)
      state.nominations.set({ ...pod, metadata: { ...pod.metadata, name: `promised-${index}` } }, `node-${randomInt(random, nodes.length)}`);
    else if (dice < 0.28) state.removeNode(`node-${randomInt(random, nodes.length)}`);
    return { node, evaluated, feasible, nextStartIndex, message, nominatedNodeName, victims: victims.map(({ metadata }) => metadata.name) };
  });
}

// Long enough for a machine that has other things to do.
const TIMEOUT_MS = 180_000;

describe('decisions from a ranking of all nodes', () => {
  it.each([0, 7, 100])(
    'are those of the plain search, windows, ties and all, at %d percent',
    (percentageOfNodesToScore) => {
      fc.assert(
        fc.property(seeds, (seed) => {
          expect(history({ seed, reuseAnswers: true, percentageOfNodesToScore })).toEqual(history({ seed, reuseAnswers: false, percentageOfNodesToScore }));
        }),
        { numRuns: 15 },
      );
    },
    TIMEOUT_MS,
  );
});
