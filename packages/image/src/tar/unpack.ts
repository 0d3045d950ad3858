import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { imageErrors } from '../errors.ts';

const gunzipAsync = promisify(gunzip);

/** Of one layer, uncompressed. */
export const layerLimit = 2 ** 31 - 1;

/** The tar archive of a layer: plain, gzip (any number of members) or zstd, told by its first bytes. Throws IMAGE_LAYER_INVALID, IMAGE_LIMIT. */
export async function unpackLayer(blob: Buffer, what: string, limit = layerLimit): Promise<Buffer> {
  try {
    if (blob[0] === 0x1f && blob[1] === 0x8b) return await gunzipAsync(blob, { maxOutputLength: limit });
    if (blob.length > 4 && blob.readUInt32LE(0) === 0xfd2fb528) return await promisify(zstdDecompress)(blob, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw imageErrors.error('IMAGE_LIMIT', `${what} decompresses to more than ${limit} bytes`, { cause });
    }
    throw imageErrors.error('IMAGE_LAYER_INVALID', `${what}: ${(cause as Error).message}`, { cause });
  }
  if (blob.length > limit) throw imageErrors.error('IMAGE_LIMIT', `${what} has more than ${limit} bytes`);
  return blob;
}
