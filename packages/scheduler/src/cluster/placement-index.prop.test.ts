import { compileLabelSelector, randomInt, seededRandom, type Random } from '@kybern/core';
import { Namespace, type Node, type Pod, type PodAffinityTerm } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { ClusterState } from './cluster-state.ts';
import { termMatcher } from './pod-matcher.ts';
import { NODE_ITSELF } from './topology-column.ts';

const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;
const TERMS: readonly PodAffinityTerm[] = [
  { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } },
  { topologyKey: 'zone', labelSelector: {}, namespaceSelector: { matchLabels: { team: 'x' } } },
  { topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, namespaces: ['one', 'two'] },
];
const KEYS = ['zone', 'host', NODE_ITSELF];

function randomNode(random: Random, name: string): Node {
  return makeNode(name, {
    labels: { ...(random.next() < 0.8 ? { zone: pick(random, ['1', '2', '3']) } : {}), host: name },
    ...(random.next() < 0.3 ? { taints: [{ key: 't', effect: 'NoSchedule' }] } : {}),
  });
}

function randomPod(random: Random, name: string): Pod {
  const pod = makePod(name, {
    node: `n${randomInt(random, 6)}`,
    labels: { app: pick(random, ['a', 'b', 'c']) },
    spec: random.next() < 0.5 ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [pick(random, TERMS)] } } } : {},
  });
  const terminating = random.next() < 0.1 ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
  return { ...pod, metadata: { ...pod.metadata, namespace: pick(random, ['one', 'two', 'three']), ...terminating } };
}

/** The cluster as plain lists, counted from scratch. */
class Model {
  readonly nodes = new Map<string, Node>();
  readonly pods = new Map<string, Pod>();
  readonly teams = new Map<string, string>();

  matches(term: PodAffinityTerm, pod: Pod, owner: string): boolean {
    const namespace = pod.metadata.namespace ?? '';
    const { namespaces = [], namespaceSelector, labelSelector } = term;
    const team = this.teams.get(namespace);
    const bySelector = namespaceSelector !== undefined && compileLabelSelector(namespaceSelector)(team === undefined ? {} : { team });
    const isThere = namespaces.includes(namespace) || bySelector || (namespaces.length === 0 && namespaceSelector === undefined && namespace === owner);
    return isThere && labelSelector !== undefined && compileLabelSelector(labelSelector)(pod.metadata.labels ?? {});
  }

  /** How many of the Pods are in the same domain as the node. */
  count(node: Node, key: string, isMeant: (pod: Pod, on: Node) => boolean): number {
    const valueOf = ({ metadata }: Node): string | undefined => (key === NODE_ITSELF ? metadata.name : metadata.labels?.[key]);
    return [...this.pods.values()].filter((pod) => {
      const on = this.nodes.get(pod.spec.nodeName ?? '');
      return on !== undefined && valueOf(on) !== undefined && valueOf(on) === valueOf(node) && isMeant(pod, on);
    }).length;
  }
}

function change(random: Random, state: ClusterState, model: Model): void {
  const what = randomInt(random, 10);
  const name = `n${randomInt(random, 6)}`;
  const pod = randomPod(random, `p${randomInt(random, 12)}`);
  const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (what < 2) {
    const node = randomNode(random, name);
    state.setNode(node);
    model.nodes.set(name, node);
  } else if (what === 2) {
    state.removeNode(name);
    model.nodes.delete(name);
  } else if (what < 8) {
    state.setPod(pod);
    model.pods.set(key, pod);
  } else if (what === 8) {
    state.removePod(key);
    model.pods.delete(key);
  } else {
    const [namespace, team] = [pick(random, ['one', 'two', 'three']), pick(random, ['x', 'y'])];
    state.setObject(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { team } }, spec: {} });
    model.teams.set(namespace, team);
  }
}

function expectAgreement(state: ClusterState, model: Model): void {
  const untainted = (node: Node): boolean => node.spec?.taints === undefined;
  for (const node of model.nodes.values()) {
    const row = state.versions.row(state.get(node.metadata.name) as never);
    for (const [term, topologyKey] of TERMS.flatMap((each) => KEYS.map((key) => [each, key] as const))) {
      const matcher = termMatcher(term, 'one');
      expect(state.placements.counter({ matcher, topologyKey }).at(row)).toBe(model.count(node, topologyKey, (pod) => model.matches(term, pod, 'one')));
      const picky = state.placements.counter({ matcher, topologyKey, ignoreTerminating: true, nodes: { key: 'untainted', passes: untainted } });
      const isMeant = (pod: Pod, on: Node): boolean => model.matches(term, pod, 'one') && pod.metadata.deletionTimestamp === undefined && untainted(on);
      expect(picky.at(row)).toBe(model.count(node, topologyKey, isMeant));
      const counted = [...model.nodes.values()].filter((each) => untainted(each) && (topologyKey === NODE_ITSELF || each.metadata.labels?.[topologyKey]));
      const domains = new Set(counted.map((each) => (topologyKey === NODE_ITSELF ? each.metadata.name : each.metadata.labels?.[topologyKey])));
      expect(picky.domains).toBe(domains.size);
      expect(picky.least()).toBe(counted.length === 0 ? 0 : Math.min(...counted.map((each) => model.count(each, topologyKey, isMeant))));
    }
  }
}

function expectTermsAgree(state: ClusterState, model: Model, pod: Pod): void {
  const groups = state.placements.termsMatching(pod).filter(({ owners }) => owners.total > 0);
  for (const node of model.nodes.values()) {
    const row = state.versions.row(state.get(node.metadata.name) as never);
    const forbidden = groups.reduce((sum, { owners }) => sum + owners.at(row), 0);
    const expected = model.count(node, 'zone', (other) => {
      const [term] = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
      return term !== undefined && model.matches(term, pod, other.metadata.namespace ?? '');
    });
    expect(forbidden).toBe(expected);
  }
}

describe('PlacementIndex', () => {
  it('agrees with a count from scratch, whatever comes, goes and changes, and after trials that are taken back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const random = seededRandom(seed);
        const state = new ClusterState();
        const model = new Model();
        for (let step = 0; step < 40; step++) {
          change(random, state, model);
          if (random.next() < 0.3) {
            const versions = [...state.versions.at];
            const trial = state.trial();
            for (let i = 0; i < 4; i++) trial.add(randomPod(random, `p${randomInt(random, 12)}`), `n${randomInt(random, 6)}`);
            const [some] = model.pods.values();
            if (some !== undefined) trial.remove(some);
            trial.undo();
            expect([...state.versions.at]).toEqual(versions);
          }
          if (step % 8 === 7) {
            expectAgreement(state, model);
            expectTermsAgree(state, model, randomPod(random, 'asking'));
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
