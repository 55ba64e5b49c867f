import type { Duration } from '@kybern/core';

/** Options of `TestCluster.listen`. */
export interface EndpointOptions {
  /** Default 0: any free port of 127.0.0.1. */
  readonly port?: number;
  /**
   * How long virtual time stands still, in real ms, after the last answer or event that a client got, so that the client can say something to it. Default 20.
   * Clients on busy machines need more.
   */
  readonly patienceMs?: number;
}

/** An HTTPS endpoint on a test cluster, for clients that know nothing of virtual time: kubectl, `@kubernetes/client-node`. Node only. */
export interface TestEndpoint extends AsyncDisposable {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly certificateAuthority: string;
  /** The text of a kubeconfig for a member of `system:masters`. */
  readonly kubeconfig: string;
  /** Writes {@link TestEndpoint.kubeconfig} to a temporary file that goes with the endpoint. @returns its path, for `KUBECONFIG` */
  kubeconfigFile(): Promise<string>;
  /**
   * Runs something that waits for the cluster through the endpoint, such as `kubectl rollout status`: virtual time passes while a request, watch or stream is
   * open and nothing is said, and stands still otherwise.
   *
   * @param options.within how much virtual time it may take. Default an hour
   * @throws what the work throws; {Error} when it is not over in time
   */
  run<R>(work: () => Promise<R>, options?: { readonly within?: Duration }): Promise<R>;
}
