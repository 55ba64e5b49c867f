import type { KubernetesObject } from '@kybern/core';

/** Whether an object has all these labels. */
export function compileLabelSelector(labels: Readonly<Record<string, string>> = {}): (object: KubernetesObject) => boolean {
  const wanted = Object.entries(labels);
  return ({ metadata }) => wanted.every(([name, value]) => metadata.labels?.[name] === value);
}
