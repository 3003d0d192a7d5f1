/**
 * The enclave in `--ros-args`, the last one if there are several (rcl/arguments.c). The flags of ROS are between `--ros-args` and `--`
 * or the end.
 *
 * @example enclaveOf(['node', 'segment', '--ros-args', '--enclave', '/front']) // '/front'
 */
export function enclaveOf(argv: readonly string[]): string | undefined {
  let enclave: string | undefined;
  let within = false;
  for (const [index, argument] of argv.entries()) {
    if (argument === '--ros-args') within = true;
    else if (argument === '--') within = false;
    else if (within && (argument === '--enclave' || argument === '-e')) enclave = argv[index + 1] ?? enclave;
  }
  return enclave;
}
