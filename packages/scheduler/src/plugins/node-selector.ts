import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PreferredSchedulingTerm } from '@kybern/core/kinds';
import { parseInteger } from './tolerations.ts';

/** Says whether a node is meant. */
export type NodeMatcher = (node: Node) => boolean;

/**
 * Compiles a node selector: any term will do; inside a term all expressions and fields must hold. A term with neither matches nothing.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go
 */
export function compileNodeSelector(selector: NodeSelector): NodeMatcher {
  const terms = selector.nodeSelectorTerms.map(compileTerm);
  return (node) => terms.some((matches) => matches(node));
}

/** Compiles weighted terms to the sum of the weights of those that match. */
export function compilePreferences(terms: readonly PreferredSchedulingTerm[]): (node: Node) => number {
  const compiled = terms.map(({ weight, preference }) => ({ weight, matches: compileTerm(preference) }));
  return (node) => compiled.reduce((sum, { weight, matches }) => (matches(node) ? sum + weight : sum), 0);
}

/** Compiles `spec.nodeSelector`: all labels must be as given. */
export function compileNodeLabels(labels: Readonly<Record<string, string>>): NodeMatcher {
  const wanted = Object.entries(labels);
  return (node) => wanted.every(([key, value]) => node.metadata.labels?.[key] === value);
}

function compileTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatcher {
  if (matchExpressions.length === 0 && matchFields.length === 0) return () => false;
  const labels = matchExpressions.map((requirement) => compileRequirement(requirement));
  const fields = matchFields.map((requirement) => (requirement.key === 'metadata.name' ? compileRequirement(requirement) : () => false));
  return ({ metadata }) =>
    fields.every((matches) => matches(metadata.name)) &&
    labels.every((matches, i) => matches(metadata.labels?.[(matchExpressions[i] as NodeSelectorRequirement).key]));
}

/** A requirement on one value; undefined means that the label is not there. */
function compileRequirement({ operator, values = [] }: NodeSelectorRequirement): (value: string | undefined) => boolean {
  switch (operator) {
    case 'In':
      return (value) => value !== undefined && values.includes(value);
    case 'NotIn':
      return (value) => value === undefined || !values.includes(value);
    case 'Exists':
      return (value) => value !== undefined;
    case 'DoesNotExist':
      return (value) => value === undefined;
    case 'Gt':
    case 'Lt':
      return compileComparison(operator, values);
    default:
      return () => false;
  }
}

function compileComparison(operator: 'Gt' | 'Lt', values: readonly string[]): (value: string | undefined) => boolean {
  const limit = values.length === 1 ? parseInteger(values[0]) : undefined;
  if (limit === undefined) return () => false;
  return (value) => {
    const actual = parseInteger(value);
    return actual !== undefined && (operator === 'Gt' ? actual > limit : actual < limit);
  };
}

/** The node names to which every term pins the Pod (`metadata.name In [...]`); undefined when some term does not. */
export function pinnedNodeNames(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const pins = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In').map(({ values }) => new Set(values));
    const [first, ...rest] = pins;
    if (first === undefined) return undefined;
    for (const name of first) if (rest.every((pin) => pin.has(name))) names.add(name);
  }
  return names;
}
