import { isJsonObject } from '@kybern/core';
import type { CustomResourceSubresourceScale } from '@kybern/core/kinds';
import { simplePath, valueAt, withValueAt } from './json-path.ts';

/** Where an object says how many replicas it wants and has. */
export interface ScaleShape {
  wanted(object: unknown): unknown;
  present(object: unknown): unknown;
  /** The selector of the replicas as text; undefined: there is none. */
  selector(object: unknown): string | undefined;
  /** `object` with another number of wanted replicas. */
  withReplicas(object: unknown, replicas: number): object;
}

/** The shape that a definition describes with paths. @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/etcd.go (scaleFromCustomResource) */
export function customScaleShape({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): ScaleShape {
  const spec = simplePath(specReplicasPath) ?? [];
  const status = simplePath(statusReplicasPath) ?? [];
  const selector = labelSelectorPath === undefined ? undefined : simplePath(labelSelectorPath);
  return {
    wanted: (object) => valueAt(object, spec),
    present: (object) => valueAt(object, status),
    selector(object) {
      const text = selector === undefined ? undefined : valueAt(object, selector);
      return typeof text === 'string' && text !== '' ? text : undefined;
    },
    withReplicas: (object, replicas) => withValueAt(isJsonObject(object) ? object : {}, spec, replicas) as object,
  };
}
