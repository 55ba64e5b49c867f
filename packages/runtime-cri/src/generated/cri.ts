// Made by scripts/generate-cri.ts from data/cri-table.txt. Do not edit.
//
// The CRI (runtime.v1) as proto JSON names it. `int64` and `uint64` are plain numbers: sizes, quotas and counts stay far below 2^53, and timestamps
// (nanoseconds since the Unix epoch) are exact to about 256 ns, which is finer than the clocks they come from.
import type { CallOptions } from '@kybern/core';
import type { Observable } from 'rxjs';

/** CRI service `RuntimeService`: one method per RPC. */
export interface RuntimeService {
  /** CRI method `Version`. */
  version(request: VersionRequest, options?: CallOptions): Promise<VersionResponse>;
  /** CRI method `RunPodSandbox`. */
  runPodSandbox(request: RunPodSandboxRequest, options?: CallOptions): Promise<RunPodSandboxResponse>;
  /** CRI method `StopPodSandbox`. */
  stopPodSandbox(request: StopPodSandboxRequest, options?: CallOptions): Promise<StopPodSandboxResponse>;
  /** CRI method `RemovePodSandbox`. */
  removePodSandbox(request: RemovePodSandboxRequest, options?: CallOptions): Promise<RemovePodSandboxResponse>;
  /** CRI method `PodSandboxStatus`. */
  podSandboxStatus(request: PodSandboxStatusRequest, options?: CallOptions): Promise<PodSandboxStatusResponse>;
  /** CRI method `ListPodSandbox`. */
  listPodSandbox(request: ListPodSandboxRequest, options?: CallOptions): Promise<ListPodSandboxResponse>;
  /** CRI method `CreateContainer`. */
  createContainer(request: CreateContainerRequest, options?: CallOptions): Promise<CreateContainerResponse>;
  /** CRI method `StartContainer`. */
  startContainer(request: StartContainerRequest, options?: CallOptions): Promise<StartContainerResponse>;
  /** CRI method `StopContainer`. */
  stopContainer(request: StopContainerRequest, options?: CallOptions): Promise<StopContainerResponse>;
  /** CRI method `RemoveContainer`. */
  removeContainer(request: RemoveContainerRequest, options?: CallOptions): Promise<RemoveContainerResponse>;
  /** CRI method `ListContainers`. */
  listContainers(request: ListContainersRequest, options?: CallOptions): Promise<ListContainersResponse>;
  /** CRI method `ContainerStatus`. */
  containerStatus(request: ContainerStatusRequest, options?: CallOptions): Promise<ContainerStatusResponse>;
  /** CRI method `UpdateContainerResources`. */
  updateContainerResources(request: UpdateContainerResourcesRequest, options?: CallOptions): Promise<UpdateContainerResourcesResponse>;
  /** CRI method `ReopenContainerLog`. */
  reopenContainerLog(request: ReopenContainerLogRequest, options?: CallOptions): Promise<ReopenContainerLogResponse>;
  /** CRI method `ExecSync`. */
  execSync(request: ExecSyncRequest, options?: CallOptions): Promise<ExecSyncResponse>;
  /** CRI method `Exec`. */
  exec(request: ExecRequest, options?: CallOptions): Promise<ExecResponse>;
  /** CRI method `Attach`. */
  attach(request: AttachRequest, options?: CallOptions): Promise<AttachResponse>;
  /** CRI method `PortForward`. */
  portForward(request: PortForwardRequest, options?: CallOptions): Promise<PortForwardResponse>;
  /** CRI method `ContainerStats`. */
  containerStats(request: ContainerStatsRequest, options?: CallOptions): Promise<ContainerStatsResponse>;
  /** CRI method `ListContainerStats`. */
  listContainerStats(request: ListContainerStatsRequest, options?: CallOptions): Promise<ListContainerStatsResponse>;
  /** CRI method `PodSandboxStats`. */
  podSandboxStats(request: PodSandboxStatsRequest, options?: CallOptions): Promise<PodSandboxStatsResponse>;
  /** CRI method `ListPodSandboxStats`. */
  listPodSandboxStats(request: ListPodSandboxStatsRequest, options?: CallOptions): Promise<ListPodSandboxStatsResponse>;
  /** CRI method `UpdateRuntimeConfig`. */
  updateRuntimeConfig(request: UpdateRuntimeConfigRequest, options?: CallOptions): Promise<UpdateRuntimeConfigResponse>;
  /** CRI method `Status`. */
  status(request: StatusRequest, options?: CallOptions): Promise<StatusResponse>;
  /** CRI method `CheckpointContainer`. */
  checkpointContainer(request: CheckpointContainerRequest, options?: CallOptions): Promise<CheckpointContainerResponse>;
  /** CRI method `GetContainerEvents`. */
  getContainerEvents(request: GetEventsRequest, options?: CallOptions): Observable<ContainerEventResponse>;
  /** CRI method `RuntimeConfig`. */
  runtimeConfig(request: RuntimeConfigRequest, options?: CallOptions): Promise<RuntimeConfigResponse>;
  /** CRI method `UpdatePodSandboxResources`. */
  updatePodSandboxResources(request: UpdatePodSandboxResourcesRequest, options?: CallOptions): Promise<UpdatePodSandboxResourcesResponse>;
}

