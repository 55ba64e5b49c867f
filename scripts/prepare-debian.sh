#!/usr/bin/env bash
# Prepares a Debian machine for the end-to-end tests: kubectl, etcd, a browser, and for containers containerd, runc, the CNI plugins and a static busybox, of which the tests build
# their images (pause too) and serve them from a registry of their own. Installs only what is missing.
set -euo pipefail

need() { # need COMMAND PACKAGE: the package, when there is no such command
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}

packages=()
need kubectl kubernetes-client
need etcd etcd-server
need etcdctl etcd-client
need openssl openssl
need nft nftables
need ip iproute2
need chromium chromium
# Containers can be run by root on Linux alone.
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ]; then
  need containerd containerd
  need runc runc
  need busybox busybox-static
  need ip iproute2
  need ps procps
  [ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || packages+=(containernetworking-plugins)
fi

if [ "${#packages[@]}" -gt 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
