import { parseProtoTable, type ProtoTable } from '@kybern/runtime-cri/grpc-kit';

/** The version that both sides speak. */
export const DEVICE_PLUGIN_VERSION = 'v1beta1';
/** Where the agent listens, in the folder in which plugins listen, too. */
export const KUBELET_SOCKET = 'kubelet.sock';

/**
 * The protocol of device plugins.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.proto
 */
export const devicePluginProtocol: ProtoTable = parseProtoTable(
  `service Registration
  Register RegisterRequest Empty
service DevicePlugin
  GetDevicePluginOptions Empty DevicePluginOptions
  ListAndWatch Empty stream ListAndWatchResponse
  GetPreferredAllocation PreferredAllocationRequest PreferredAllocationResponse
  Allocate AllocateRequest AllocateResponse
  PreStartContainer PreStartContainerRequest PreStartContainerResponse
msg AllocateRequest: container_requests=1 []ContainerAllocateRequest
msg AllocateResponse: container_responses=1 []ContainerAllocateResponse
msg CDIDevice: name=1 string
msg ContainerAllocateRequest: devices_ids=1 []string
msg ContainerAllocateResponse: envs=1 map<string,string>, mounts=2 []Mount, devices=3 []DeviceSpec, annotations=4 map<string,string>, cdi_devices=5 []CDIDevice
msg ContainerPreferredAllocationRequest: available_deviceIDs=1 []string, must_include_deviceIDs=2 []string, allocation_size=3 int32
msg ContainerPreferredAllocationResponse: deviceIDs=1 []string
msg Device: ID=1 string, health=2 string, topology=3 TopologyInfo
msg DevicePluginOptions: pre_start_required=1 bool, get_preferred_allocation_available=2 bool
msg DeviceSpec: container_path=1 string, host_path=2 string, permissions=3 string
msg Empty:
msg ListAndWatchResponse: devices=1 []Device
msg Mount: container_path=1 string, host_path=2 string, read_only=3 bool
msg NUMANode: ID=1 int64
msg PreStartContainerRequest: devices_ids=1 []string
msg PreStartContainerResponse:
msg PreferredAllocationRequest: container_requests=1 []ContainerPreferredAllocationRequest
msg PreferredAllocationResponse: container_responses=1 []ContainerPreferredAllocationResponse
msg RegisterRequest: version=1 string, endpoint=2 string, resource_name=3 string, options=4 DevicePluginOptions
msg TopologyInfo: nodes=1 []NUMANode
`,
  { package: DEVICE_PLUGIN_VERSION },
);

/** What a plugin says when it registers. */
export interface RegisterRequest {
  readonly version: string;
  /** The name of its socket, beside the agent's. */
  readonly endpoint: string;
  /** Such as `nvidia.com/gpu`. */
  readonly resourceName: string;
  readonly options?: DevicePluginOptions;
}

/** What a plugin wants to be asked. */
export interface DevicePluginOptions {
  readonly preStartRequired: boolean;
  readonly getPreferredAllocationAvailable: boolean;
}

/** A device as its plugin tells of it. */
export interface PluginDevice {
  readonly ID: string;
  /** `Healthy`, or not. */
  readonly health: string;
}

/** What a container gets with its devices. */
export interface ContainerDevices {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string; readonly readOnly: boolean }[];
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly { readonly name: string }[];
}