/** CRI service `ImageService`: one method per RPC. */
export interface ImageService {
  /** CRI method `ListImages`. */
  listImages(request: ListImagesRequest, options?: CallOptions): Promise<ListImagesResponse>;
  /** CRI method `ImageStatus`. */
  imageStatus(request: ImageStatusRequest, options?: CallOptions): Promise<ImageStatusResponse>;
  /** CRI method `PullImage`. */
  pullImage(request: PullImageRequest, options?: CallOptions): Promise<PullImageResponse>;
  /** CRI method `RemoveImage`. */
  removeImage(request: RemoveImageRequest, options?: CallOptions): Promise<RemoveImageResponse>;
  /** CRI method `ImageFsInfo`. */
  imageFsInfo(request: ImageFsInfoRequest, options?: CallOptions): Promise<ImageFsInfoResponse>;
}

/** CRI message `AttachRequest`. */
export interface AttachRequest {
  readonly containerId: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** CRI message `AttachResponse`. */
export interface AttachResponse {
  readonly url?: string;
}

/** CRI message `AuthConfig`. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** CRI message `CDIDevice`. */
export interface CDIDevice {
  readonly name?: string;
}

/** CRI message `Capability`. */
export interface Capability {
  readonly addCapabilities?: readonly string[];
  readonly dropCapabilities?: readonly string[];
  readonly addAmbientCapabilities?: readonly string[];
}

/** CRI enum `CgroupDriver`. */
export type CgroupDriver =
  | 'SYSTEMD'
  | 'CGROUPFS';

/** CRI message `CheckpointContainerRequest`. */
export interface CheckpointContainerRequest {
  readonly containerId: string;
  readonly location?: string;
  readonly timeout?: number;
}

/** CRI message `CheckpointContainerResponse`. */
export type CheckpointContainerResponse = Readonly<Record<string, never>>;

/** CRI message `Container`. */
export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly imageId?: string;
}

