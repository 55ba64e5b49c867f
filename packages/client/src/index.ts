export { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
export { loadKubeconfig, type ClusterAccess, type LoadKubeconfigOptions } from './kubeconfig.ts';
export { KubeconfigError } from './errors.ts';
