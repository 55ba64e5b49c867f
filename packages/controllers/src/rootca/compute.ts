import type { ConfigMap, Namespace } from '@kybern/core/kinds';

/** The name of the ConfigMap that Pods mount with their token. */
export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt';

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.';

/** The ConfigMap of a namespace. */
export function computeRootCa({ metadata }: Namespace, certificate: string): ConfigMap & Required<Pick<ConfigMap, 'data'>> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: ROOT_CA_CONFIG_MAP, namespace: metadata.name, annotations: { 'kubernetes.io/description': DESCRIPTION } },
    data: { 'ca.crt': certificate },
  };
}
