export { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
export type { ExecPlugin } from './exec-credentials.ts';
export { loadKubeconfig, type ClusterAccess, type Impersonation, type LoadKubeconfigOptions } from './kubeconfig.ts';
export { KubeconfigError } from './errors.ts';
export { createNodePort, type NodePort } from './node-port.ts';
