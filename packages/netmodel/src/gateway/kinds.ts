import { defineKind, type Kind, type KubernetesObject } from '@kybern/core';

/** A reference to an object; the defaults of `group`, `kind` and `namespace` depend on the place it stands in. */
export interface ObjectRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Which controller serves the Gateways of a class. */
export interface GatewayClass extends KubernetesObject {
  readonly spec: { readonly controllerName: string; readonly description?: string; readonly parametersRef?: ObjectRef };
}

/** One port that a Gateway listens on. */
export interface GatewayListener {
  readonly name: string;
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: { readonly mode?: string; readonly certificateRefs?: readonly ObjectRef[] };
  readonly allowedRoutes?: {
    readonly namespaces?: { readonly from?: string; readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> } };
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[];
  };
}

/** A proxy: its listeners and, in its status, the addresses it is reached at. */
export interface Gateway extends KubernetesObject {
  readonly spec: { readonly gatewayClassName: string; readonly listeners: readonly GatewayListener[] };
}

/** A reference of an HTTPRoute to the Gateway, or one listener of it, that it wants to be served by. */
export interface ParentRef extends ObjectRef {
  readonly sectionName?: string;
  readonly port?: number;
}

/** A Service's port that a rule sends requests to. */
export interface BackendRef extends ObjectRef {
  readonly port?: number;
  readonly weight?: number;
}

/** A new path of a redirect or rewrite. */
export interface PathModifier {
  readonly type: string;
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}

/** Headers to change. */
export interface HeaderModifier {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

/** What a rule does to requests or answers. */
export interface HttpRouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier;
  readonly responseHeaderModifier?: HeaderModifier;
  readonly requestRedirect?: {
    readonly scheme?: string;
    readonly hostname?: string;
    readonly port?: number;
    readonly path?: PathModifier;
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathModifier };
  readonly requestMirror?: { readonly backendRef: BackendRef };
}

/** Which requests a rule is for; all parts must match. */
export interface HttpRouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
  readonly queryParams?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
  readonly method?: string;
}

/** Matches, filters and backends. */
export interface HttpRouteRule {
  readonly name?: string;
  readonly matches?: readonly HttpRouteMatch[];
  readonly filters?: readonly HttpRouteFilter[];
  readonly backendRefs?: readonly BackendRef[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
}

/** Routes of HTTP requests from Gateways to Services. */
export interface HTTPRoute extends KubernetesObject {
  readonly spec: { readonly parentRefs?: readonly ParentRef[]; readonly hostnames?: readonly string[]; readonly rules?: readonly HttpRouteRule[] };
}

/** Lets objects of other namespaces refer to some of its own. */
export interface ReferenceGrant extends KubernetesObject {
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** The API group of the Gateway API. */
export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

const text = { type: 'string' } as const;
const name = { type: 'string', minLength: 1, maxLength: 253 } as const;
const port = { type: 'integer', minimum: 1, maximum: 65535 } as const;
const hostname = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: String.raw`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`,
} as const;
const ref = { group: { type: 'string', maxLength: 253 }, kind: text, name, namespace: { type: 'string', minLength: 1, maxLength: 63 } } as const;
const objectRef = { type: 'object', required: ['name'], properties: ref } as const;
const backendRef = { type: 'object', required: ['name'], properties: { ...ref, port, weight: { type: 'integer', minimum: 0, maximum: 1_000_000 } } } as const;
const headerValue = { type: 'object', required: ['name', 'value'], properties: { name, value: { type: 'string', maxLength: 4096 } } } as const;
const headerModifier = {
  type: 'object',
  properties: {
    set: { type: 'array', maxItems: 16, items: headerValue },
    add: { type: 'array', maxItems: 16, items: headerValue },
    remove: { type: 'array', maxItems: 16, items: text },
  },
} as const;
const pathModifier = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: ['ReplaceFullPath', 'ReplacePrefixMatch'] },
    replaceFullPath: { type: 'string', maxLength: 1024 },
    replacePrefixMatch: { type: 'string', maxLength: 1024 },
  },
} as const;
const conditions = {
  type: 'array',
  items: {
    type: 'object',
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
    properties: { type: text, status: text, reason: text, message: text, lastTransitionTime: text, observedGeneration: { type: 'integer' } },
  },
} as const;
const valueMatch = {
  type: 'object',
  required: ['name', 'value'],
  properties: {
    type: { type: 'string', enum: ['Exact', 'RegularExpression'], default: 'Exact' },
    name,
    value: { type: 'string', minLength: 1, maxLength: 4096 },
  },
} as const;
const duration = { type: 'string', pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' } as const;
const kindRef = { type: 'object', required: ['kind'], properties: { group: text, kind: text } } as const;

const define = (definition: Omit<Parameters<typeof defineKind>[0], 'categories' | 'group'>): Kind<KubernetesObject> =>
  defineKind({ ...definition, group: GATEWAY_GROUP, categories: ['gateway-api'] }) as unknown as Kind<KubernetesObject>;

/** The kind GatewayClass of gateway.networking.k8s.io/v1. */
export const GatewayClass: Kind<GatewayClass> = define({
  version: 'v1',
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  scope: 'Cluster',
  shortNames: ['gc'],
  spec: {
    type: 'object',
    required: ['controllerName'],
    properties: {
      controllerName: { type: 'string', minLength: 1, maxLength: 253, pattern: '^[a-z0-9.-]+/[A-Za-z0-9/._~%!$&()*+,;=:-]+$' },
      description: { type: 'string', maxLength: 64 },
      parametersRef: objectRef,
    },
  },
  status: { type: 'object', properties: { conditions } },
}) as Kind<GatewayClass>;

/** The kind Gateway of gateway.networking.k8s.io/v1. */
export const Gateway: Kind<Gateway> = define({
  version: 'v1',
  kind: 'Gateway',
  plural: 'gateways',
  scope: 'Namespaced',
  shortNames: ['gtw'],
  spec: {
    type: 'object',
    required: ['gatewayClassName', 'listeners'],
    properties: {
      gatewayClassName: name,
      addresses: { type: 'array', maxItems: 16, items: { type: 'object', properties: { type: text, value: text } } },
      listeners: {
        type: 'array',
        minItems: 1,
        maxItems: 64,
        items: {
          type: 'object',
          required: ['name', 'port', 'protocol'],
          properties: {
            name,
            hostname,
            port,
            protocol: { type: 'string', minLength: 1, maxLength: 255 },
            tls: {
              type: 'object',
              properties: {
                mode: { type: 'string', enum: ['Terminate', 'Passthrough'], default: 'Terminate' },
                certificateRefs: { type: 'array', maxItems: 64, items: objectRef },
                options: { type: 'object', additionalProperties: text },
              },
            },
            allowedRoutes: {
              type: 'object',
              properties: {
                namespaces: {
                  type: 'object',
                  properties: {
                    from: { type: 'string', enum: ['All', 'Selector', 'Same', 'None'], default: 'Same' },
                    selector: { type: 'object', properties: { matchLabels: { type: 'object', additionalProperties: text } } },
                  },
                },
                kinds: { type: 'array', maxItems: 8, items: kindRef },
              },
            },
          },
        },
      },
    },
  },
  status: {
    type: 'object',
    properties: {
      addresses: { type: 'array', items: { type: 'object', required: ['value'], properties: { type: text, value: text } } },
      conditions,
      listeners: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'attachedRoutes', 'conditions'],
          properties: { name, attachedRoutes: { type: 'integer' }, supportedKinds: { type: 'array', items: kindRef }, conditions },
        },
      },
    },
  },
}) as Kind<Gateway>;

