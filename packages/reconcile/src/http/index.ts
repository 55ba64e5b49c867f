export { serveProbes } from './serve-probes.ts';
export type { ProbeServer, ProbeServerOptions } from './serve-probes.ts';
