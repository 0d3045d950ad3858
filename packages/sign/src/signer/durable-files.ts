/** The store's module of durable writes, loaded when a signer starts and not before: verifying with this room must not load a database. */
export async function durableFiles(): Promise<(typeof import('@colophon/store'))['durable']> {
  return (await import('@colophon/store')).durable;
}
