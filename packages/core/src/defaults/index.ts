import type { Kind } from '../kind.ts';
import type { MutableJson } from '../kind-model.ts';
import type { DefaultsByKind } from './access.ts';
import { defaults as apps } from './apps-v1.ts';
import { defaults as core } from './core-v1.ts';
import { defaults as resource } from './resource-v1.ts';
import { defaults as storage } from './storage-v1.ts';

const GROUPS: Readonly<Record<string, DefaultsByKind>> = { '/v1': core, 'apps/v1': apps, 'resource.k8s.io/v1': resource, 'storage.k8s.io/v1': storage };

/**
 * Fills in the defaults that an API server gives an object of the groups core/v1, apps/v1, resource.k8s.io/v1 and storage.k8s.io/v1, in place: what
 * {@link KindModel.setDefaults} does, at once, for those who work with manifests and cannot wait for a kind's model to be loaded. Idempotent. Kinds of other
 * groups are left as they are.
 *
 * @param object the caller's own, unfrozen copy
 */
export function setManifestDefaults({ group, version, kind }: Pick<Kind, 'group' | 'version' | 'kind'>, object: MutableJson): void {
  const defaults = GROUPS[`${group}/${version}`];
  if (defaults !== undefined && Object.hasOwn(defaults, kind)) defaults[kind]?.(object);
}
