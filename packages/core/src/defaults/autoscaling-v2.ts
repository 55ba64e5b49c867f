import type { MutableJson } from '../kind-model.ts';
import { isEmpty, items, pointer, struct, type DefaultsByKind } from './access.ts';
import { setQuantityForm } from './resource-list.ts';

const CPU_UTILIZATION_PERCENT = 80;
const SOURCES = ['resource', 'containerResource', 'pods', 'object', 'external'];

/** @see kubernetes v1.36 pkg/apis/autoscaling/v2/defaults.go */
export const defaults: DefaultsByKind = { HorizontalPodAutoscaler: setAutoscalerDefaults };

function setAutoscalerDefaults(autoscaler: MutableJson): void {
  const spec = struct(autoscaler, 'spec');
  spec.minReplicas ??= 1;
  if (isEmpty(spec.metrics)) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_UTILIZATION_PERCENT } } }];
  }
  for (const metric of items(spec.metrics)) for (const source of SOURCES) setTargetForm(pointer(pointer(metric[source])?.target));
  const behavior = pointer(spec.behavior);
  if (behavior === undefined) return;
  setScaleUpDefaults(struct(behavior, 'scaleUp'));
  setScaleDownDefaults(struct(behavior, 'scaleDown'));
}

function setTargetForm(target: MutableJson | undefined): void {
  if (target === undefined) return;
  setQuantityForm(target, 'value');
  setQuantityForm(target, 'averageValue');
}

function setScaleUpDefaults(rules: MutableJson): void {
  rules.stabilizationWindowSeconds ??= 0;
  rules.selectPolicy ??= 'Max';
  rules.policies ??= [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ];
}

/** The stabilization window has no default here: the controller has one. */
function setScaleDownDefaults(rules: MutableJson): void {
  rules.selectPolicy ??= 'Max';
  rules.policies ??= [{ type: 'Percent', value: 100, periodSeconds: 15 }];
}
