import { dynamicKind, parseDuration, parseQuantity, parseTime, quantityToMillis, type Client, type KubernetesObject } from '@kybern/core';
import { messageOf } from '../pod-control.ts';
import { NO_METRICS, type MetricsSource, type PodSample } from './metrics.ts';

/** What a Pod uses, as `metrics.k8s.io` tells it. */
interface PodMetrics extends KubernetesObject {
  readonly timestamp: string;
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

const PodMetrics = dynamicKind<PodMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  singular: 'pod',
  verbs: ['get', 'list'],
});

/**
 * A {@link MetricsSource} that reads what Pods use from the API `metrics.k8s.io`, and has no metrics of other types.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/metrics/client.go (resourceMetricsClient)
 */
export function resourceMetrics(client: Client): MetricsSource {
  return {
    ...NO_METRICS,
    async podResource(resource, { namespace, labelSelector }, container) {
      const fail = (why: string): never => {
        throw new Error(`unable to get metrics for resource ${resource}: ${why}`);
      };
      const { items } = await client
        .list(PodMetrics, { namespace, labelSelector })
        .catch((error: unknown) => fail(`unable to fetch metrics from resource metrics API: ${messageOf(error)}`));
      if (items.length === 0) return fail('no metrics returned from resource metrics API');
      const [first] = items;
      const common = { atMs: parseTime(first?.timestamp ?? '') };
      const samples = new Map<string, PodSample>();
      for (const pod of items) {
        const { name } = pod.metadata;
        const containers = (pod.containers ?? []).filter((each) => container === undefined || each.name === container);
        if (container !== undefined && containers.length === 0)
          return fail(`failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`);
        const milliValue = sum(containers.map(({ usage }) => usage[resource]));
        if (milliValue !== undefined) samples.set(name, { ...common, milliValue, windowMs: parseDuration(pod.window) });
      }
      return samples;
    },
  };
}

/** In thousandths; undefined when one is not known, or there is none. */
function sum(amounts: readonly (string | undefined)[]): number | undefined {
  let total: number | undefined;
  for (const amount of amounts) {
    if (amount === undefined) return undefined;
    total = (total ?? 0) + quantityToMillis(parseQuantity(amount));
  }
  return total;
}
