import type { ReferenceGrant } from './kinds.ts';

/** An object that refers to another, possibly in another namespace. */
export interface ReferenceAsked {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

/**
 * Whether an object may refer to another: always in its own namespace, elsewhere if a ReferenceGrant there says so.
 *
 * @see Gateway API v1 ReferenceGrantSpec
 */
export function mayRefer({ from, to }: ReferenceAsked, grants: readonly ReferenceGrant[]): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    ({ metadata, spec }) =>
      (metadata.namespace ?? 'default') === to.namespace &&
      spec.from.some(({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace) &&
      spec.to.some(({ group, kind, name }) => group === to.group && kind === to.kind && (name === undefined || name === '' || name === to.name)),
  );
}
