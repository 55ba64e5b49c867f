/** Where an instance of containerd has its things. */
export interface ContainerdPaths {
  /** Of everything that follows. */
  readonly folder: string;
  readonly socket: string;
}

/** The network of an instance. */
export interface ContainerdNetwork {
  readonly bridge: string;
  /** Such as `10.231.7.0/24`. */
  readonly subnet: string;
}

/** What an instance's configuration is made of. */
export interface ContainerdConfigInput {
  readonly paths: ContainerdPaths;
  readonly pluginDirectory: string;
}

/**
 * containerd's configuration for an instance of its own: own root, state and socket, cgroupfs, images from the registries of `certs.d`. It never lowers an OOM score, for which root may lack the right, and
 * keeps network namespaces in its own folder.
 */
export function containerdConfig({ paths: { folder, socket }, pluginDirectory }: ContainerdConfigInput): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.restart", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.6"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${folder}/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${pluginDirectory}"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${folder}/runc"
      SystemdCgroup = false
`;
}

/** Where all registries are to be had; there is no other place to ask. */
export function registryHosts(url: string): string {
  return `server = "${url}"\n\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`;
}

/** The network of Pods: a bridge, and addresses from its range. */
export function networkConfig({ folder }: ContainerdPaths, { bridge, subnet }: ContainerdNetwork): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: `${folder}/ipam`, ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  });
}