/** CRI message `ContainerAttributes`. */
export interface ContainerAttributes {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** CRI message `ContainerConfig`. */
export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly envs?: readonly KeyValue[];
  readonly mounts?: readonly Mount[];
  readonly devices?: readonly Device[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly logPath?: string;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  readonly linux?: LinuxContainerConfig;
  readonly CDIDevices?: readonly CDIDevice[];
  readonly stopSignal?: Signal;
}

/** CRI message `ContainerEventResponse`. */
export interface ContainerEventResponse {
  readonly containerId: string;
  readonly containerEventType: ContainerEventType;
  readonly createdAt: number;
  readonly podSandboxStatus?: PodSandboxStatus;
  readonly containersStatuses: readonly ContainerStatus[];
}

/** CRI enum `ContainerEventType`. */
export type ContainerEventType =
  | 'CONTAINER_CREATED_EVENT'
  | 'CONTAINER_STARTED_EVENT'
  | 'CONTAINER_STOPPED_EVENT'
  | 'CONTAINER_DELETED_EVENT';

/** CRI message `ContainerFilter`. */
export interface ContainerFilter {
  readonly id?: string;
  readonly state?: ContainerStateValue;
  readonly podSandboxId?: string;
  readonly labelSelector?: Readonly<Record<string, string>>;
}

/** CRI message `ContainerMetadata`. */
export interface ContainerMetadata {
  readonly name: string;
  readonly attempt: number;
}

/** CRI message `ContainerResources`. */
export interface ContainerResources {
  readonly linux?: LinuxContainerResources;
}

/** CRI enum `ContainerState`. */
export type ContainerState =
  | 'CONTAINER_CREATED'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_EXITED'
  | 'CONTAINER_UNKNOWN';

/** CRI message `ContainerStateValue`. */
export interface ContainerStateValue {
  readonly state: ContainerState;
}

/** CRI message `ContainerStats`. */
export interface ContainerStats {
  readonly attributes: ContainerAttributes;
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly writableLayer?: FilesystemUsage;
  readonly swap?: SwapUsage;
  readonly io?: IoUsage;
}

/** CRI message `ContainerStatsFilter`. */
export interface ContainerStatsFilter {
  readonly id?: string;
  readonly podSandboxId?: string;
  readonly labelSelector?: Readonly<Record<string, string>>;
}

/** CRI message `ContainerStatsRequest`. */
export interface ContainerStatsRequest {
  readonly containerId: string;
}

/** CRI message `ContainerStatsResponse`. */
export interface ContainerStatsResponse {
  readonly stats?: ContainerStats;
}

/** CRI message `ContainerStatus`. */
export interface ContainerStatus {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly image: ImageSpec;
  readonly imageRef: string;
  readonly reason: string;
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mounts?: readonly Mount[];
  readonly logPath?: string;
  readonly resources?: ContainerResources;
  readonly imageId?: string;
  readonly user?: ContainerUser;
  readonly stopSignal?: Signal;
}

/** CRI message `ContainerStatusRequest`. */
export interface ContainerStatusRequest {
  readonly containerId: string;
  readonly verbose?: boolean;
}

/** CRI message `ContainerStatusResponse`. */
export interface ContainerStatusResponse {
  readonly status?: ContainerStatus;
  readonly info?: Readonly<Record<string, string>>;
}

/** CRI message `ContainerUser`. */
export interface ContainerUser {
  readonly linux?: LinuxContainerUser;
}

/** CRI message `CpuUsage`. */
export interface CpuUsage {
  readonly timestamp?: number;
  readonly usageCoreNanoSeconds?: UInt64Value;
  readonly usageNanoCores?: UInt64Value;
  readonly psi?: PsiStats;
}

/** CRI message `CreateContainerRequest`. */
export interface CreateContainerRequest {
  readonly podSandboxId: string;
  readonly config: ContainerConfig;
  readonly sandboxConfig: PodSandboxConfig;
}

/** CRI message `CreateContainerResponse`. */
export interface CreateContainerResponse {
  readonly containerId: string;
}

/** CRI message `DNSConfig`. */
export interface DNSConfig {
  readonly servers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly string[];
}

/** CRI message `Device`. */
export interface Device {
  readonly containerPath?: string;
  readonly hostPath?: string;
  readonly permissions?: string;
}

/** CRI message `ExecRequest`. */
export interface ExecRequest {
  readonly containerId: string;
  readonly cmd: readonly string[];
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** CRI message `ExecResponse`. */
export interface ExecResponse {
  readonly url?: string;
}

/** CRI message `ExecSyncRequest`. */
export interface ExecSyncRequest {
  readonly containerId: string;
  readonly cmd: readonly string[];
  readonly timeout?: number;
}

/** CRI message `ExecSyncResponse`. */
export interface ExecSyncResponse {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

/** CRI message `FilesystemIdentifier`. */
export interface FilesystemIdentifier {
  readonly mountpoint: string;
}

/** CRI message `FilesystemUsage`. */
export interface FilesystemUsage {
  readonly timestamp: number;
  readonly fsId?: FilesystemIdentifier;
  readonly usedBytes?: UInt64Value;
  readonly inodesUsed?: UInt64Value;
}

/** CRI message `GetEventsRequest`. */
export type GetEventsRequest = Readonly<Record<string, never>>;

/** CRI message `HugepageLimit`. */
export interface HugepageLimit {
  readonly pageSize?: string;
  readonly limit?: number;
}

/** CRI message `IDMapping`. */
export interface IDMapping {
  readonly hostId?: number;
  readonly containerId?: number;
  readonly length?: number;
}

/** CRI message `Image`. */
export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly size: number;
  readonly uid?: Int64Value;
  readonly username?: string;
  readonly spec?: ImageSpec;
  readonly pinned?: boolean;
}

/** CRI message `ImageFilter`. */
export interface ImageFilter {
  readonly image?: ImageSpec;
}

/** CRI message `ImageFsInfoRequest`. */
export type ImageFsInfoRequest = Readonly<Record<string, never>>;

/** CRI message `ImageFsInfoResponse`. */
export interface ImageFsInfoResponse {
  readonly imageFilesystems: readonly FilesystemUsage[];
  readonly containerFilesystems: readonly FilesystemUsage[];
}

/** CRI message `ImageSpec`. */
export interface ImageSpec {
  readonly image: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly userSpecifiedImage?: string;
  readonly runtimeHandler?: string;
  readonly imageRef?: string;
}

/** CRI message `ImageStatusRequest`. */
export interface ImageStatusRequest {
  readonly image: ImageSpec;
  readonly verbose?: boolean;
}

/** CRI message `ImageStatusResponse`. */
export interface ImageStatusResponse {
  readonly image?: Image;
  readonly info?: Readonly<Record<string, string>>;
}

/** CRI message `Int64Value`. */
export interface Int64Value {
  readonly value: number;
}

/** CRI message `IoUsage`. */
export interface IoUsage {
  readonly timestamp?: number;
  readonly psi?: PsiStats;
}

/** CRI message `KeyValue`. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** CRI message `LinuxContainerConfig`. */
export interface LinuxContainerConfig {
  readonly resources?: LinuxContainerResources;
  readonly securityContext?: LinuxContainerSecurityContext;
}

/** CRI message `LinuxContainerResources`. */
export interface LinuxContainerResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly hugepageLimits?: readonly HugepageLimit[];
  readonly unified?: Readonly<Record<string, string>>;
  readonly memorySwapLimitInBytes?: number;
}

/** CRI message `LinuxContainerSecurityContext`. */
export interface LinuxContainerSecurityContext {
  readonly capabilities?: Capability;
  readonly privileged?: boolean;
  readonly namespaceOptions?: NamespaceOption;
  readonly selinuxOptions?: SELinuxOption;
  readonly runAsUser?: Int64Value;
  readonly runAsUsername?: string;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly apparmorProfile?: string;
  readonly seccompProfilePath?: string;
  readonly noNewPrivs?: boolean;
  readonly runAsGroup?: Int64Value;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
}

/** CRI message `LinuxContainerUser`. */
export interface LinuxContainerUser {
  readonly uid?: number;
  readonly gid?: number;
  readonly supplementalGroups?: readonly number[];
}

/** CRI message `LinuxPodSandboxConfig`. */
export interface LinuxPodSandboxConfig {
  readonly cgroupParent?: string;
  readonly securityContext?: LinuxSandboxSecurityContext;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly overhead?: LinuxContainerResources;
  readonly resources?: LinuxContainerResources;
}

/** CRI message `LinuxPodSandboxStats`. */
export interface LinuxPodSandboxStats {
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly network?: NetworkUsage;
  readonly process?: ProcessUsage;
  readonly containers?: readonly ContainerStats[];
  readonly io?: IoUsage;
}

/** CRI message `LinuxPodSandboxStatus`. */
export interface LinuxPodSandboxStatus {
  readonly namespaces?: Namespace;
}

/** CRI message `LinuxRuntimeConfiguration`. */
export interface LinuxRuntimeConfiguration {
  readonly cgroupDriver?: CgroupDriver;
}

/** CRI message `LinuxSandboxSecurityContext`. */
export interface LinuxSandboxSecurityContext {
  readonly namespaceOptions?: NamespaceOption;
  readonly selinuxOptions?: SELinuxOption;
  readonly runAsUser?: Int64Value;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly privileged?: boolean;
  readonly seccompProfilePath?: string;
  readonly runAsGroup?: Int64Value;
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy;
}

/** CRI message `ListContainerStatsRequest`. */
export interface ListContainerStatsRequest {
  readonly filter?: ContainerStatsFilter;
}

/** CRI message `ListContainerStatsResponse`. */
export interface ListContainerStatsResponse {
  readonly stats: readonly ContainerStats[];
}

/** CRI message `ListContainersRequest`. */
export interface ListContainersRequest {
  readonly filter?: ContainerFilter;
}

/** CRI message `ListContainersResponse`. */
export interface ListContainersResponse {
  readonly containers: readonly Container[];
}

/** CRI message `ListImagesRequest`. */
export interface ListImagesRequest {
  readonly filter?: ImageFilter;
}

/** CRI message `ListImagesResponse`. */
export interface ListImagesResponse {
  readonly images: readonly Image[];
}

/** CRI message `ListPodSandboxRequest`. */
export interface ListPodSandboxRequest {
  readonly filter?: PodSandboxFilter;
}

/** CRI message `ListPodSandboxResponse`. */
export interface ListPodSandboxResponse {
  readonly items: readonly PodSandbox[];
}

/** CRI message `ListPodSandboxStatsRequest`. */
export interface ListPodSandboxStatsRequest {
  readonly filter?: PodSandboxStatsFilter;
}

/** CRI message `ListPodSandboxStatsResponse`. */
export interface ListPodSandboxStatsResponse {
  readonly stats: readonly PodSandboxStats[];
}

/** CRI message `MemoryUsage`. */
export interface MemoryUsage {
  readonly timestamp?: number;
  readonly workingSetBytes?: UInt64Value;
  readonly availableBytes?: UInt64Value;
  readonly usageBytes?: UInt64Value;
  readonly rssBytes?: UInt64Value;
  readonly pageFaults?: UInt64Value;
  readonly majorPageFaults?: UInt64Value;
  readonly psi?: PsiStats;
}

/** CRI message `Mount`. */
export interface Mount {
  readonly containerPath: string;
  readonly hostPath?: string;
  readonly readonly?: boolean;
  readonly selinuxRelabel?: boolean;
  readonly propagation?: MountPropagation;
  readonly uidMappings?: readonly IDMapping[];
  readonly gidMappings?: readonly IDMapping[];
  readonly recursiveReadOnly?: boolean;
  readonly image?: ImageSpec;
  readonly imageSubPath?: string;
}

/** CRI enum `MountPropagation`. */
export type MountPropagation =
  | 'PROPAGATION_PRIVATE'
  | 'PROPAGATION_HOST_TO_CONTAINER'
  | 'PROPAGATION_BIDIRECTIONAL';

/** CRI message `Namespace`. */
export interface Namespace {
  readonly options?: NamespaceOption;
}

/** CRI enum `NamespaceMode`. */
export type NamespaceMode =
  | 'POD'
  | 'CONTAINER'
  | 'NODE'
  | 'TARGET';

/** CRI message `NamespaceOption`. */
export interface NamespaceOption {
  readonly network?: NamespaceMode;
  readonly pid?: NamespaceMode;
  readonly ipc?: NamespaceMode;
  readonly targetId?: string;
  readonly usernsOptions?: UserNamespace;
}

/** CRI message `NetworkConfig`. */
export interface NetworkConfig {
  readonly podCidr: string;
}

/** CRI message `NetworkInterfaceUsage`. */
export interface NetworkInterfaceUsage {
  readonly name?: string;
  readonly rxBytes?: UInt64Value;
  readonly rxErrors?: UInt64Value;
  readonly txBytes?: UInt64Value;
  readonly txErrors?: UInt64Value;
}

/** CRI message `NetworkUsage`. */
export interface NetworkUsage {
  readonly timestamp?: number;
  readonly defaultInterface?: NetworkInterfaceUsage;
  readonly interfaces?: readonly NetworkInterfaceUsage[];
}

/** CRI message `PodIP`. */
export interface PodIP {
  readonly ip: string;
}

/** CRI message `PodSandbox`. */
export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler?: string;
}

