import { benchmarks } from './bench/kubelet.ts';
for (let i = 0; i < 3; i++) {
  console.log(await benchmarks[2]!.run());
}