/** The kind HTTPRoute of gateway.networking.k8s.io/v1. */
export const HTTPRoute: Kind<HTTPRoute> = define({
  version: 'v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  scope: 'Namespaced',
  spec: {
    type: 'object',
    properties: {
      parentRefs: { type: 'array', maxItems: 32, items: { type: 'object', required: ['name'], properties: { ...ref, sectionName: name, port } } },
      hostnames: { type: 'array', maxItems: 16, items: hostname },
      rules: {
        type: 'array',
        minItems: 1,
        maxItems: 16,
        items: {
          type: 'object',
          properties: {
            name,
            matches: {
              type: 'array',
              maxItems: 64,
              items: {
                type: 'object',
                properties: {
                  path: {
                    type: 'object',
                    properties: {
                      type: { type: 'string', enum: ['Exact', 'PathPrefix', 'RegularExpression'], default: 'PathPrefix' },
                      value: { type: 'string', maxLength: 1024, default: '/' },
                    },
                  },
                  headers: { type: 'array', maxItems: 16, items: valueMatch },
                  queryParams: { type: 'array', maxItems: 16, items: valueMatch },
                  method: { type: 'string', enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] },
                },
              },
            },
            filters: {
              type: 'array',
              maxItems: 16,
              items: {
                type: 'object',
                required: ['type'],
                properties: {
                  type: {
                    type: 'string',
                    enum: ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'RequestRedirect', 'URLRewrite', 'ExtensionRef'],
                  },
                  requestHeaderModifier: headerModifier,
                  responseHeaderModifier: headerModifier,
                  requestRedirect: {
                    type: 'object',
                    properties: {
                      scheme: { type: 'string', enum: ['http', 'https'] },
                      hostname,
                      port,
                      path: pathModifier,
                      statusCode: { type: 'integer', enum: [301, 302, 303, 307, 308], default: 302 },
                    },
                  },
                  urlRewrite: { type: 'object', properties: { hostname, path: pathModifier } },
                  requestMirror: { type: 'object', required: ['backendRef'], properties: { backendRef } },
                  extensionRef: objectRef,
                },
              },
            },
            backendRefs: { type: 'array', maxItems: 16, items: backendRef },
            timeouts: { type: 'object', properties: { request: duration, backendRequest: duration } },
          },
        },
      },
    },
  },
  status: {
    type: 'object',
    properties: {
      parents: {
        type: 'array',
        items: {
          type: 'object',
          required: ['parentRef', 'controllerName'],
          properties: { parentRef: { type: 'object', required: ['name'], properties: { ...ref, sectionName: name, port } }, controllerName: text, conditions },
        },
      },
    },
  },
}) as Kind<HTTPRoute>;

/** The kind ReferenceGrant of gateway.networking.k8s.io/v1beta1. */
export const ReferenceGrant: Kind<ReferenceGrant> = define({
  version: 'v1beta1',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  scope: 'Namespaced',
  shortNames: ['refgrant'],
  spec: {
    type: 'object',
    required: ['from', 'to'],
    properties: {
      from: {
        type: 'array',
        minItems: 1,
        maxItems: 16,
        items: { type: 'object', required: ['group', 'kind', 'namespace'], properties: { group: text, kind: text, namespace: text } },
      },
      to: { type: 'array', minItems: 1, maxItems: 16, items: { type: 'object', required: ['group', 'kind'], properties: { group: text, kind: text, name } } },
    },
  },
}) as Kind<ReferenceGrant>;