/** CRI message `PodSandboxAttributes`. */
export interface PodSandboxAttributes {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** CRI message `PodSandboxConfig`. */
export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname?: string;
  readonly logDirectory?: string;
  readonly dnsConfig?: DNSConfig;
  readonly portMappings?: readonly PortMapping[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: LinuxPodSandboxConfig;
}

/** CRI message `PodSandboxFilter`. */
export interface PodSandboxFilter {
  readonly id?: string;
  readonly state?: PodSandboxStateValue;
  readonly labelSelector?: Readonly<Record<string, string>>;
}

/** CRI message `PodSandboxMetadata`. */
export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

/** CRI message `PodSandboxNetworkStatus`. */
export interface PodSandboxNetworkStatus {
  readonly ip: string;
  readonly additionalIps: readonly PodIP[];
}

/** CRI enum `PodSandboxState`. */
export type PodSandboxState =
  | 'SANDBOX_READY'
  | 'SANDBOX_NOTREADY';

/** CRI message `PodSandboxStateValue`. */
export interface PodSandboxStateValue {
  readonly state: PodSandboxState;
}

/** CRI message `PodSandboxStats`. */
export interface PodSandboxStats {
  readonly attributes: PodSandboxAttributes;
  readonly linux?: LinuxPodSandboxStats;
}

/** CRI message `PodSandboxStatsFilter`. */
export interface PodSandboxStatsFilter {
  readonly id?: string;
  readonly labelSelector?: Readonly<Record<string, string>>;
}

/** CRI message `PodSandboxStatsRequest`. */
export interface PodSandboxStatsRequest {
  readonly podSandboxId: string;
}

/** CRI message `PodSandboxStatsResponse`. */
export interface PodSandboxStatsResponse {
  readonly stats?: PodSandboxStats;
}

/** CRI message `PodSandboxStatus`. */
export interface PodSandboxStatus {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  readonly createdAt: number;
  readonly network?: PodSandboxNetworkStatus;
  readonly linux?: LinuxPodSandboxStatus;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler?: string;
}

/** CRI message `PodSandboxStatusRequest`. */
export interface PodSandboxStatusRequest {
  readonly podSandboxId: string;
  readonly verbose?: boolean;
}

/** CRI message `PodSandboxStatusResponse`. */
export interface PodSandboxStatusResponse {
  readonly status: PodSandboxStatus;
  readonly info?: Readonly<Record<string, string>>;
  readonly containersStatuses?: readonly ContainerStatus[];
  readonly timestamp?: number;
}

/** CRI message `PortForwardRequest`. */
export interface PortForwardRequest {
  readonly podSandboxId: string;
  readonly port: readonly number[];
}

/** CRI message `PortForwardResponse`. */
export interface PortForwardResponse {
  readonly url?: string;
}

/** CRI message `PortMapping`. */
export interface PortMapping {
  readonly protocol?: Protocol;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly hostIp?: string;
}

/** CRI message `ProcessUsage`. */
export interface ProcessUsage {
  readonly timestamp?: number;
  readonly processCount?: UInt64Value;
}

/** CRI enum `Protocol`. */
export type Protocol =
  | 'TCP'
  | 'UDP'
  | 'SCTP';

/** CRI message `PsiData`. */
export interface PsiData {
  readonly Total?: number;
  readonly Avg10?: number;
  readonly Avg60?: number;
  readonly Avg300?: number;
}

/** CRI message `PsiStats`. */
export interface PsiStats {
  readonly Full?: PsiData;
  readonly Some?: PsiData;
}

/** CRI message `PullImageRequest`. */
export interface PullImageRequest {
  readonly image: ImageSpec;
  readonly auth?: AuthConfig;
  readonly sandboxConfig?: PodSandboxConfig;
}

/** CRI message `PullImageResponse`. */
export interface PullImageResponse {
  readonly imageRef: string;
}

/** CRI message `RemoveContainerRequest`. */
export interface RemoveContainerRequest {
  readonly containerId: string;
}

/** CRI message `RemoveContainerResponse`. */
export type RemoveContainerResponse = Readonly<Record<string, never>>;

/** CRI message `RemoveImageRequest`. */
export interface RemoveImageRequest {
  readonly image: ImageSpec;
}

/** CRI message `RemoveImageResponse`. */
export type RemoveImageResponse = Readonly<Record<string, never>>;

/** CRI message `RemovePodSandboxRequest`. */
export interface RemovePodSandboxRequest {
  readonly podSandboxId: string;
}

/** CRI message `RemovePodSandboxResponse`. */
export type RemovePodSandboxResponse = Readonly<Record<string, never>>;

/** CRI message `ReopenContainerLogRequest`. */
export interface ReopenContainerLogRequest {
  readonly containerId: string;
}

/** CRI message `ReopenContainerLogResponse`. */
export type ReopenContainerLogResponse = Readonly<Record<string, never>>;

/** CRI message `RunPodSandboxRequest`. */
export interface RunPodSandboxRequest {
  readonly config: PodSandboxConfig;
  readonly runtimeHandler?: string;
}

/** CRI message `RunPodSandboxResponse`. */
export interface RunPodSandboxResponse {
  readonly podSandboxId: string;
}

/** CRI message `RuntimeCondition`. */
export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** CRI message `RuntimeConfig`. */
export interface RuntimeConfig {
  readonly networkConfig?: NetworkConfig;
}

/** CRI message `RuntimeConfigRequest`. */
export type RuntimeConfigRequest = Readonly<Record<string, never>>;

/** CRI message `RuntimeConfigResponse`. */
export interface RuntimeConfigResponse {
  readonly linux?: LinuxRuntimeConfiguration;
}

/** CRI message `RuntimeFeatures`. */
export interface RuntimeFeatures {
  readonly supplementalGroupsPolicy?: boolean;
  readonly userNamespacesHostNetwork?: boolean;
}

/** CRI message `RuntimeHandler`. */
export interface RuntimeHandler {
  readonly name?: string;
  readonly features?: RuntimeHandlerFeatures;
}

/** CRI message `RuntimeHandlerFeatures`. */
export interface RuntimeHandlerFeatures {
  readonly recursiveReadOnlyMounts?: boolean;
  readonly userNamespaces?: boolean;
}

/** CRI message `RuntimeStatus`. */
export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
}

