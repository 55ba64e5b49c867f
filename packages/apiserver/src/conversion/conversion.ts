import { groupResource, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { betaConversionOf } from './beta.ts';
import { eventConversion } from './events.ts';
import { autoscalerConversion } from './autoscalers.ts';

/** How a kind that is another view of stored objects reads and writes them. Both functions are pure and share what stays the same. */
export interface Conversion {
  /** Where the objects are stored, as `group/plural` of the kind that they are stored as. */
  readonly storedAs: { readonly group: string; readonly plural: string };
  fromStored(object: KubernetesObject): MutableJson;
  toStored(object: KubernetesObject): MutableJson;
}

/** The conversion of a built-in kind that is not stored as itself. */
export function conversionOf(kind: Kind): Conversion | undefined {
  if (groupResource(kind) === 'events.events.k8s.io') return eventConversion;
  if (kind.group === 'autoscaling' && kind.version === 'v1' && kind.plural === 'horizontalpodautoscalers') return autoscalerConversion;
  return betaConversionOf(kind);
}

/** Remembers what each stored object looks like, so that the same object is the same reference whenever it is read. */
export function rememberReads(
  { fromStored }: Conversion,
  freeze: (view: MutableJson, stored: KubernetesObject) => KubernetesObject,
): (object: KubernetesObject) => KubernetesObject {
  const views = new WeakMap<KubernetesObject, KubernetesObject>();
  return (object) => {
    const known = views.get(object);
    if (known !== undefined) return known;
    const view = freeze(fromStored(object), object);
    // What is not frozen yet is on its way into the store, which still stamps it.
    if (Object.isFrozen(object)) views.set(object, view);
    return view;
  };
}
