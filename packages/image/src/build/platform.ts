/** What an image says that it runs on (OCI image-spec, config.md). */
export interface Platform {
  readonly os: 'linux';
  readonly architecture: string;
  readonly variant?: string;
}

const platforms: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  amd64: { architecture: 'amd64' },
  arm64: { architecture: 'arm64', variant: 'v8' },
  armhf: { architecture: 'arm', variant: 'v7' },
  i386: { architecture: '386' },
  ppc64el: { architecture: 'ppc64le' },
  riscv64: { architecture: 'riscv64' },
  s390x: { architecture: 's390x' },
};

/** Debian's name of an architecture → the platform; the specification's schema lists the same names. */
export function platformOf(architecture: string): Platform {
  return { os: 'linux', ...(platforms[architecture] ?? { architecture }) };
}

/** Debian's name for a platform's architecture. */
export function debianArchitecture(platform: { readonly architecture: string }): string {
  return Object.keys(platforms).find((name) => platforms[name]?.architecture === platform.architecture) ?? platform.architecture;
}