/** CRI message `SELinuxOption`. */
export interface SELinuxOption {
  readonly user?: string;
  readonly role?: string;
  readonly type?: string;
  readonly level?: string;
}

/** CRI message `SecurityProfile`. */
export interface SecurityProfile {
  readonly profileType?: SecurityProfileProfileType;
  readonly localhostRef?: string;
}

/** CRI enum `SecurityProfile.ProfileType`. */
export type SecurityProfileProfileType =
  | 'RuntimeDefault'
  | 'Unconfined'
  | 'Localhost';

/** CRI enum `Signal`. */
export type Signal =
  | 'RUNTIME_DEFAULT'
  | 'SIGABRT'
  | 'SIGALRM'
  | 'SIGBUS'
  | 'SIGCHLD'
  | 'SIGCLD'
  | 'SIGCONT'
  | 'SIGFPE'
  | 'SIGHUP'
  | 'SIGILL'
  | 'SIGINT'
  | 'SIGIO'
  | 'SIGIOT'
  | 'SIGKILL'
  | 'SIGPIPE'
  | 'SIGPOLL'
  | 'SIGPROF'
  | 'SIGPWR'
  | 'SIGQUIT'
  | 'SIGSEGV'
  | 'SIGSTKFLT'
  | 'SIGSTOP'
  | 'SIGSYS'
  | 'SIGTERM'
  | 'SIGTRAP'
  | 'SIGTSTP'
  | 'SIGTTIN'
  | 'SIGTTOU'
  | 'SIGURG'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGVTALRM'
  | 'SIGWINCH'
  | 'SIGXCPU'
  | 'SIGXFSZ'
  | 'SIGRTMIN'
  | 'SIGRTMINPLUS1'
  | 'SIGRTMINPLUS2'
  | 'SIGRTMINPLUS3'
  | 'SIGRTMINPLUS4'
  | 'SIGRTMINPLUS5'
  | 'SIGRTMINPLUS6'
  | 'SIGRTMINPLUS7'
  | 'SIGRTMINPLUS8'
  | 'SIGRTMINPLUS9'
  | 'SIGRTMINPLUS10'
  | 'SIGRTMINPLUS11'
  | 'SIGRTMINPLUS12'
  | 'SIGRTMINPLUS13'
  | 'SIGRTMINPLUS14'
  | 'SIGRTMINPLUS15'
  | 'SIGRTMAXMINUS14'
  | 'SIGRTMAXMINUS13'
  | 'SIGRTMAXMINUS12'
  | 'SIGRTMAXMINUS11'
  | 'SIGRTMAXMINUS10'
  | 'SIGRTMAXMINUS9'
  | 'SIGRTMAXMINUS8'
  | 'SIGRTMAXMINUS7'
  | 'SIGRTMAXMINUS6'
  | 'SIGRTMAXMINUS5'
  | 'SIGRTMAXMINUS4'
  | 'SIGRTMAXMINUS3'
  | 'SIGRTMAXMINUS2'
  | 'SIGRTMAXMINUS1'
  | 'SIGRTMAX';

