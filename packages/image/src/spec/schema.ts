import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/, 'must be lower-case letters and digits, parted by . _ or -')
  .max(128);
const tag = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, 'must be a tag: letters, digits, _ . -');
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package');
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits');
const id = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** A string, because YAML reads 0755 as the decimal number 755. */
const mode = z.string().regex(/^[0-7]{3,4}$/, 'must be three or four octal digits in quotes, as "0755"');
const path = z
  .string()
  .max(4096)
  .regex(/^\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, 'must be an absolute path without a slash at its end')
  .refine(
    (text) => !text.split('/').some((part) => part === '.' || part === '..' || part.startsWith('.wh.')),
    'must not hold . or .. or .wh. names',
  );
/** Relative to the package's root, or absolute: the same. */
const pattern = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\0]*$/);
const relative = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^/\0]/, 'must be a relative path')
  .refine((text) => !text.split('/').includes('..'), 'must not lead upwards');
const accountName = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of an account');
const field = z
  .string()
  .max(1024)
  .regex(/^[^:\n\0]*$/, 'must not hold a colon or line break');
const text = z
  .string()
  .max(65536)
  .regex(/^[^\0]*$/);
const annotations = z.record(z.string().min(1).max(512), text);

const excludes = z
  .array(pattern)
  .describe('What of the packages is left out: patterns, or `docs` for manuals and documentation. Copyright files always stay.');

const packageUse = z.union([
  packageName,
  z.strictObject({
    name: packageName,
    include: z.array(pattern).min(1).optional().describe('Only what matches one of these patterns.'),
    exclude: excludes.optional(),
  }),
]);

const users = z.array(
  z.strictObject({
    name: accountName,
    uid: id,
    gid: id,
    home: path.default('/nonexistent'),
    shell: path.default('/sbin/nologin'),
    gecos: field.optional().describe('Default: the name.'),
    homeMode: mode.optional().describe('Makes the home directory, owned by the account, with these permissions.'),
  }),
);
const groups = z.array(z.strictObject({ name: accountName, gid: id, members: z.array(accountName).default([]) }));

const generate = z.strictObject({
  root: z.boolean().optional().describe('The root directory, /tmp and the links of a merged /usr. Default: true without a base.'),
  nsswitch: z.boolean().default(false).describe('/etc/nsswitch.conf'),
  osRelease: z
    .record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string().regex(/^[^\n\0"\\$`]*$/))
    .optional()
    .describe('/usr/lib/os-release, and /etc/os-release that leads to it'),
  certificates: z
    .boolean()
    .default(false)
    .describe('/etc/ssl/certs/ca-certificates.crt, made from the package ca-certificates of the lock'),
  libraryCache: z.boolean().default(false).describe('/etc/ld.so.cache, as ldconfig would make it'),
  locale: z.enum(['C.UTF-8']).optional().describe('The locale’s files, from the package libc-bin of the lock'),
  busybox: path.optional().describe('A directory with links of all applets to busybox of the package busybox-static'),
});

const paths = z.array(
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('directory'), path, mode: mode.default('0755'), user: id.default(0), group: id.default(0) }),
    z.strictObject({
      type: z.literal('file'),
      path,
      content: text.default(''),
      mode: mode.default('0644'),
      user: id.default(0),
      group: id.default(0),
    }),
    z.strictObject({ type: z.literal('symlink'), path, target: text.min(1) }),
    z.strictObject({ type: z.literal('permissions'), path, mode: mode.optional(), user: id.optional(), group: id.optional() }),
  ]),
);

const files = z.array(
  z.strictObject({
    source: relative.describe('File or directory, relative to the directory of local files'),
    path: path.describe('Where it stands in the image'),
    mode: mode.optional().describe('Of files. Default: 0755 for what is executable, else 0644'),
    user: id.default(0),
    group: id.default(0),
  }),
);

const config = z.strictObject({
  user: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)?$/)
    .optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text).optional(),
  entrypoint: z.array(text).optional(),
  cmd: z.array(text).optional(),
  workdir: path.optional(),
  labels: annotations.optional(),
  stopSignal: z
    .string()
    .regex(/^(?:SIG[A-Z0-9+-]+|[0-9]+)$/)
    .optional(),
  exposedPorts: z.array(z.string().regex(/^[0-9]{1,5}(?:\/(?:tcp|udp|sctp))?$/)).optional(),
});

const parts = {
  packages: z
    .union([z.literal('all'), z.array(packageUse)])
    .optional()
    .describe('Which of the lock’s packages, in the order of their layers; or `all`.'),
  generate: generate.optional(),
  paths: paths.optional(),
  files: files.optional(),
  config: config.optional(),
  annotations: annotations.optional(),
};

export const imageSpecSchema = z
  .strictObject({
    version: z.literal(1).describe('Of this format.'),
    name,
    architectures: z
      .array(z.enum(['amd64', 'arm64', 'armhf', 'i386', 'ppc64el', 'riscv64', 's390x']))
      .min(1)
      .default(['amd64'])
      .describe('Debian’s names. One gives an image manifest, several an index.'),
    lock: z
      .union([relative, z.record(z.string(), relative)])
      .optional()
      .describe('The lock file, or one for each architecture, beside this file. A hint to the caller, who gives the lock.'),
    base: z
      .strictObject({
        image: z.string().min(1).describe('Name of the image below, or a reference to it'),
        tag: tag.default('latest').describe('Which image of its layout'),
        digest: digest.optional().describe('If given, the base must have it'),
      })
      .optional(),
    exclude: excludes.optional(),
    usrMerge: z.boolean().default(true).describe('Put what packages have under /bin, /sbin and /lib* under /usr.'),
    accounts: z.strictObject({ users: users.default([]), groups: groups.default([]) }).optional(),
    ...parts,
    variants: z
      .record(tag, z.strictObject(parts).nullable())
      .optional()
      .describe('Tag → what this variant has on top of, or sets otherwise than, the rest of the file. Default: one, `latest`.'),
  })
  .describe('Colophon image specification');

export type ImageSpec = z.output<typeof imageSpecSchema>;
export type PackageUse = Exclude<z.output<typeof packageUse>, string>;
export type GenerateSpec = z.output<typeof generate>;
export type PathSpec = z.output<typeof paths>[number];
export type FilesSpec = z.output<typeof files>[number];
export type ConfigSpec = z.output<typeof config>;
export type AccountsSpec = NonNullable<ImageSpec['accounts']>;
export type VariantSpec = NonNullable<NonNullable<ImageSpec['variants']>[string]>;

/** The published JSON Schema (2020-12) of a specification as people write it; docs/formats/image-spec.schema.json is this. */
export function imageSpecJsonSchema(): object {
  return z.toJSONSchema(imageSpecSchema, { io: 'input' });
}
