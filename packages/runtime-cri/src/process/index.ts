export { createProcessRuntime } from './process-runtime.ts';
export type { ProcessRuntime, ProcessRuntimeOptions } from './process-runtime.ts';
export { HOST_IMAGE } from './local-images.ts';
export type { LocalImage } from './local-images.ts';
