/** What long work tells on the way. Sizes are in bytes. */
export type DebianProgress =
  | { readonly kind: 'suite'; readonly suite: string; readonly date: string; readonly signedBy: readonly string[] }
  | { readonly kind: 'index'; readonly path: string }
  | { readonly kind: 'resolved'; readonly packages: number; readonly size: number }
  | { readonly kind: 'chain'; readonly suite: string; readonly level: 'pinned' | 'listed' | 'lock'; readonly reason?: string }
  | { readonly kind: 'download'; readonly received: number; readonly total: number; readonly packages: number; readonly of: number };
