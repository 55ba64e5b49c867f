export { findContainerd, startContainerd } from './containerd-instance.ts';
export type { ContainerdInstance, ContainerdTools } from './containerd-instance.ts';
export { describeContainerd } from './describe-containerd.ts';
export { startImageRegistry } from './image-registry.ts';
export type { ImageRegistry, RegistryFault } from './image-registry.ts';
export { buildImage, busyboxFiles, testImages } from './test-images.ts';
export type { Blob, ImageConfig, OciImage } from './test-images.ts';
export type { LayerEntry } from './image-layer.ts';
