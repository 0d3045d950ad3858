/** What the signer needs of the store's module of durable writes: each resolves once the file and its directory entry are on disk. */
export interface DurableFiles {
  writeFile(path: string, data: string, options: { mode: number }): Promise<void>;
  /** False if it exists already. */
  createFile(path: string, data: string, options: { mode: number }): Promise<boolean>;
  createDirectory(path: string, options: { mode: number }): Promise<void>;
}

/** Loaded when a signer starts and not before: verifying with this room must not load a database. */
export async function durableFiles(): Promise<DurableFiles> {
  const store = (await import('@colophon/store')) as unknown as { readonly durable: DurableFiles };
  return store.durable;
}
