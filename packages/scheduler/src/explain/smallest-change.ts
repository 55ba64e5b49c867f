import type { Node, Pod } from '@kybern/core/kinds';
import { byCodePoint } from '../engine/diagnosis.ts';
import type { Explanation } from '../engine/explanation.ts';
import { changesFor, changeText, type Change } from './node-changes.ts';

/** One way to make a Pod fit. */
export interface ChangeOption {
  /** All of these are needed. */
  readonly changes: readonly Change[];
  /** On any one of these nodes. */
  readonly nodes: readonly string[];
  /** `500m more cpu on 3 nodes` */
  readonly text: string;
}

/** The least that would make a Pod fit. */
export interface SmallestChange {
  /** `500m more cpu on 3 nodes, or tolerate gpu=true:NoSchedule` */
  readonly text: string;
  /** Each does by itself; the smallest first. */
  readonly options: readonly ChangeOption[];
}

const MAX_OPTIONS = 5;

/**
 * The smallest changes of nodes or of the Pod that would make it fit somewhere: the fewest things to do, and of one resource the least.
 *
 * @param nodes the nodes that are explained
 * @returns undefined when there is nothing to change: a node is feasible
 */
export function smallestChange(explanation: Explanation, pod: Pod, nodes: readonly Node[]): SmallestChange | undefined {
  const perNode = nodes.map((node) => ({ name: node.metadata.name, changes: changesOn(node, pod, explanation) }));
  if (perNode.some(({ changes }) => changes.length === 0)) return undefined;
  if (perNode.length === 0) return { text: 'add a node', options: [] };
  const sorted = perNode.sort((a, b) => vague(a.changes) - vague(b.changes) || a.changes.length - b.changes.length);
  const [first] = sorted;
  const least = sorted.filter(({ changes }) => vague(changes) === vague(first?.changes ?? []) && changes.length === first?.changes.length);
  const options = group(least).slice(0, MAX_OPTIONS);
  return { text: options.map(({ text }) => text).join(', or '), options };
}

function changesOn(node: Node, pod: Pod, explanation: Explanation): readonly Change[] {
  const filters = Object.entries(explanation.nodes[node.metadata.name]?.filters ?? {});
  return filters.filter(([, { code }]) => code !== 'Success').flatMap(([plugin, verdict]) => changesFor(plugin, verdict, { pod, node }));
}

/** How many of the changes nobody can say in numbers. */
function vague(changes: readonly Change[]): number {
  return changes.filter(({ type }) => type === 'other').length;
}

interface NodeChanges {
  readonly name: string;
  readonly changes: readonly Change[];
}

/** Nodes that need the same kinds of change are one option: the one that needs least. */
function group(nodes: readonly NodeChanges[]): readonly ChangeOption[] {
  const groups = new Map<string, NodeChanges[]>();
  for (const node of nodes) {
    const key = node.changes.map(kindOf).sort(byCodePoint).join('\u0000');
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()]
    .map((members) => {
      const least = members.reduce((a, b) => (sizeOf(b) < sizeOf(a) ? b : a));
      const names = members.filter((member) => sizeOf(member) === sizeOf(least)).map(({ name }) => name);
      return { changes: least.changes, nodes: names, text: optionText(least.changes, names) };
    })
    .sort((a, b) => rank(a) - rank(b) || b.nodes.length - a.nodes.length);
}

/** Two changes of one kind differ at most in their amount. */
function kindOf(change: Change): string {
  return change.type === 'resource' ? `resource ${change.resource}` : changeText(change);
}

/** Comparable among nodes that need the same kinds of change. */
function sizeOf({ changes }: NodeChanges): number {
  return changes.reduce((sum, change) => (change.type === 'resource' ? sum + change.amount * (change.resource === 'cpu' ? 2 ** 20 : 1) : sum), 0);
}

/** Resources come before everything else. */
function rank({ changes }: ChangeOption): number {
  return changes.every(({ type }) => type === 'resource') ? 0 : 1;
}

function optionText(changes: readonly Change[], nodes: readonly string[]): string {
  const words = changes.map(changeText).join(' and ');
  // A toleration belongs to the Pod: which nodes it opens says the taint.
  if (changes.every(({ type }) => type === 'tolerate' || type === 'other')) return words;
  return `${words} on ${nodes.length === 1 ? (nodes[0] ?? '') : `${nodes.length} nodes`}`;
}
