// Compresses the fonts that subset.py made: FONT.br beside each, which is what the package ships.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [folder] = process.argv.slice(2);
for (const name of readdirSync(folder).filter((file) => /\.(ttf|otf)$/.test(file))) {
  const path = join(folder, name);
  const font = readFileSync(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_FONT,
  };
  const packed = brotliCompressSync(font, { params });
  writeFileSync(`${path}.br`, packed);
  rmSync(path);
  console.log(`${path}.br: ${packed.length} bytes of ${font.length}`);
}
