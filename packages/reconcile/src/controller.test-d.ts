import { Node, Pod, Secret, type ConfigMap as ConfigMapObject } from '@kybern/core/kinds';
import { ConfigMap } from '@kybern/core/kinds';
import { defineController, done, generationChanged, type ControllerDefinition, type Predicate } from './index.ts';

// The object's type travels from `for` to the request, and from each `kind` to its functions.
const typed: ControllerDefinition<ConfigMapObject> = defineController({
  for: ConfigMap,
  owns: [Secret],
  predicates: [generationChanged(), (event) => event.object.data !== undefined],
  watches: [
    { kind: Node, map: (node, old) => [node.spec.podCIDR ?? '', old?.spec.podCIDR ?? ''], predicate: (event) => event.object.spec.unschedulable === true },
    { kind: Pod, map: (pod, _old, cache) => cache.list(ConfigMap, { namespace: pod.spec.nodeName ?? '' }).map(({ metadata }) => metadata.name) },
  ],
  indexes: [{ kind: Pod, name: 'node', by: (pod) => [pod.spec.nodeName ?? ''] }],
  async reconcile({ object, cache }) {
    const data: Readonly<Record<string, string>> | undefined = object.data;
    const names: readonly string[] = cache.by(Pod, 'node', 'a').map((pod) => pod.spec.containers[0]?.name ?? '');
    return data === undefined || names.length === 0 ? done() : done();
  },
});
// Controllers of any kinds go into one list.
export const list: readonly ControllerDefinition[] = [
  typed,
  defineController({ for: Pod, reconcile: async ({ object }) => (object.spec.hostNetwork === true ? done() : done()) }),
];
export const p: Predicate<Pod> = generationChanged();

// @ts-expect-error -- a reconcile says how it ended
defineController({ for: Pod, async reconcile() {} });
// @ts-expect-error -- a Pod has no data
defineController({ for: Pod, reconcile: async ({ object }) => (object.data === undefined ? done() : done()) });