/** CRI message `StartContainerRequest`. */
export interface StartContainerRequest {
  readonly containerId: string;
}

/** CRI message `StartContainerResponse`. */
export type StartContainerResponse = Readonly<Record<string, never>>;

/** CRI message `StatusRequest`. */
export interface StatusRequest {
  readonly verbose?: boolean;
}

/** CRI message `StatusResponse`. */
export interface StatusResponse {
  readonly status: RuntimeStatus;
  readonly info?: Readonly<Record<string, string>>;
  readonly runtimeHandlers?: readonly RuntimeHandler[];
  readonly features?: RuntimeFeatures;
}

/** CRI message `StopContainerRequest`. */
export interface StopContainerRequest {
  readonly containerId: string;
  readonly timeout?: number;
}

/** CRI message `StopContainerResponse`. */
export type StopContainerResponse = Readonly<Record<string, never>>;

/** CRI message `StopPodSandboxRequest`. */
export interface StopPodSandboxRequest {
  readonly podSandboxId: string;
}

/** CRI message `StopPodSandboxResponse`. */
export type StopPodSandboxResponse = Readonly<Record<string, never>>;

/** CRI enum `SupplementalGroupsPolicy`. */
export type SupplementalGroupsPolicy =
  | 'Merge'
  | 'Strict';

