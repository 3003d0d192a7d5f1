import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'mocha';
import { repository } from '../data.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

/** A sanitizer has an allocator of its own. */
const sanitized = process.env['ASAN_OPTIONS'] === undefined ? false : 'a sanitizer is at work';

describe('the pool of pictures', () => {
  const folder = temporaryFolder('pixel-pool');

  // In C++, where each single allocation can be made to fail.
  itUnless(
    sanitized,
    'lends up to its limit whichever allocation fails, and takes pictures back without allocating',
    () => {
      const program = join(folder, 'pool');
      writeFileSync(
        `${program}.cc`,
        `
      #include <cstdio>
      #include <cstdlib>
      #include <new>
      #include "camera/pixel_pool.h"

      static int left = -1; // allocations until one fails; negative: none does
      static bool none = false;
      void* operator new(std::size_t size) {
        if (none || left == 0) { left = -1; throw std::bad_alloc(); }
        if (left > 0) left--;
        return std::malloc(size);
      }
      void operator delete(void* memory) noexcept { std::free(memory); }
      void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

      int main() {
        int failed = 0;
        for (int which = 0; which < 8; which++) {
          auto pool = std::make_shared<camera::PixelPool>();
          left = which;
          try {
            pool->Lend(16, 2);
          } catch (const std::bad_alloc&) {
            failed++;
          }
          left = -1;
          auto first = pool->Lend(16, 2);
          auto second = pool->Lend(16, 2);
          if (!first || !second || pool->Lend(16, 2)) return std::printf("allocation %d: not two\\n", which), 1;
          none = true;
          first.reset();
          second.reset();
          none = false;
          if (!pool->Lend(16, 2)) return std::puts("none came back"), 1;
        }
        return failed > 2 ? 0 : 1;
      }`,
      );
      const source = join(repository, 'native');
      const files = [`${program}.cc`, join(source, 'camera/pixel_pool.cc')];
      execFileSync('c++', ['-std=c++17', '-pthread', '-I', source, '-o', program, ...files]);
      execFileSync(program, { stdio: ['ignore', 'inherit', 'inherit'] });
    },
  );
});
