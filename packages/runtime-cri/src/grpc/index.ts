export { containerd, createGrpcRuntime } from './grpc-runtime.ts';
export type { GrpcRuntime, GrpcRuntimeOptions, RuntimeCapabilities } from './grpc-runtime.ts';
export { serveCri } from './cri-server.ts';
export type { CriServer, CriServerOptions } from './cri-server.ts';
export type { EventOrigin } from './internal/event-source.ts';