/** CRI message `SwapUsage`. */
export interface SwapUsage {
  readonly timestamp?: number;
  readonly swapAvailableBytes?: UInt64Value;
  readonly swapUsageBytes?: UInt64Value;
}

/** CRI message `UInt64Value`. */
export interface UInt64Value {
  readonly value: number;
}

/** CRI message `UpdateContainerResourcesRequest`. */
export interface UpdateContainerResourcesRequest {
  readonly containerId: string;
  readonly linux?: LinuxContainerResources;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** CRI message `UpdateContainerResourcesResponse`. */
export type UpdateContainerResourcesResponse = Readonly<Record<string, never>>;

/** CRI message `UpdatePodSandboxResourcesRequest`. */
export interface UpdatePodSandboxResourcesRequest {
  readonly podSandboxId: string;
  readonly overhead?: LinuxContainerResources;
  readonly resources?: LinuxContainerResources;
}

/** CRI message `UpdatePodSandboxResourcesResponse`. */
export type UpdatePodSandboxResourcesResponse = Readonly<Record<string, never>>;

/** CRI message `UpdateRuntimeConfigRequest`. */
export interface UpdateRuntimeConfigRequest {
  readonly runtimeConfig?: RuntimeConfig;
}

/** CRI message `UpdateRuntimeConfigResponse`. */
export type UpdateRuntimeConfigResponse = Readonly<Record<string, never>>;

/** CRI message `UserNamespace`. */
export interface UserNamespace {
  readonly mode?: NamespaceMode;
  readonly uids?: readonly IDMapping[];
  readonly gids?: readonly IDMapping[];
}

/** CRI message `VersionRequest`. */
export interface VersionRequest {
  readonly version?: string;
}

/** CRI message `VersionResponse`. */
export interface VersionResponse {
  readonly version: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}
