import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createPolicySet, verdict } from '../policy/verdict.ts';
import { networkPolicyCases } from './policy-cases.ts';
import { caseEnds, casePods, CASE_PORTS } from './policy-cluster.ts';

// An oracle of its own: written from the documentation of the API, object by object, without indexes, compiled selectors or address arithmetic.

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    const listed = value !== undefined && values.includes(value);
    if (operator === 'In' && !listed) return false;
    if (operator === 'NotIn' && listed) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

const bits = (ip: string): string =>
  ip
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
function inBlock(ip: string, cidr: string): boolean {
  const [base = '', length = '0'] = cidr.split('/');
  return !base.includes(':') && bits(ip).slice(0, Number(length)) === bits(base).slice(0, Number(length));
}

const namespaceOf = (pod: Pod): string => pod.metadata.namespace ?? '';
const labelsOf = (pod: Pod): Readonly<Record<string, string>> => pod.metadata.labels ?? {};
const namespaceLabels = (pod: Pod): Readonly<Record<string, string>> => ({ ns: namespaceOf(pod), 'kubernetes.io/metadata.name': namespaceOf(pod) });

function peerIs(peer: NetworkPolicyPeer, pod: Pod, namespace: string): boolean {
  if (peer.ipBlock !== undefined) {
    const ip = pod.status?.podIP ?? '';
    return inBlock(ip, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((hole) => inBlock(ip, hole));
  }
  const rightNamespace = peer.namespaceSelector === undefined ? namespaceOf(pod) === namespace : selects(peer.namespaceSelector, namespaceLabels(pod));
  return rightNamespace && (peer.podSelector === undefined || selects(peer.podSelector, labelsOf(pod)));
}

function portIs(rule: NetworkPolicyPort, target: Pod, port: number, protocol: string): boolean {
  if ((rule.protocol ?? 'TCP') !== protocol) return false;
  if (rule.port === undefined) return true;
  if (typeof rule.port === 'number') return port >= rule.port && port <= (rule.endPort ?? rule.port);
  return target.spec.containers.some(({ ports = [] }) =>
    ports.some((each) => each.name === rule.port && each.protocol === protocol && each.containerPort === port),
  );
}

function oracle(policies: readonly NetworkPolicy[], from: Pod, to: Pod, { port, protocol }: { readonly port: number; readonly protocol: string }): boolean {
  if (from === to) return true;
  for (const side of ['Egress', 'Ingress'] as const) {
    const [guarded, other] = side === 'Egress' ? [from, to] : [to, from];
    let isolated = false;
    let allowed = false;
    for (const { metadata, spec } of policies) {
      const types = spec.policyTypes ?? ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
      if (metadata.namespace !== namespaceOf(guarded) || !selects(spec.podSelector ?? {}, labelsOf(guarded)) || !types.includes(side)) continue;
      isolated = true;
      const rules =
        side === 'Egress'
          ? (spec.egress ?? []).map(({ to: peers, ports }) => ({ peers, ports }))
          : (spec.ingress ?? []).map(({ from: peers, ports }) => ({ peers, ports }));
      for (const { peers = [], ports = [] } of rules) {
        const peer = peers.length === 0 || peers.some((each) => peerIs(each, other, metadata.namespace ?? ''));
        if (peer && (ports.length === 0 || ports.some((each) => portIs(each, to, port, protocol)))) allowed = true;
      }
    }
    if (isolated && !allowed) return false;
  }
  return true;
}

describe('the cases of NetworkPolicies', () => {
  const cases = networkPolicyCases();

  it('are more than 200, each with a name of its own, about everything that a policy can say', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect([...new Set(cases.map(({ about }) => about))].sort()).toEqual(['conflict', 'peer', 'policyTypes', 'port', 'target']);
  });

  it('tell apart: hardly any two of them allow the same, and most forbid something', () => {
    const matrices = cases.map(({ policies }) =>
      casePods.map((from) => casePods.map((to) => CASE_PORTS.map((port) => (oracle(policies, from, to, port) ? 1 : 0)).join('')).join('')).join(''),
    );
    expect(new Set(matrices).size).toBeGreaterThan(cases.length / 4);
    expect(matrices.filter((matrix) => matrix.includes('0')).length).toBeGreaterThan(cases.length * 0.8);
  });

  it.each(cases)('$name: the verdict is that of an independent reading of the API', ({ policies }) => {
    const set = createPolicySet(policies);
    for (const from of caseEnds) {
      for (const to of caseEnds) {
        for (const port of CASE_PORTS) {
          const wanted = oracle(policies, from.pod, to.pod, port);
          const what = `${from.pod.metadata.namespace ?? ''}/${from.pod.metadata.name} to ${to.pod.metadata.namespace ?? ''}/${to.pod.metadata.name} ${String(port.port)}/${port.protocol}`;
          expect({ what, allowed: verdict(set, from, to, port).allowed }).toEqual({ what, allowed: wanted });
        }
      }
    }
  });
});
