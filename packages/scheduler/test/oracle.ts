import { quantityToBytes, quantityToMillis } from '@kybern/core';
import type { Container, Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint, Toleration } from '@kybern/core/kinds';
import { affinityScores, obeysAffinity } from './oracle-affinity.ts';
import { obeysSpread, spreadScores } from './oracle-spread.ts';

/**
 * The default profile written down a second time, straight from the manifests and as slowly as it likes: no columns, no sharing, nothing incremental.
 * What the engine decides must agree with it.
 */
export function oracle(pod: Pod, nodes: readonly Node[], pods: readonly Pod[]): { readonly feasible: readonly string[]; readonly best: readonly string[] } {
  const on = (node: Node): readonly Pod[] => pods.filter(({ spec }) => spec.nodeName === node.metadata.name);
  const feasible = nodes.filter(
    (node) => isFeasible(pod, node, on(node)) && obeysSpread(pod, node, { nodes, pods }) && obeysAffinity(pod, node, { nodes, pods }),
  );
  const spread = spreadScores(pod, feasible, { nodes, pods });
  const affinity = affinityScores(pod, feasible, { nodes, pods });
  const taints = feasible.map((node) => softTaints(pod, node));
  const worst = Math.max(0, ...taints);
  const preferences = feasible.map((node) => preference(pod, node));
  const highest = Math.max(0, ...preferences);
  const totals = feasible.map((node, index) => {
    const taintScore = worst === 0 ? 100 : 100 - Math.floor((100 * (taints[index] as number)) / worst);
    const affinityScore = highest === 0 ? 0 : Math.floor((100 * (preferences[index] as number)) / highest);
    return (
      3 * taintScore +
      2 * affinityScore +
      leastAllocated(pod, node, on(node)) +
      balanced(pod, node, on(node)) +
      2 * (spread[index] as number) +
      2 * (affinity[index] as number)
    );
  });
  const top = Math.max(...totals);
  const names = feasible.map(({ metadata }) => metadata.name);
  return { feasible: names, best: names.filter((_name, index) => totals[index] === top) };
}

function isFeasible(pod: Pod, node: Node, there: readonly Pod[]): boolean {
  const { spec } = pod;
  if (spec.nodeName !== undefined && spec.nodeName !== node.metadata.name) return false;
  if (node.spec?.unschedulable === true && !tolerated(pod, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })) return false;
  if ((node.spec?.taints ?? []).some((taint) => taint.effect !== 'PreferNoSchedule' && !tolerated(pod, taint))) return false;
  if (!matchesRequired(pod, node)) return false;
  if (ports(pod).some((wanted) => there.some((other) => ports(other).some((used) => wanted === used)))) return false;
  return there.length + 1 <= allocatable(node, 'pods') && resources(pod).every((name) => fitsResource(pod, { node, there, name }));
}

function fitsResource(pod: Pod, { node, there, name }: { readonly node: Node; readonly there: readonly Pod[]; readonly name: string }): boolean {
  const wanted = request(pod, name, false);
  return wanted === 0 || wanted + sum(there.map((other) => request(other, name, false))) <= allocatable(node, name);
}

function resources(pod: Pod): readonly string[] {
  return [...new Set(['cpu', 'memory', 'ephemeral-storage', ...containersOf(pod).flatMap((container) => Object.keys(container.resources?.requests ?? {}))])];
}

function leastAllocated(pod: Pod, node: Node, there: readonly Pod[]): number {
  const scores = ['cpu', 'memory'].flatMap((name) => {
    const capacity = allocatable(node, name);
    const used = sum([pod, ...there].map((each) => request(each, name, true)));
    if (capacity === 0) return [];
    return [used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity)];
  });
  return scores.length === 0 ? 0 : Math.floor(sum(scores) / scores.length);
}

function balanced(pod: Pod, node: Node, there: readonly Pod[]): number {
  if (request(pod, 'cpu', false) === 0 && request(pod, 'memory', false) === 0) return 0;
  const evenness = (pods: readonly Pod[]): number => {
    const fractions = ['cpu', 'memory']
      .filter((name) => allocatable(node, name) > 0)
      .map((name) => Math.min(1, sum(pods.map((each) => request(each, name, false))) / allocatable(node, name)));
    const deviation = fractions.length < 2 ? 0 : Math.abs((fractions[0] as number) - (fractions[1] as number)) / 2;
    return Math.trunc((1 - deviation) * 100);
  };
  return 50 + Math.trunc((50 + evenness([...there, pod]) - evenness(there)) / 2);
}

/** A Pod's request of one resource; `assume`: with what scores assume of containers that say nothing. */
export function request(pod: Pod, name: string, assume: boolean): number {
  const defaults: Readonly<Record<string, number>> = { cpu: 100, memory: 200 * 1024 * 1024 };
  const of = (container: Container): number => {
    const quantity = container.resources?.requests?.[name];
    return quantity === undefined ? (assume ? (defaults[name] ?? 0) : 0) : amount(name, quantity);
  };
  const init = pod.spec.initContainers ?? [];
  const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';
  const running = sum(pod.spec.containers.map(of)) + sum(init.filter(isSidecar).map(of));
  const starting = init.map((container, index) => of(container) + sum(init.slice(0, index).filter(isSidecar).map(of)));
  return Math.max(running, ...starting) + amount(name, pod.spec.overhead?.[name] ?? '0');
}

function amount(name: string, quantity: string): number {
  return name === 'cpu' ? quantityToMillis(quantity) : quantityToBytes(quantity);
}

/** What a node has of a resource. */
export function allocatable(node: Node, name: string): number {
  return amount(name, node.status?.allocatable?.[name] ?? '0');
}

function containersOf(pod: Pod): readonly Container[] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
}

function ports(pod: Pod): readonly number[] {
  const holding = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  return holding.flatMap((container) => (container.ports ?? []).flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort])));
}

/** Whether the Pod tolerates a taint. */
export function tolerated(pod: Pod, taint: Taint): boolean {
  const covers = ({ key, effect, operator = 'Equal', value = '' }: Toleration): boolean =>
    (effect === undefined || effect === taint.effect) &&
    (key === undefined ? operator === 'Exists' : key === taint.key && (operator === 'Exists' || value === (taint.value ?? '')));
  return (pod.spec.tolerations ?? []).some(covers);
}

function softTaints(pod: Pod, node: Node): number {
  return (node.spec?.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(pod, taint)).length;
}

/** Whether the node is one that the Pod requires. */
export function matchesRequired(pod: Pod, node: Node): boolean {
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value);
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return selected && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
}

function preference(pod: Pod, node: Node): number {
  const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return sum(terms.map(({ weight, preference: term }) => (matchesTerm(term, node) ? weight : 0)));
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return matchExpressions.every((each) => holds(each, node.metadata.labels?.[each.key])) && matchFields.every((each) => holds(each, node.metadata.name));
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  const isIn = value !== undefined && values.includes(value);
  const answers = {
    In: isIn,
    NotIn: !isIn,
    Exists: value !== undefined,
    DoesNotExist: value === undefined,
    Gt: Number(value) > Number(values[0]),
    Lt: Number(value) < Number(values[0]),
  };
  return answers[operator];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
