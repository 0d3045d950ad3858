export { createKubernetesRoutes } from './routes.ts';
export type { AccessWish, KubernetesOptions } from './options.ts';
