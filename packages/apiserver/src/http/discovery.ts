import type { Kind } from '@kybern/core';
import { compareVersions, customVersionOf } from '../customresources/custom-kind.ts';
import type { KindRegistry } from '../registry.ts';

/** What `/version` answers. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/version/types.go */
export const VERSION: Readonly<Record<string, string>> = Object.freeze({
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+kybern',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
});

/**
 * The discovery documents: which groups, versions and resources there are.
 *
 * @returns undefined when `path` is not a discovery path, or of a group or version that is not served
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (APIGroupList, APIResourceList)
 */
export function discoveryDocument(registry: KindRegistry, path: string): object | undefined {
  const [root, group, version, ...more] = path.split('/').filter((part) => part !== '');
  if (more.length > 0) return undefined;
  if (root === 'api') {
    if (group === undefined) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    return version === undefined ? resourceList(registry, '', group) : undefined;
  }
  if (root !== 'apis') return undefined;
  if (group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(registry) };
  if (version === undefined) return groupOf(registry, group);
  return resourceList(registry, group, version);
}

function groupsOf(registry: KindRegistry): object[] {
  const names = new Set(registry.list().map((kind) => kind.group));
  names.delete('');
  return [...names].flatMap((name) => groupOf(registry, name) ?? []).map(({ apiVersion: _, kind: __, ...group }) => group);
}

interface Group {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
}

function groupOf(registry: KindRegistry, name: string): (Group & { readonly preferredVersion: Group['versions'][number] }) | undefined {
  const versions = versionsOf(registry.list().filter((kind) => kind.group === name)).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  const [preferredVersion] = versions;
  return preferredVersion === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion };
}

/** The versions of a group, the preferred one first: as they come, where the kinds are built in; else by how stable they are. */
export function versionsOf(kinds: readonly Kind[]): string[] {
  const versions = [...new Set(kinds.map((kind) => kind.version))];
  return kinds.some((kind) => customVersionOf(kind) === undefined) ? versions : versions.sort(compareVersions);
}

function resourceList(registry: KindRegistry, group: string, version: string): object | undefined {
  const kinds = registry.list().filter((kind) => kind.group === group && kind.version === version);
  if (kinds.length === 0) return undefined;
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(resourcesOf) };
}

function resourcesOf(kind: Kind): object[] {
  const namespaced = kind.scope === 'Namespaced';
  return [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced,
      kind: kind.kind,
      verbs: kind.verbs,
      ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
      ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    },
    ...kind.subresources.map((sub) => ({
      name: `${kind.plural}/${sub.name}`,
      singularName: '',
      namespaced,
      kind: sub.kind,
      verbs: sub.verbs,
      ...(sub.group === kind.group && sub.version === kind.version ? {} : { group: sub.group, version: sub.version }),
    })),
  ];
}
