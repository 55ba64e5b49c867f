import { compileLabelSelector, type KubernetesObject } from '@kybern/core';

/** What to list from a cache. */
export interface ListSelector {
  readonly namespace?: string;
  /** Equality on labels. Combined with `labelSelector` by AND. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Kubernetes' selector syntax: `app in (a, b),tier!=front`. */
  readonly labelSelector?: string;
}

/** The part of a {@link ListSelector} that looks at labels, as a predicate; undefined when it selects everything. */
export function compileLabels(selector: ListSelector): ((object: KubernetesObject) => boolean) | undefined {
  const { labels, labelSelector } = selector;
  const byLabels = labels === undefined ? undefined : compileLabelSelector(labels);
  const bySelector = labelSelector === undefined ? undefined : compileLabelSelector(labelSelector);
  if (byLabels === undefined && bySelector === undefined) return undefined;
  return ({ metadata }) => byLabels?.(metadata.labels) !== false && bySelector?.(metadata.labels) !== false;
}
