import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '@kybern/core/kinds';
import type { FilterVerdict } from '../engine/explanation.ts';
import { compileNodeSelector } from '../plugins/node-selector.ts';
import { formatTaint } from '../plugins/taint-toleration.ts';
import { toleratesTaint } from '../plugins/tolerations.ts';
import { amountText } from './amount-text.ts';

/** One thing to do so that a filter lets a Pod on a node. */
export type Change =
  /** The node needs this much more, or the Pod less. cpu in thousandths, all else in whole units. */
  | { readonly type: 'resource'; readonly resource: string; readonly amount: number }
  /** The Pod must tolerate a taint, `key=value:effect`. */
  | { readonly type: 'tolerate'; readonly taint: string }
  /** The node must be made schedulable again. */
  | { readonly type: 'uncordon' }
  /** The node needs this label: `disktype=ssd`. */
  | { readonly type: 'label'; readonly label: string }
  /** A host port must become free: `TCP 80`. */
  | { readonly type: 'port'; readonly port: string }
  /** Whatever the plugin says. */
  | { readonly type: 'other'; readonly plugin: string; readonly reasons: readonly string[] };

/** What must change for one filter that turned the Pod down. */
export function changesFor(plugin: string, verdict: FilterVerdict, { pod, node }: { readonly pod: Pod; readonly node: Node }): readonly Change[] {
  const known = CHANGES[plugin]?.(verdict, pod, node) ?? [];
  return known.length > 0 ? known : [{ type: 'other', plugin, reasons: verdict.reasons }];
}

const CHANGES: Readonly<Record<string, (verdict: FilterVerdict, pod: Pod, node: Node) => readonly Change[]>> = {
  NodeResourcesFit: ({ details }) => missingResources(details),
  TaintToleration: (_verdict, pod, node) =>
    (node.spec?.taints ?? [])
      .filter((taint) => taint.effect !== 'PreferNoSchedule' && pod.spec.tolerations?.some((each) => toleratesTaint(each, taint)) !== true)
      .map((taint) => ({ type: 'tolerate', taint: formatTaint(taint) })),
  NodeUnschedulable: () => [{ type: 'uncordon' }],
  NodeAffinity: (_verdict, pod, node) => missingLabels(pod, node).map((label) => ({ type: 'label', label })),
  NodePorts: ({ details }) => (details === undefined ? [] : [{ type: 'port', port: `${String(details['protocol'])} ${String(details['port'])}` }]),
};

function missingResources(details: FilterVerdict['details']): readonly Change[] {
  const shortages = (details?.['insufficient'] ?? []) as readonly {
    readonly resource: string;
    readonly requested: number;
    readonly used: number;
    readonly capacity: number;
  }[];
  return shortages.map(({ resource, requested, used, capacity }) => ({ type: 'resource', resource, amount: requested - (capacity - used) }));
}

function missingLabels({ spec }: Pod, node: Node): readonly string[] {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).filter(([key, value]) => labels[key] !== value);
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const matches = required === undefined || compileNodeSelector(required)(node);
  const unmet = matches ? [] : closestTerm(required.nodeSelectorTerms, node);
  // A term that goes by the node's name cannot be met by a label.
  return unmet === undefined ? [] : [...selected.map(([key, value]) => `${key}=${value}`), ...unmet];
}

/** What the term that is met best still wants; undefined when labels cannot help. */
function closestTerm(terms: readonly NodeSelectorTerm[], node: Node): readonly string[] | undefined {
  const wanted = terms
    .filter(({ matchFields = [] }) => matchFields.every((field) => meets(field, node.metadata.name)))
    .map(({ matchExpressions = [] }) =>
      matchExpressions.filter((each) => !compileNodeSelector({ nodeSelectorTerms: [{ matchExpressions: [each] }] })(node)).map(labelText),
    );
  const [best] = wanted.filter((labels) => labels.length > 0).sort((a, b) => a.length - b.length);
  return best;
}

function meets({ operator, values = [] }: NodeSelectorRequirement, name: string): boolean {
  return values.includes(name) === (operator === 'In');
}

function labelText({ key, operator, values = [] }: NodeSelectorRequirement): string {
  switch (operator) {
    case 'In':
      return `${key}=${values.join('|')}`;
    case 'NotIn':
      return `${key} other than ${values.join(', ')}`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `no ${key}`;
    case 'Gt':
      return `${key} above ${values[0] ?? ''}`;
    case 'Lt':
      return `${key} below ${values[0] ?? ''}`;
    default:
      return key;
  }
}

/** A change in words. */
export function changeText(change: Change): string {
  switch (change.type) {
    case 'resource':
      return change.resource === 'pods'
        ? `room for ${change.amount} more Pod${change.amount === 1 ? '' : 's'}`
        : `${amountText(change.resource, change.amount)} more ${change.resource}`;
    case 'tolerate':
      return `tolerate ${change.taint}`;
    case 'uncordon':
      return 'uncordon';
    case 'label':
      return `label ${change.label}`;
    case 'port':
      return `free host port ${change.port}`;
    case 'other':
      return `satisfy ${change.plugin} (${change.reasons.join(', ')})`;
  }
}
