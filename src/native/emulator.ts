/** Functions of the emulated libdnn, for tests (native/emulator/bindings.cc, docs/emulator.md). */
export interface NativeEmulator {
  /**
   * Advances the board's clock by `microseconds`, from event to event. When it returns, the BPU has started everything
   * that is due, and hbDNNWaitTaskDone has returned everything that is due.
   *
   * @throws TypeError unless the board has clock=manual
   */
  advance(microseconds: number): void;
  /**
   * Blocks the JS thread until hbDNNWaitTaskDone has been called for this many tasks since the library was loaded.
   *
   * @returns false after `milliseconds` of real time
   */
  awaitTasks(tasks: number, milliseconds: number): boolean;
  /** The report that the emulator would write at unload now: JSON. */
  report(): string;
}

export interface EmulatorAddon {
  /** @throws TypeError when the library is not the emulated libdnn */
  openEmulator(library: string): NativeEmulator;
}
