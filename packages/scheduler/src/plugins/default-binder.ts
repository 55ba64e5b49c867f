import { Pod } from '@kybern/core/kinds';
import type { BindPlugin } from '../engine/plugin.ts';

/**
 * Binds a Pod to its node by a POST to `pods/NAME/binding`. What the API server answers is thrown as it is.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/defaultbinder/default_binder.go
 */
export function defaultBinder(): BindPlugin {
  return {
    name: 'DefaultBinder',
    async bind(pod, nodeName, { client, signal }) {
      const { name, namespace, uid } = pod.metadata;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: nodeName } };
      await client.createSubresource(Pod, pod, 'binding', binding, { signal });
      return undefined;
    },
    // What the API server refuses is an error, tried again after back-off: no event cures it.
    eventsToRegister: () => [],
  };
}
