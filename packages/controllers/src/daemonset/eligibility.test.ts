import type { DaemonSet, Node, PodSpec, Taint } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { daemonTolerations, fitNode } from './eligibility.ts';

const set = (spec: Partial<PodSpec>): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd' },
  spec: { selector: {}, template: { spec: { containers: [], ...spec } } },
});
const node = (taints: readonly Taint[] = []): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', labels: { zone: 'a', size: '4' } },
  spec: { taints },
});
type Requirement = { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'; values?: string[] };
const affinity = (...terms: { matchExpressions?: Requirement[]; matchFields?: Requirement[] }[]): Partial<PodSpec> => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const expression = (key: string, operator: Requirement['operator'], ...values: string[]): Partial<PodSpec> =>
  affinity({ matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] });
const YES = { shouldRun: true, mayStay: true };
const NO = { shouldRun: false, mayStay: false };

it.each<{ name: string; spec?: Partial<PodSpec>; taints?: readonly Taint[]; fit: object }>([
  { name: 'any node', fit: YES },
  { name: 'its node', spec: { nodeName: 'n1' }, fit: YES },
  { name: 'another node', spec: { nodeName: 'n2' }, fit: NO },
  { name: 'selected', spec: { nodeSelector: { zone: 'a' } }, fit: YES },
  { name: 'not selected', spec: { nodeSelector: { zone: 'b' } }, fit: NO },
  { name: 'in', spec: expression('zone', 'In', 'a', 'b'), fit: YES },
  { name: 'not in', spec: expression('zone', 'NotIn', 'a'), fit: NO },
  { name: 'not in what it does not have', spec: expression('other', 'NotIn', 'a'), fit: YES },
  { name: 'exists', spec: expression('zone', 'Exists'), fit: YES },
  { name: 'does not exist', spec: expression('zone', 'DoesNotExist'), fit: NO },
  { name: 'greater', spec: expression('size', 'Gt', '3'), fit: YES },
  { name: 'less', spec: expression('size', 'Lt', '4'), fit: NO },
  { name: 'less than what is no number', spec: expression('zone', 'Lt', '4'), fit: NO },
  { name: 'an empty term', spec: affinity({}), fit: NO },
  { name: 'one of several terms', spec: affinity({}, { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }), fit: YES },
  { name: 'NoSchedule lets stay', taints: [{ key: 'k', effect: 'NoSchedule' }], fit: { shouldRun: false, mayStay: true } },
  { name: 'NoExecute does not', taints: [{ key: 'k', effect: 'NoExecute' }], fit: NO },
  { name: 'PreferNoSchedule does not matter', taints: [{ key: 'k', effect: 'PreferNoSchedule' }], fit: YES },
  { name: 'a tolerated taint', taints: [{ key: 'k', effect: 'NoExecute' }], spec: { tolerations: [{ key: 'k', operator: 'Exists' }] }, fit: YES },
  {
    name: 'a node in trouble',
    taints: [
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ],
    fit: YES,
  },
  {
    name: 'a node without network',
    taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }],
    fit: { shouldRun: false, mayStay: true },
  },
  {
    name: 'a node without network, for host network',
    taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }],
    spec: { hostNetwork: true },
    fit: YES,
  },
])('$name', ({ spec = {}, taints = [], fit }) => expect(fitNode(set(spec), node(taints))).toEqual(fit));

it('default tolerations are not given twice', () => {
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists' as const, effect: 'NoExecute' as const };
  expect(daemonTolerations({ tolerations: [own] }).filter(({ key }) => key === own.key)).toEqual([own]);
  expect(daemonTolerations({})).toHaveLength(6);
});
